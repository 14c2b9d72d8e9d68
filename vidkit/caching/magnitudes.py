"""Calibrated magnitudes of a model's residuals along the noise level: what MagCache knows beforehand."""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from vidkit.caching.context import BlockContext, Outcome, RunContext
from vidkit.caching.decision import FULL, Decision
from vidkit.caching.policies.base import CachePolicy
from vidkit.caching.velocity_table import VelocityTable
from vidkit.errors import DataError
from vidkit.utils.files import write_text_atomic
from vidkit.utils.sealing import sealed
from vidkit.utils.strict_json import load_json

FORMAT = "vidkit-cache-magnitudes-1"


@dataclass(frozen=True)
class Curve:
    """Of one guidance branch: log magnitude (0 at the first) at falling noise levels."""

    levels: tuple[float, ...]
    log_magnitude: tuple[float, ...]

    def at(self, level: float) -> float:
        """Log magnitude, along straight lines between the calibrated levels, flat beyond them."""
        rising = self.levels[::-1]
        values = self.log_magnitude[::-1]
        place = bisect_left(rising, level)
        if place == 0:
            return values[0]
        if place == len(rising):
            return values[-1]
        share = (level - rising[place - 1]) / max(rising[place] - rising[place - 1], 1e-12)
        return values[place - 1] + share * (values[place] - values[place - 1])

    def ratio(self, now: float, before: float) -> float:
        """How many times larger residuals are at one level than at another."""
        return math.exp(self.at(now) - self.at(before))


@dataclass(frozen=True)
class Magnitudes:
    """A calibrated table.

    Attributes:
        model: name of the model it was made on.
        steps: of the calibration's sampler; levels between them are interpolated.
        clips: that were averaged.
        curves: by guidance branch.
        velocities: of the same clips, for `cache=change`; None: not measured.
        weights: fingerprint of the transformer; None: random, or not known.
    """

    model: str
    steps: int
    clips: int
    curves: Mapping[str, Curve]
    velocities: VelocityTable | None = None
    weights: str | None = None

    def curve(self, branch: str) -> Curve:
        """Of a branch; of the first one where that is not there."""
        return self.curves.get(branch) or next(iter(self.curves.values()))

    def save(self, path: Path) -> None:
        """Write atomically, as JSON."""
        plain: dict[str, Any] = {"format": FORMAT, "model": self.model, "steps": self.steps}
        plain |= {"clips": self.clips, "curves": {name: asdict(curve) for name, curve in self.curves.items()}}
        plain["weights"] = self.weights
        if self.velocities is not None:
            plain["velocities"] = self.velocities.plain
        write_text_atomic(path, json.dumps(sealed(plain)) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Magnitudes:
        """Read what `save` wrote.

        Raises:
            DataError: missing, or not such a table.
        """
        try:
            plain = load_json(Path(path).read_text(encoding="utf-8"), str(path))
            if plain["format"] != FORMAT:
                raise ValueError(f"format {plain['format']!r}")
            curves = {
                name: Curve(tuple(map(float, c["levels"])), tuple(map(float, c["log_magnitude"])))
                for name, c in plain["curves"].items()
            }
            if not curves or any(
                len(c.levels) < 2 or len(c.levels) != len(c.log_magnitude) for c in curves.values()
            ):
                raise ValueError("a curve needs two levels and a magnitude for each")
            kept = VelocityTable.of(plain["velocities"]) if "velocities" in plain else None
            weights = None if plain.get("weights") is None else str(plain["weights"])
            return cls(str(plain["model"]), int(plain["steps"]), int(plain["clips"]), curves, kept, weights)
        except OSError as error:
            raise DataError(f"no magnitudes at {path}", "make them: vidkit calibrate cache") from error
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise DataError(
                f"'{path}' is not a table of magnitudes: {error}", "make one: vidkit calibrate cache"
            ) from error


class MagnitudeProbe(CachePolicy):
    """Computes everything and measures mean over tokens of |r_n| / |r_{n-1}| of each branch."""

    name = "magnitudes"

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[str, Tensor] = {}
        self.levels: dict[str, list[float]] = {}
        self.ratios: dict[str, list[list[float]]] = {}
        self._clip = -1
        self._last: BlockContext | None = None

    def begin(self, run: RunContext) -> None:
        self._before.clear()
        self._clip += 1

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        return FULL

    def first_branch(self) -> BlockContext | None:
        """Where the forward in progress stands; None: of another branch than the first."""
        last = self._last
        return last if last is not None and last.branch == next(iter(self.levels)) else None

    def observe(self, ctx: BlockContext, outcome: Outcome) -> None:
        self._last = ctx
        norms = outcome.value.float().norm(dim=-1)[:, ctx.live(outcome.value.device)]
        rows = self.ratios.setdefault(ctx.branch, [])
        if len(rows) <= self._clip:
            rows.append([])
            self.levels[ctx.branch] = []
        before = self._before.get(ctx.branch)
        rows[-1].append(1.0 if before is None else float((norms / before.clamp_min(1e-12)).mean()))
        self.levels[ctx.branch].append(ctx.level)
        self._before[ctx.branch] = norms

    def end(self) -> None:
        self._before.clear()

    def table(self, model: str, velocities: VelocityTable | None = None) -> Magnitudes:
        """What was measured, mean of the clips."""
        curves = {}
        for branch, rows in self.ratios.items():
            logs = [sum(math.log(row[n]) for row in rows) / len(rows) for n in range(len(rows[0]))]
            sums = tuple(sum(logs[: n + 1]) for n in range(len(logs)))
            curves[branch] = Curve(tuple(self.levels[branch]), sums)
        steps = len(next(iter(curves.values())).levels)
        return Magnitudes(model, steps, self._clip + 1, curves, velocities)
