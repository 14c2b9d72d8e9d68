"""The drift threshold delta of TMR, chosen offline so that a run reuses a given share of masks."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from vidkit.attention.drift import Anchors, Pooled
from vidkit.attention.reuse import Never, ReusePolicy
from vidkit.attention.temporal_mask_reuse import TemporalMaskReuse, TemporalMaskReuseConfig
from vidkit.errors import ConfigError


@dataclass
class TraceReuse(Never):
    """Never reuses, and writes down pooled Q and K of every sparse call; run one generation with it.

    Attributes:
        calls: by (transformer, branch, epoch, layer): (step, pooled) in order, on the CPU.
    """

    calls: dict[tuple[str, str, int, int], list[tuple[int, Pooled]]] = field(default_factory=dict)

    def observe(self, key: tuple[str, str, int, int], step: int, pooled: Pooled) -> None:
        """Called by the runtime for every layer."""
        self.calls.setdefault(key, []).append((step, Pooled(pooled.q.cpu(), pooled.k.cpu())))


def simulate_reuse(trace: TraceReuse, policy: ReusePolicy) -> float:
    """Share of head calls that would reuse their mask under a policy, first sparse steps included."""
    reused = total = 0
    for calls in trace.calls.values():
        step, pooled = calls[0]
        anchors = Anchors.at(pooled, step)
        total += pooled.q.shape[0] * pooled.q.shape[1] * len(calls)
        for step, pooled in calls[1:]:
            refresh = policy.decide(pooled, anchors, step)
            assert isinstance(refresh, Tensor)
            reused += int((~refresh).sum())
            anchors = anchors.moved(pooled, step, refresh)
    return reused / total if total else 0.0


def choose_delta(
    trace: TraceReuse,
    target_reuse: float = 0.7,
    gate: bool = True,
    gate_low: float = 0.4,
    gate_high: float = 0.8,
) -> tuple[float, float]:
    """Smallest delta whose simulated reuse reaches the target, and the reuse it gives.

    Raises:
        ConfigError: the target cannot be reached (the first sparse step always predicts), or nothing was
            traced.
    """
    if not trace.calls:
        raise ConfigError("no sparse call was traced", "run a generation with reuse traced and sparse steps")

    def reuse(delta: float) -> float:
        policy = TemporalMaskReuse(TemporalMaskReuseConfig(delta, gate, gate_low, gate_high))
        return simulate_reuse(trace, policy)

    most = reuse(float("inf"))
    if not 0 <= target_reuse <= most:
        raise ConfigError(
            f"a reuse of {target_reuse:.2f} cannot be reached, the most is {most:.2f}",
            "lower the target, or run more steps",
        )
    low, high = 0.0, 1.0
    while reuse(high) < target_reuse:
        low, high = high, high * 2
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if reuse(middle) >= target_reuse else (middle, high)
    return high, reuse(high)
