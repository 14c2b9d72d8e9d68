"""Readers of weights by name and of what runs keep in folders, with good files to begin from."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scripts.foreign_records import text
from scripts.fuzz_readers import Reader


def kept_readers() -> list[Reader]:
    """All of them."""
    return [*_weights(), *_tables(), *_results()]


class _Transformer:
    """Stands for a transformer of two tensors."""

    def __init__(self) -> None:
        import torch

        self.own = {
            "blocks.0.attn1.to_q.weight": torch.zeros(2, 2),
            "blocks.0.attn1.to_q.bias": torch.zeros(2),
        }

    def state_dict(self) -> dict[str, Any]:
        return self.own


def _weights() -> Iterator[Reader]:
    import torch
    from safetensors.torch import save

    from vidkit.bench.vbench.features import _layer
    from vidkit.generation.checkpoint import fill_transformer

    own = {"blocks.0.self_attn.q.weight": torch.zeros(2, 2), "blocks.0.self_attn.q.bias": torch.zeros(2)}
    trained = {"generator_ema": {f"model._fsdp_wrapped_module.{name}": value for name, value in own.items()}}
    transformer = _Transformer()
    yield Reader(
        "checkpoint pt",
        "c.pt",
        (_saved(trained), _saved(own), _saved({"generator": own, "step": 3})),
        lambda path: fill_transformer(transformer, path),
    )
    yield Reader(
        "checkpoint safetensors",
        "c.safetensors",
        (save(own), save(transformer.own)),
        lambda path: fill_transformer(transformer, path),
    )
    layer = {"weight": torch.zeros(1, 8), "bias": torch.zeros(1)}
    yield Reader("layer pt", "l.pth", (_saved(layer),), _layer)
    yield Reader("layer safetensors", "l.safetensors", (save(layer),), _layer)


def _saved(value: Any) -> bytes:
    import torch

    made = io.BytesIO()
    torch.save(value, made)
    return made.getvalue()


def _tables() -> Iterator[Reader]:
    from vidkit.agents.pair.column_store import _read
    from vidkit.caching.velocity_table import load_velocities

    rows = [[1.0, 0.5, 0.2], [0.5, 1.0, 0.5], [0.2, 0.5, 1.0]]
    table = {"velocities": {"levels": [1.0, 0.5, 0.1], "products": rows}}
    yield Reader("velocities", "v.json", (text(table),), lambda path: load_velocities.__wrapped__(str(path)))
    made = io.BytesIO()
    np.savez(made, p=np.zeros(4, np.float32), is_right=np.ones(4, bool))
    packed = io.BytesIO()
    np.savez_compressed(packed, p=np.zeros(4, np.float32))
    yield Reader("columns of models", "c.npz", (made.getvalue(), packed.getvalue()), _read)


def _results() -> Iterator[Reader]:
    from vidkit.evaluation.tasks.vr_bench.comparing import compared_results

    def attempt(level: int, success: float) -> dict[str, Any]:
        part = {"success": success, "precision": 0.5, "step": 0.4, "exact_match": success}
        return {
            "level": f"maze/1/easy/easy_{level:04d}", "type": "maze", "difficulty": "easy", "sample": 1,
            "robust": part, "official": part, "skin": "1",
        }  # fmt: skip

    result = {"benchmark": "vr-bench", "model": "m", "items": [attempt(n, n % 2) for n in range(8)]}
    other = {"benchmark": "vr-bench", "model": "n", "items": [attempt(n, 1.0) for n in range(8)]}
    yield Reader(
        "results to compare",
        "a.json",
        (text(result),),
        lambda path: compared_results([str(path), str(path.parent / "b.json")]),
        {"b.json": text(other)},
    )
    from vidkit.generation.causal.plan import prompt_of

    def later(path: Path) -> object:
        return [prompt_of(line) for line in path.read_text("utf-8", "replace").splitlines()]

    yield Reader("later prompts", "p.txt", (b"5s: a cat looks up\n80: it jumps\n",), later)
