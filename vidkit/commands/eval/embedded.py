"""Benchmarks and models that ship: what a command leaves out is filled in, and `pair:small` is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vidkit.config.eval_schema import DraftSettings, EvalSettings
from vidkit.errors import ConfigError, doc_page
from vidkit.evaluation.task import Task
from vidkit.serving.engine import Engine
from vidkit.utils.naming import did_you_mean

PREFIX = "pair:"
ENGINES = {"pair": "vidkit.agents.pair.engine:PairEngine"}  # read by `vidkit config eval`
_OPTIONS = ("folder", "keep")
_OTHERS = ("predictions", "compare", "model", "videos", "rescore", "make")


def is_embedded(spec: str) -> bool:
    """Whether a description names one of the embedded models."""
    return spec.startswith(PREFIX)


def filled_in(settings: EvalSettings, task: Task) -> EvalSettings:
    """The settings with the benchmark's own data, and its own models where none is named.

    `engine=direct` asks the small one.
    """
    data, models = task.functions.OWN_DATA, task.functions.OWN_MODELS
    if settings.data is None and data:
        settings = replace(settings, data=data)
    if not models or any(getattr(settings, name) for name in _OTHERS) or settings.server.base_url:
        return settings
    is_direct = settings.engine.value == "direct"
    settings = replace(settings, model=models["small" if is_direct else "large"])
    draft = settings.draft
    if settings.engine.value != "speculative" or draft.model is not None:
        return settings
    own = replace(draft, model=models["small"], k=_K if draft.k == DraftSettings.k else draft.k)
    if own.gate is None and (draft.kind, draft.threshold, draft.k) == _AS_IT_COMES:
        own = replace(own, gate=_gate_of(settings))
    if own.break_even is None:
        own = replace(own, break_even=_BREAK_EVEN)
    return replace(settings, draft=own)


def _gate_of(settings: EvalSettings) -> str | None:
    """The gate beside the weights: a threshold is of one model, so other weights have their own or none."""
    from vidkit.agents.pair.folder import WEIGHTS

    file = Path(str(settings.server.options.get("folder", WEIGHTS))) / "gate.json"
    return str(file) if file.is_file() else None


_K = 64
_BREAK_EVEN = 0.12  # a draft's arithmetic in first looks of the large model: the same on every machine
_AS_IT_COMES = (DraftSettings.kind, DraftSettings.threshold, DraftSettings.k)


def check_embedded(settings: EvalSettings, spec: str) -> None:
    """Refuse a model that does not ship.

    Raises:
        ConfigError: an unknown name, or options it has not.
    """
    from vidkit.agents.pair.folder import NAMES, WEIGHTS
    from vidkit.utils.device import resolve_device

    name = spec.removeprefix(PREFIX)
    if name not in NAMES:
        raise ConfigError(f"the pair has no model '{name}'", f"pair:{' or pair:'.join(NAMES)}")
    for option in settings.server.options:
        if option not in _OPTIONS:
            raise ConfigError(
                f"pair:{name} has no option '{option}'",
                f"{did_you_mean(option, _OPTIONS)}it has: {', '.join(_OPTIONS)}",
            )
    keep = settings.server.options.get("keep", 0)
    if isinstance(keep, bool) or not isinstance(keep, int) or keep < 0:
        raise ConfigError(f"server.options.keep must be a whole number >= 0, got {keep!r}")
    folder = Path(str(settings.server.options.get("folder", WEIGHTS)))
    if not (folder / f"{name}.safetensors").is_file():
        raise ConfigError(f"no weights of pair:{name} in '{folder}'", f"see {doc_page('agents.md')}")
    resolve_device(settings.server.device)


def open_embedded(settings: EvalSettings, spec: str) -> Engine:
    """An embedded model."""
    from vidkit.agents.pair.engine import PairEngine

    folder = settings.server.options.get("folder")
    size = settings.server.batch_size
    keep = settings.server.options.get("keep")
    return PairEngine(
        spec.removeprefix(PREFIX),
        None if folder is None else str(folder),
        settings.server.device,
        8 if size == 1 else size,
        **({"keep": keep} if isinstance(keep, int) else {}),
    )
