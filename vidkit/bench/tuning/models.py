"""Loaded models of a sweep, one a precision: as many at once as the device has room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidkit.bench.tuning.setting import Setting
from vidkit.config.tune_schema import Precision
from vidkit.generation.cost import estimate_cost
from vidkit.generation.resolve import ResolvedRun
from vidkit.generation.speed import SpeedRun

if TYPE_CHECKING:
    from vidkit.generation.load import LoadedModel

_ROOM = 0.8  # of the memory, for weights and one working set
_MANY = 100  # clips that compiling is weighed against: whoever tunes makes more than one


@dataclass
class Loaded:
    """A model with its kernels on."""

    model: LoadedModel
    speed: SpeedRun
    stack: ExitStack = field(default_factory=ExitStack)


class ModelPool:
    """Models by precision; the one that was used longest ago makes room.

    Args:
        tell: hears what is loaded.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._models: dict[Precision | None, Loaded] = {}
        self._most = 1
        self._warm: set[tuple[object, ...]] = set()  # kinds, the precision first
        self._is_cuda = False

    def close(self) -> None:
        """Give all up."""
        for name in list(self._models):
            self._drop(name)

    def holds_all(self, names: Sequence[Precision | None]) -> bool:
        """Whether models of all these precisions fit at once; one always does."""
        return len(set(names)) <= self._most

    def grouped(self, settings: Sequence[Setting]) -> list[Setting]:
        """The same settings with those of a model next to each other, the loaded one's first."""
        last = next(reversed(self._models), None)
        order = dict.fromkeys([last, *(one.precision for one in settings)])
        return [one for name in order for one in settings if one.precision == name]

    def is_cold(self, setting: Setting) -> bool:
        """Whether a setting is the first of its kind here, so that kernels and caches are still cold."""
        kind: tuple[object, ...] = (setting.precision,)
        if self._is_cuda:
            kind += (setting.attention, setting.cache and setting.cache[0])
        cold = kind not in self._warm
        self._warm.add(kind)
        return cold

    def get(self, name: Precision | None, run: ResolvedRun) -> Loaded:
        """The model of a precision, loaded if it is not there.

        Args:
            name: of the precision.
            run: a clip that is to be made with it.
        """
        if name in self._models:
            self._models[name] = self._models.pop(name)  # used last
            return self._models[name]
        from vidkit.generation.load import load_pipeline
        from vidkit.utils.device import device_memory

        options = run.options.load_options()
        cost = estimate_cost(
            run.spec,
            run.request,
            run.options.expected_dtype,
            run.options.expected_vae_dtype,
            with_encoders=not run.is_random,
        )
        self._is_cuda = options.device.type == "cuda"
        weights = max(1, sum(cost.weight_bytes.values()))
        room = _ROOM * device_memory(options.device) - cost.activation_bytes
        self._most = max(1, int(room // weights)) if options.offload == "none" else 1
        while len(self._models) >= self._most:
            self._drop(next(iter(self._models)))
        self._tell(f"loading {run.spec.name}" + (f" ({name.value})" if name else ""))
        speed = SpeedRun(run.settings.compile.value, run.settings.attention.backend.value)
        speed.check(options.device, options.dtype, options.offload)
        loaded = Loaded(load_pipeline(run.spec, run.folder, options), speed)
        loaded.stack.enter_context(speed.on(loaded.model, run.request, _MANY))
        self._models[name] = loaded
        return loaded

    def _drop(self, name: Precision | None) -> None:
        import gc

        self._models.pop(name).stack.close()
        self._warm = {kind for kind in self._warm if kind[0] != name}
        gc.collect()
        if self._is_cuda:
            import torch

            torch.cuda.empty_cache()
