"""Settings of sparse attention (`attention=...`). Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Any, TypeVar

T = TypeVar("T", bound=StrEnum)


class Predictor(StrEnum):
    """Who decides which key blocks a query block reads."""

    DENSE = "dense"
    XATTENTION = "xattention"
    SVG2 = "svg2"
    SVG1 = "svg1"
    POOLED_MEAN = "pooled_mean"
    EXACT_MASS = "exact_mass"


class Reuse(StrEnum):
    """When a head's mask is recomputed."""

    NEVER = "never"
    INTERVAL = "interval"
    FREEZE = "freeze"
    TMR = "tmr"
    TMR_RELATIVE = "tmr_relative"
    TMR_AUTO = "tmr_auto"


class ExecutorName(StrEnum):
    """Who computes attention over the kept blocks."""

    AUTO = "auto"
    FA4 = "fa4"
    TRITON = "triton"
    FLEX = "flex"
    GATHER = "gather"
    REFERENCE = "reference"
    MASKED = "masked"
    INT8 = "int8"
    FP8 = "fp8"


class Backend(StrEnum):
    """Library of dense attention, and of the dense part of sparse runs."""

    AUTO = "auto"  # the quickest exact one, measured on the device once for a shape and remembered
    FA4 = "fa4"  # FlashAttention-4: Hopper and later
    CUDNN = "cudnn"
    FLASH = "flash"  # torch's FlashAttention-2
    SAGE = "sage"  # SageAttention: Q and K in 8 bits, so not exact; only if asked for
    INT8 = "int8"  # vidkit's own: Q and K in INT8, P and V in FP8, likewise
    FP8 = "fp8"  # vidkit's own: all in FP8, likewise
    NATIVE = "native"  # what torch and diffusers choose


class Keep(StrEnum):
    """Blocks kept whatever the scores say."""

    FIRST_FRAME = "first_frame"
    SINK = "sink"
    DIAG = "diag"


@dataclass(init=False)
class AttentionSettings:
    """How attention is computed; settings of predictor and reuse policy stand beside these.

    They are given like the others (`stride=16`), so that one config may serve several predictors: those of
    another method than the chosen one are kept and not used.
    """

    # who decides which key blocks a query block reads
    predictor: str = field(default="dense", metadata={"method": "predictor", "also": {"dense": ""}})
    tau: float = 0.9  # share of estimated attention mass kept, (0, 1]; 1 is dense
    table: str | None = None  # calibrated thresholds per head, over tau; auto: the model's own, if one ships
    always_keep: list[Keep] = field(default_factory=list)  # blocks kept whatever the scores say
    cluster_block: int | None = None  # svg2: tokens of an executed block; none: block_q and block_k
    # when a head's mask is recomputed; tmr_auto: drift as the table says
    reuse: str = field(default="never", metadata={"method": "reuse", "also": {"tmr_auto": "tmr"}})
    pre_rope: bool = False  # tmr: measure drift before rotary embedding
    share_cfg_mask: bool = False  # predict on the conditional branch only, reuse for the unconditional
    dense_steps: int = 0  # first steps of a generation that stay dense
    dense_layers: int = 0  # first layers that stay dense
    min_tokens: int = 0  # shorter sequences stay dense
    # who computes attention over the kept blocks; auto: the fastest that can
    executor: str = field(default="auto", metadata={"method": "executor", "also": {"auto": ""}})
    compensate: bool = False  # blocks that a mask leaves out take part with their mean key and value
    backend: Backend = Backend.AUTO  # library of dense attention, and of the dense part of sparse runs
    seed: int = 0  # random starts of k-means and svg1's sample
    settings: dict[str, object] = field(
        default_factory=dict, metadata={"settings_of": ("predictor", "reuse"), "shared": True}
    )

    def __init__(self, predictor: str = "dense", **values: Any) -> None:
        own = {one.name: one for one in fields(self)}
        given = {"predictor": predictor, **values}
        for name, one in own.items():
            default = one.default_factory() if one.default_factory is not MISSING else one.default
            setattr(self, name, given.pop(name, default))
        self.settings = {**self.settings, **given}
        self.__post_init__()

    def __getattr__(self, name: str) -> Any:
        """A setting of a method as an attribute, if it was given."""
        try:
            return self.__dict__["settings"][name]
        except KeyError:
            raise AttributeError(f"attention has no setting '{name}', or it was not given") from None

    def __post_init__(self) -> None:
        """Names to choices, for settings made in code; range checks that need no model."""
        self.predictor = _named(Predictor, self.predictor)
        self.reuse = _named(Reuse, self.reuse)
        self.executor = _named(ExecutorName, self.executor, "executor")
        self.backend = _choice(Backend, self.backend)
        self.always_keep = [_choice(Keep, rule) for rule in self.always_keep]
        if not 0 < self.tau <= 1:
            raise ValueError(f"tau must be in (0, 1], got {self.tau}")
        for name in ("dense_steps", "dense_layers", "min_tokens"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")


def _named(kind: type[T], value: str, what: str = "") -> str:
    """A method of ours, or the name of one from elsewhere: `FILE.py:Class`, or an installed package's."""
    if ".py:" in value:
        return value
    try:
        return _choice(kind, value)
    except ValueError:
        named = f"{what or kind.__name__.lower()}.{value}"
        if any(point.name == named for point in entry_points(group="vidkit.plugins")):
            return value
        raise


def _choice(kind: type[T], value: str) -> T:
    """`pooled-mean` and `pooled_mean` are one name."""
    try:
        return kind(value.replace("-", "_"))
    except ValueError:
        choices = ", ".join(kind)
        raise ValueError(f"unknown {kind.__name__.lower()} '{value}', choose from: {choices}") from None
