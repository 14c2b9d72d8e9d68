"""Cost of a clip made chunk by chunk, pass by pass. No torch."""

from __future__ import annotations

from dataclasses import replace

from vidkit.generation.causal.plan import chunk_plan, scenes
from vidkit.generation.cost_estimate import CostEstimate
from vidkit.generation.spec import ModelSpec, Request
from vidkit.models.transformer_cost import ForwardFlops, TransformerShape
from vidkit.utils.plain import byte_size, counted


def by_chunks(estimate: CostEstimate, spec: ModelSpec, request: Request, value_bytes: int) -> CostEstimate:
    """The same clip chunk by chunk.

    Args:
        estimate: of whole forwards; its weights and its VAE are those of this clip too.
        spec: shapes of the model.
        request: validated.
        value_bytes: of a key or value.
    """
    plan, passes = chunk_plan(spec, request), chunk_passes(spec, request)
    one_frame = spec.tokens(1, request.height, request.width)
    own = plan.chunk * one_frame
    attention = sum(one.self_attention + one.cross_attention for one in passes)
    total = sum(one.total for one in passes)
    kept = 2 * spec.layers * plan.window * one_frame * spec.dim * value_bytes
    t, h, w = spec.grid(spec.pixel_frames(plan.chunk), request.height, request.width)
    sink = min(plan.sink, plan.window)  # a clip may be shorter than the sink
    return replace(
        estimate,
        tokens=own,
        grid=(t, h, w),
        steps=plan.chunks * plan.steps,
        forwards=len(passes),
        attention_flops=attention,
        linear_flops=total - attention,
        self_attention_share=sum(one.self_attention for one in passes) / total,
        key_value_bytes=kept,
        schedule=f"{counted(plan.chunks, 'chunk')} of {counted(plan.steps, 'step')};"
        " the rest are passes without noise",
        kept=f"{byte_size(kept)} ({counted(plan.window, 'latent frame')}, {sink} of them the sink)",
    )


def chunk_passes(spec: ModelSpec, request: Request) -> list[ForwardFlops]:
    """FLOPs of every pass: N steps a chunk, one without noise, and what a new prompt makes again."""
    plan, shape = chunk_plan(spec, request), TransformerShape.of(spec.transformer)
    one_frame = spec.tokens(1, request.height, request.width)

    def flops(frames: int, seen: int) -> ForwardFlops:
        return shape.pass_flops(frames * one_frame, seen * one_frame, request.max_sequence_length, frames)

    found = []
    new_prompts = {scene.chunk for scene in scenes(spec, request)[1:]} if plan.refresh else set()
    for chunk in range(plan.chunks):
        if chunk in new_prompts:
            seen = 0
            for frames in map(len, plan.gone_over(chunk)):
                seen += frames
                found.append(flops(frames, seen))
        given = request.has_image and chunk == 0 and plan.chunk == 1
        count = (0 if given else plan.steps) + int(chunk + 1 < plan.chunks)
        found += [flops(plan.chunk, plan.seen(chunk))] * count
    return found
