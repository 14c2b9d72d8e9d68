"""Where a denoising loop stands: branch, step, and when a new trajectory begins."""

from __future__ import annotations

from dataclasses import dataclass, field

FALLBACK_BRANCHES = ("cond", "uncond")


@dataclass(frozen=True)
class Signature:
    """What identifies a step's timesteps, whatever their shape.

    Attributes:
        highest: largest timestep of the call.
        mean: mean timestep.
    """

    highest: float
    mean: float


@dataclass(frozen=True)
class Tick:
    """One forward call.

    Attributes:
        branch: name of the guidance branch.
        step: index of the denoising step.
        epoch: changes when masks of earlier calls no longer apply.
    """

    branch: str
    step: int
    epoch: int


@dataclass
class _Branch:
    step: int = 0
    epoch: int = 0
    last: Signature | None = None


@dataclass
class Clock:
    """Counts steps per branch; shared by the transformers of a pipeline, so a warm-up counts once.

    A timestep that rises begins a new trajectory (next video, next window): step and masks start again. A
    mean that rises under an unchanged maximum is a sliding window (block-autoregressive loops): masks are
    dropped, the step goes on.
    """

    branches: dict[str, _Branch] = field(default_factory=dict)
    _last: Signature | None = None
    _calls: int = 0
    _epochs: int = 0

    def tick(self, signature: Signature, branch: str | None = None, step: int | None = None) -> Tick:
        """Register a forward call.

        Args:
            signature: of its timesteps.
            branch: name the pipeline gave (`cache_context`); None: told by the order of calls with equal
                timesteps, first conditional, then unconditional.
            step: index the pipeline gave, None: counted here.
        """
        self._calls = self._calls + 1 if signature == self._last else 0
        self._last = signature
        name = branch if branch is not None else self._fallback()
        state = self.branches.setdefault(name, _Branch(epoch=self._next_epoch()))
        self._advance(state, signature)
        if step is not None:
            if step < state.step:
                state.epoch = self._next_epoch()
            state.step = step
        return Tick(name, state.step, state.epoch)

    def _advance(self, state: _Branch, signature: Signature) -> None:
        last, state.last = state.last, signature
        if last is None or signature == last:
            return
        tolerance = 1e-4 * max(1.0, abs(last.highest))
        if signature.highest > last.highest + tolerance:
            state.step, state.epoch = 0, self._next_epoch()
        else:
            if signature.mean > last.mean + tolerance:
                state.epoch = self._next_epoch()
            state.step += 1

    def _fallback(self) -> str:
        return FALLBACK_BRANCHES[self._calls] if self._calls < 2 else f"branch{self._calls}"

    def _next_epoch(self) -> int:
        self._epochs += 1
        return self._epochs

    def reset(self) -> None:
        """Forget everything: the generation is over."""
        self.branches.clear()
        self._last, self._calls = None, 0
