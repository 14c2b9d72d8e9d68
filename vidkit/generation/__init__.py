"""Video diffusion pipelines: loading, denoising, decoding, and the record of a run.

    from vidkit.generation import LoadOptions, ModelSpec, Request, generate, load_pipeline

Names are imported on first use: cost estimates and checks run without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkit.generation.load import LoadedModel, LoadOptions, load_pipeline
    from vidkit.generation.record import RunRecord, StepRecord
    from vidkit.generation.run import Generation, generate
    from vidkit.generation.spec import ModelSpec, Request

__all__ = [
    "Generation",
    "LoadOptions",
    "LoadedModel",
    "ModelSpec",
    "Request",
    "RunRecord",
    "StepRecord",
    "generate",
    "load_pipeline",
]

_HOMES = {
    "Generation": "run",
    "LoadOptions": "load",
    "LoadedModel": "load",
    "ModelSpec": "spec",
    "Request": "spec",
    "RunRecord": "record",
    "StepRecord": "record",
    "generate": "run",
    "load_pipeline": "load",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
