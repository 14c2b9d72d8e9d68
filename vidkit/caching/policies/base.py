"""What a cache policy is: `begin`, `decide`, `observe`, `end`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from torch import Tensor

from vidkit.caching.context import BlockContext, Outcome, RunContext
from vidkit.caching.decision import Decision, Kind


class ReusedValue(StrEnum):
    """What stands for a token that is not computed."""

    RESIDUAL = "residual"  # what the layers added to its hidden state, added to the present one
    VELOCITY = "velocity"  # the model's output, to be multiplied by the present step's length

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ValueError(f"reuse must be velocity or residual, got {value}")


class Forecast(StrEnum):
    """How a stored value is carried to the present noise level."""

    HOLD = "hold"
    LINEAR = "linear"  # along the line through its last two computed values, in the noise level
    FITTED = "fitted"  # along that line as far as the token's own past says that it holds

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ValueError(f"forecast must be hold, linear or fitted, got {value}")


class CachePolicy:
    """Decides, for each block at each step, what is computed; derive from it and write `decide`.

    Whoever runs the model keeps the values and carries the decision out: a block without a stored value is
    computed whatever was decided. State of a policy is kept by `ctx.key`, never by order of calls.

    Attributes:
        name: what it is called on the command line.
        config: dataclass of its settings, an instance of which `__init__` takes.
        reuse: what stands for tokens that are not computed.
        forecast: how that is carried to the present step.
        forecast_weight: share of the step along the line that is taken; 0 is HOLD.
        changes_steps: it changes the sampler's schedule, which only the loop can (`loop_steps`).
        partial: it may return TOKENS: keys and values of every layer are then kept.
    """

    name: str = ""
    config: ClassVar[type[Any] | None] = None
    reuse: ReusedValue = ReusedValue.RESIDUAL
    forecast: Forecast = Forecast.HOLD
    forecast_weight: float = 1.0
    changes_steps: bool = False
    partial: bool = False

    def __init__(self, *settings: Any) -> None:
        self.cfg = settings[0] if settings else None

    def loop_steps(self, steps: int) -> int:
        """Sampler steps that the loop should run where N were asked for."""
        return steps

    def begin(self, run: RunContext) -> None:
        """A clip or window begins; whatever is known of earlier ones goes."""

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        """What to compute; called once for each branch and active block at each step.

        Args:
            ctx: where the run stands.
            signals: what may be looked at, see `vidkit.caching.context.Signals`.
        """
        raise NotImplementedError

    def scheduled(self, ctx: BlockContext) -> Kind:
        """What kind of decision a step has, for policies that know it without looking at the content."""
        raise NotImplementedError

    def observe(self, ctx: BlockContext, outcome: Outcome) -> None:
        """What came of it; called after every decision that computed something, and after SKIP."""

    def end(self) -> None:
        """The clip is made: give up every tensor."""

    def report(self) -> dict[str, Any]:
        """What the policy itself has to say of the run, for its record."""
        return {}

    def tensors(self) -> list[Tensor]:
        """Every tensor that is kept, for memory accounting."""
        return []

    def describe(self) -> dict[str, Any]:
        """Name and settings, for records."""
        settings = dataclasses.asdict(self.cfg) if dataclasses.is_dataclass(self.cfg) else {}  # type: ignore[arg-type]
        return {"name": self.name, **settings}
