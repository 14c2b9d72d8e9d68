"""Clips of the embedded model on two processes, against the same clips on one.

Both call `main`, with RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT set as torchrun sets them.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from vidkit import caching
from vidkit.attention import enable
from vidkit.config.attention_schema import AttentionSettings
from vidkit.config.schema import Parallel
from vidkit.generation import LoadOptions, Request, embedded_folder, load_pipeline, read_spec
from vidkit.generation.parallel import on_ranks
from vidkit.generation.run import make_latents

BLOCKS = {"block_q": 48, "block_k": 48, "stride": 12}
CLUSTERS = {"query_clusters": 6, "key_clusters": 12}
SPARSE = {"tau": 0.6, "dense_steps": 1, "executor": "reference"}
CASES: dict[str, dict[str, Any]] = {
    "ulysses": {},
    "ring": {"how": Parallel.ring},
    "sparse": {"attention": {"predictor": "xattention", "reuse": "tmr", "delta": 11.0, **BLOCKS, **SPARSE}},
    "clusters": {
        "attention": {
            "predictor": "svg2",
            "query_clusters": 6,
            "key_clusters": 12,
            "reuse": "interval",
            **SPARSE,
        }
    },
    "shared-masks": {
        "guidance": 2.0,
        "attention": {"predictor": "xattention", "share_cfg_mask": True, **BLOCKS, **SPARSE},
    },
    "first-block-cache": {"cache": ("first_block", {"threshold": 5.0})},
    "interval-cache": {"cache": ("interval", {"every": 2, "warmup": 1})},
}


def made(model: Any, case: dict[str, Any], shared: bool) -> dict[str, Any]:
    """Latents of a clip, and what attention and cache did."""
    request = Request(
        "a red ball solves a light 4x4 maze, fast", height=96, width=96, frames=13, steps=3, fps=12, seed=3,
        guidance=case.get("guidance", 1.0), negative_prompt="slow", shift=4.0, max_sequence_length=20,
    )  # fmt: skip
    with ExitStack() as stack:
        attention = cache = None
        if "attention" in case:
            attention = stack.enter_context(enable(model.pipe, AttentionSettings(**case["attention"])))
        if "cache" in case:
            name, settings = case["cache"]
            policy = caching.policy(name, **settings)
            cache = stack.enter_context(caching.enable(model.pipe, policy))
        tokens: list[int] = []
        hook = model.pipe.transformer.blocks[1].register_forward_pre_hook(
            lambda block, args: tokens.append(args[0].shape[1])
        )
        stack.callback(hook.remove)
        if shared:
            stack.enter_context(on_ranks(model, case.get("how", Parallel.ulysses), attention, cache))
        latents = make_latents(model, request)
        report = {} if attention is None else attention.report()
        decisions = [] if cache is None else [row.kind for row in cache.ledger.rows()]
    return {"latents": latents, "report": report, "decisions": decisions, "tokens": sorted(set(tokens))}


def main(out: str, names: tuple[str, ...]) -> None:
    """Compare the named cases; the first process writes what was found."""
    dist.init_process_group("gloo")
    folder = embedded_folder()
    model = load_pipeline(read_spec(folder), folder, LoadOptions(torch.device("cpu"), torch.float32))
    before = [layer.attn1.processor for layer in model.pipe.transformer.blocks]
    found: dict[str, Any] = {}
    for name in names:
        case = CASES[name]
        alone, together = made(model, case, shared=False), made(model, case, shared=True)
        latents = together["latents"]
        everywhere = [torch.empty_like(latents) for _ in range(dist.get_world_size())]
        dist.all_gather(everywhere, latents.contiguous())
        kept = ("density", "sparse_density", "reuse_ratio", "predicted_heads", "shares")
        found[name] = {
            "error": float((latents - alone["latents"]).abs().max()),
            "scale": float(alone["latents"].std()),
            "same_on_all": all(torch.equal(other, latents) for other in everywhere),
            **{
                which: {key: run["report"].get(key) for key in kept}
                | {one: run[one] for one in ("decisions", "tokens")}
                for which, run in (("alone", alone), ("together", together))
            },
        }
    after = [layer.attn1.processor for layer in model.pipe.transformer.blocks]
    found["restored"] = all(a is b for a, b in zip(before, after, strict=True))
    if dist.get_rank() == 0:
        Path(out).write_text(json.dumps(found))
    dist.destroy_process_group()
