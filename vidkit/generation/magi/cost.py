"""Cost of a MAGI-1 clip, pass by pass of its schedule. No torch."""

from __future__ import annotations

import math

from vidkit.generation.cost_estimate import BYTES, CostEstimate
from vidkit.generation.magi.passes import row_passes
from vidkit.generation.plan import magi_rows
from vidkit.generation.spec import ModelSpec, Request
from vidkit.models.magi.cost import MagiShape, magi_vae_cost
from vidkit.models.magi.schedule import ChunkRow, levels, lowest_needed, reach
from vidkit.models.transformer_cost import ForwardFlops

NULL_TEXT = 50  # tokens of the null caption


def estimate_magi_cost(
    spec: ModelSpec, request: Request, dtype: str, vae_dtype: str, text_encoder: int | None
) -> CostEstimate:
    """Cost of one clip, weights resident.

    Args:
        spec: shapes of the model.
        request: validated.
        dtype: of transformer and text encoder.
        vae_dtype: of the autoencoder.
        text_encoder: its parameters; None: there is none.
    """
    rows, shape = magi_rows(spec, request), MagiShape.of(spec.transformer)
    t, h, w = spec.grid(spec.chunk_frames, request.height, request.width)
    chunk = t * h * w
    window = max(len(row.steps) for row in rows)
    passes = [one for row in rows for one in _passes(spec, request, shape, row, chunk)]
    encoded = spec.temporal_factor if request.has_image else 0
    vae = magi_vae_cost(spec.vae, request.frames, request.height, request.width, encoded, tiled=True)
    parameters = {"transformer": shape.parameters, "vae": vae.parameters}
    if text_encoder is not None:
        parameters["text_encoder"] = text_encoder
    sizes = {part: BYTES[vae_dtype if part == "vae" else dtype] for part in parameters}
    kept = _kept_chunks(request, rows)
    attention = sum(one.self_attention + one.cross_attention for one in passes)
    own = sum(one.self_attention for one in passes)
    total = sum(one.total for one in passes)
    working = max(
        _working_set(shape, window * chunk, BYTES[dtype]),
        vae.tile_tokens * int(spec.vae["embed_dim"]) * 8 * BYTES[vae_dtype],
    )
    return CostEstimate(
        tokens=window * chunk,
        grid=(window * t, h, w),
        steps=len(rows),
        forwards=len(passes),
        attention_flops=attention,
        linear_flops=total - attention,
        vae_flops=vae.encode_flops + vae.decode_flops,
        self_attention_share=own / total,
        parameters=parameters,
        weight_bytes={part: count * sizes[part] for part, count in parameters.items()},
        activation_bytes=int(working + request.frames * request.height * request.width * 3 * 8),
        key_value_bytes=kept * shape.key_value_bytes(chunk, BYTES[dtype]),
        schedule=f"passes of {_in_words(window)} at once or of single chunks, in {len(rows)} steps",
        kept=_kept_words(kept, shape, chunk, BYTES[dtype]),
    )


def _passes(
    spec: ModelSpec, request: Request, shape: MagiShape, row: ChunkRow, chunk: int
) -> list[ForwardFlops]:
    """FLOPs of every pass of a step."""
    options, steps = request.magi, request.steps
    at = levels(steps, request.shift, spec.is_distilled)
    plan = row_passes(row, at, request.guidance, spec.is_distilled, options)
    found = []
    history = sorted(_history(row, steps, request)) if not options.kv_cache else []
    for wanted, text in ((plan.text, request.max_sequence_length), (plan.history, NULL_TEXT)):
        if not wanted:
            continue
        parts = [
            shape.pass_flops(chunk, chunk * min(options.clean_kv_range, i + 1), NULL_TEXT) for i in history
        ]
        for one in row.steps:
            seen = min(reach(one.step, steps, options.kv_range) or one.chunk + 1, one.chunk + 1)
            parts.append(shape.pass_flops(chunk, chunk * seen, text))
        found.append(_sum(parts))
    alone = request.max_sequence_length if plan.alone_captioned else NULL_TEXT
    found += [shape.pass_flops(chunk, chunk, alone) for _ in plan.alone]
    if options.kv_cache and options.clean_refresh:
        found += [
            shape.pass_flops(chunk, chunk * min(options.clean_kv_range, i + 1), NULL_TEXT)
            for i in row.finished
        ]
    return found


def _history(row: ChunkRow, steps: int, request: Request) -> set[int]:
    """Finished chunks that the step sees."""
    ranges = [
        range(
            max(0, one.chunk - (reach(one.step, steps, request.magi.kv_range) or one.chunk + 1) + 1),
            one.chunk,
        )
        for one in row.steps
    ]
    return {chunk for found in ranges for chunk in found if chunk < row.steps[0].chunk}


def _kept_chunks(request: Request, rows: list[ChunkRow]) -> int:
    """The most finished chunks that are kept at a time."""
    if not request.magi.kv_cache:
        return 0
    needed = lowest_needed(rows, request.steps, request.magi.kv_range, request.magi.clean_kv_range)
    most = max(row.steps[0].chunk - lowest for row, lowest in zip(rows, needed, strict=True))
    return most if request.kv_budget is None else min(most, request.kv_budget)


def _kept_words(kept: int, shape: MagiShape, chunk: int, value_bytes: int) -> str:
    if not kept:
        return "none"
    size = kept * shape.key_value_bytes(chunk, value_bytes) / 2**30
    return f"{size:.2f} GiB ({kept} finished chunk{'s' if kept > 1 else ''} at the most)"


def _working_set(shape: MagiShape, tokens: int, value_bytes: int) -> int:
    """Estimate of one layer's live tensors in inference, in bytes."""
    d = shape.dim
    attention = (5 * d + 4 * shape.kv_dim) * value_bytes + 2 * d * 4
    up = (3 if shape.gated else 2) * shape.ffn_dim * value_bytes
    return tokens * (2 * d * value_bytes + max(attention, up) + d * 4)


def _in_words(window: int) -> str:
    return f"up to {window} chunks" if window > 1 else "a chunk"


def _sum(parts: list[ForwardFlops]) -> ForwardFlops:
    return ForwardFlops(
        math.fsum(one.self_attention for one in parts),
        math.fsum(one.cross_attention for one in parts),
        math.fsum(one.linear for one in parts),
    )
