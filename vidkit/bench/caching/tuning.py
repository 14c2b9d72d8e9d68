"""Settings of every row for a share of the FLOPs, found on clips of their own.

Each row gets the best of what its method offers there: every interval and warm-up that fits, every threshold
that meets the share, and for ours a search along one setting after the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vidkit.bench.caching.rankers import RANKERS
from vidkit.caching import CachePolicy, policy
from vidkit.caching.policies.change import ChangeConfig
from vidkit.caching.targeting import for_target, planned_share
from vidkit.config.bench_caching_schema import CacheMethod
from vidkit.errors import ConfigError

# how far above a target a row may lie: whole steps do not divide evenly
OVER = 0.012
NEAR = 0.06  # how far below, for intervals
LINES: dict[str, dict[str, tuple[Any, ...]]] = {
    "change": {"early": (6.0, 0.0, 3.0, 9.0, 12.0), "forecast": ("linear", "fitted", "hold")},
    "tokens": {
        "share": (0.1, 0.05, 0.2),
        "early": (6.0, 0.0, 12.0),
        "forecast": ("linear", "fitted", "hold"),
        "stride": (1, 2),
        "power": (1.0, 1.5),
    },
}
"""Settings of ours that are looked at, one after the other; the first value is where it starts."""

Score = Callable[[CachePolicy], tuple[float, float]]  # mean dB on the tuning clips, share of the FLOPs


@dataclass(frozen=True)
class Tuned:
    """Settings of one row.

    Attributes:
        method: of the row.
        target: share of the FLOPs that was asked for.
        settings: as the policy takes them.
        psnr: dB on the tuning clips.
        share: executed there.
        tried: settings that were compared.
    """

    method: str
    target: float
    settings: dict[str, Any]
    psnr: float
    share: float
    tried: int


def policy_of(method: str, settings: Mapping[str, Any]) -> CachePolicy:
    """A row's policy, fresh."""
    if method == CacheMethod.tokens.value:
        method = CacheMethod.change.value
    if method in RANKERS:
        return RANKERS[method](ChangeConfig(**settings))
    return policy(method, **settings)


class Tuner:
    """Finds settings.

    Args:
        steps: N.
        ends: share of a forward's FLOPs outside the layers.
        score: runs a policy on the tuning clips.
        table: gives the file of MagCache's magnitudes, made on the tuning clips.
        search: False: each method's defaults, set for the share alone.
    """

    def __init__(
        self, steps: int, ends: float, score: Score, table: Callable[[], str], search: bool = True
    ) -> None:
        self.steps, self.ends, self.score, self.table = steps, ends, score, table
        self.search = search
        self._ours: dict[tuple[str, float], Tuned] = {}

    def tuned(self, method: CacheMethod, target: float) -> Tuned | None:
        """The row's settings for a target; None: the method cannot go so low."""
        if method in (CacheMethod.change, CacheMethod.tokens):
            return self._change(method, target)
        if method.value in RANKERS:
            ours = self._change(CacheMethod.tokens, target)
            if ours is None:
                return None
            return Tuned(method.value, target, ours.settings, ours.psnr, ours.share, ours.tried)
        if method is CacheMethod.fewer_steps:
            count = max(1, int(target * self.steps + 1e-9))
            return Tuned(method.value, target, {"share": count / self.steps}, 0.0, count / self.steps, 1)
        if method in (CacheMethod.interval, CacheMethod.taylor):
            given = list(self._intervals(method, target))
            return self._best(method, target, given if self.search else given[:1])
        return self._threshold(method, target)

    def _intervals(self, method: CacheMethod, target: float) -> Iterator[dict[str, Any]]:
        """Every interval and warm-up that fits and comes near; held or along a line, of both values."""
        kinds: list[dict[str, Any]] = [{}]
        if method is CacheMethod.interval:
            kinds = [
                {"reuse": r, "forecast": f} for r in ("velocity", "residual") for f in ("linear", "hold")
            ]
            kinds.append({"reuse": "velocity", "forecast": "fitted"})
        fits: list[tuple[float, dict[str, Any]]] = []
        for every, warmup in itertools.product(range(1, self.steps), (1, 2, 3, 4, 6, 8)):
            settings = {"every": every, "warmup": warmup}
            share = planned_share(policy_of(method.value, settings), self.steps, self.ends)
            if share is not None and share <= target + OVER:
                fits.append((share, settings))
        fits.sort(key=lambda one: -one[0])
        near = [one for one in fits if one[0] >= target - NEAR]
        fits = near or fits[:1]
        seen: set[int] = set()
        for _, settings in fits:
            if settings["every"] in seen or len(seen) == 4:
                continue
            seen.add(settings["every"])
            yield from ({**settings, **kind} for kind in kinds)

    def _best(self, method: CacheMethod, target: float, given: list[dict[str, Any]]) -> Tuned | None:
        best: Tuned | None = None
        for settings in given:
            psnr, share = self.score(policy_of(method.value, settings))
            if best is None or psnr > best.psnr:
                best = Tuned(method.value, target, settings, psnr, share, len(given))
        return best

    def _threshold(self, method: CacheMethod, target: float) -> Tuned | None:
        given: dict[str, Any] = {}
        if method is CacheMethod.magcache:
            given = {"table": self.table(), "most_skipped": self.steps, "retention": 0.1}
        if method is CacheMethod.seacache:
            given = {"most_skipped": max(2, round(1.5 / target))}
        if method is CacheMethod.motioncache:
            given = {"phase1_updates": max(1, round(6 * self.steps / 50))}
        if method in (CacheMethod.motioncache, CacheMethod.flowcache):
            given["warmup"] = 4 if self.steps >= 40 else 2
        seen: dict[float, tuple[float, float]] = {}

        def make(**settings: Any) -> CachePolicy:
            return policy_of(method.value, settings)

        def measure(made: CachePolicy) -> float:
            key = float(made.cfg.threshold)  # type: ignore[union-attr]
            seen[key] = self.score(made)
            return seen[key][1]

        try:
            found = for_target(make, given, target, self.steps, measure, self.ends)
        except ConfigError:
            return None
        fitting = {key: one for key, one in seen.items() if one[1] <= target + OVER}
        key = max(fitting, key=lambda k: fitting[k][1]) if fitting else found.value
        psnr, share = seen[key]
        return Tuned(method.value, target, {**given, "threshold": key}, psnr, share, len(seen))

    def _change(self, method: CacheMethod, target: float) -> Tuned | None:
        """Ours: as many full steps as the target allows, other settings along one line after the other."""
        name, key = method.value, (method.value, target)
        if key in self._ours:
            return self._ours[key]
        settings = {name: values[0] for name, values in LINES[method.value].items()}
        best, tried = self._tried(name, settings, target), 1
        for line, values in LINES[name].items() if self.search else ():
            for value in values:
                if best is not None and best.settings.get(line) == value:
                    continue
                tried += 1
                given = settings if best is None else _own(best)
                other = self._tried(name, {**given, line: value}, target)
                if other is not None and (best is None or other.psnr > best.psnr):
                    best = other
        if best is None:
            return None
        self._ours[key] = Tuned(name, target, best.settings, best.psnr, best.share, tried)
        return self._ours[key]

    def _tried(self, name: str, settings: dict[str, Any], target: float) -> Tuned | None:
        def make(**given: Any) -> CachePolicy:
            return policy_of("change", given)

        try:
            found = for_target(make, settings, min(1.0, target + OVER), self.steps, lambda m: 1.0, self.ends)
        except ConfigError:
            return None
        whole = {**settings, found.knob: found.value}
        psnr, share = self.score(policy_of("change", whole))
        return Tuned(name, target, whole, psnr, share, 1)


def _own(tuned: Tuned) -> dict[str, Any]:
    """Settings without the full steps, whose number belongs to the target."""
    return {name: value for name, value in tuned.settings.items() if name != "full"}
