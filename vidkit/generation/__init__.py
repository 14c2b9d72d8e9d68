"""Video diffusion pipelines: loading, denoising, decoding, and the record of a run.

    import torch
    from vidkit.generation import LoadOptions, Request, embedded_folder, generate, load_pipeline, read_spec

    folder = embedded_folder()
    model = load_pipeline(read_spec(folder), folder, LoadOptions(torch.device("cpu"), torch.float32))
    request = Request("a red ball", height=96, width=96, frames=61, steps=10, guidance=1.0, shift=4.0)
    made = generate(model, request)  # made.frames: uint8 [T, H, W, 3]; made.record: seconds, memory, seed

Names are imported on first use: cost estimates and checks run without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkit.generation.folder import embedded_folder, read_spec
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
    "embedded_folder",
    "generate",
    "load_pipeline",
    "read_spec",
]

_HOMES = {
    "Generation": "run",
    "LoadOptions": "load",
    "LoadedModel": "load",
    "ModelSpec": "spec",
    "Request": "spec",
    "RunRecord": "record",
    "StepRecord": "record",
    "embedded_folder": "folder",
    "generate": "run",
    "load_pipeline": "load",
    "read_spec": "folder",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
