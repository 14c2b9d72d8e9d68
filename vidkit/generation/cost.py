"""What a request costs, by arithmetic: tokens, FLOPs, parameters, memory. No torch.

The transformer's formula is in `vidkit.models.transformer_cost`, with all N tokens attending to all; where
clips are made block by block, with what each block sees (`vidkit.caching.flops`).
"""

from __future__ import annotations

import math
from dataclasses import replace

from vidkit.caching import flops
from vidkit.generation.causal.cost import by_chunks
from vidkit.generation.cost_estimate import BYTES
from vidkit.generation.cost_estimate import CostEstimate as CostEstimate
from vidkit.generation.magi.cost import estimate_magi_cost
from vidkit.generation.plan import pass_tokens, window_rows
from vidkit.generation.spec import ModelSpec, Request
from vidkit.models.encoder_cost import connector_parameters, image_encoder_parameters
from vidkit.models.encoder_cost import text_encoder_parameters as text_encoder_parameters
from vidkit.models.layouts.base import Clip
from vidkit.models.transformer_cost import ForwardFlops, TransformerShape, wan_parameters
from vidkit.models.vae_cost import VaeCost, vae_cost
from vidkit.utils.plain import byte_size, counted


def estimate_cost(
    spec: ModelSpec,
    request: Request,
    dtype: str = "bf16",
    vae_dtype: str = "fp32",
    with_encoders: bool = True,
    vae_tiling: bool = False,
) -> CostEstimate:
    """Cost of one clip.

    Args:
        spec: shapes of the model.
        request: validated.
        dtype: of transformer and encoders: fp32, bf16 or fp16.
        vae_dtype: of the VAE.
        with_encoders: count the text and image encoders' weights (random weights have none).
        vae_tiling: decode in overlapping tiles.
    """
    if spec.is_magi:
        encoder = text_encoder_parameters(spec.text_encoder) if with_encoders else None
        return estimate_magi_cost(spec, request, dtype, vae_dtype, encoder)
    rows = window_rows(spec, request)
    grids = [spec.grid(spec.pixel_frames(window.frames), request.height, request.width) for window, _ in rows]
    sizes = [math.prod(grid) for grid in grids]
    seconds = request.frames / request.fps
    flops = [
        forward_flops(spec, size, request.max_sequence_length, grid[0], seconds)
        for size, grid in zip(sizes, grids, strict=True)
    ]
    forwards = [count * spec.passes(request.guidance) for _, count in rows]
    longest = max(range(len(sizes)), key=sizes.__getitem__)
    vae = clip_vae_cost(spec, request, vae_tiling)
    parameters = _parameters(spec, vae, with_encoders)
    value_bytes = {part: BYTES[vae_dtype if part == "vae" else dtype] for part in parameters}
    vae_peak = vae.decode_peak_values * BYTES[vae_dtype] * 4
    decoding = vae_peak + request.frames * request.height * request.width * 3 * 8
    estimate = CostEstimate(
        tokens=sizes[longest],
        grid=grids[longest],
        steps=sum(count for _, count in rows),
        forwards=sum(forwards),
        attention_flops=sum(
            n * (f.self_attention + f.cross_attention) for n, f in zip(forwards, flops, strict=True)
        ),
        linear_flops=sum(n * f.linear for n, f in zip(forwards, flops, strict=True)),
        vae_flops=vae.encode_flops + vae.decode_flops,
        self_attention_share=flops[longest].self_attention / flops[longest].total,
        parameters=parameters,
        weight_bytes={part: count * value_bytes[part] for part, count in parameters.items()},
        activation_bytes=int(
            max(
                transformer_working_set(spec, pass_tokens(spec, request)[0], BYTES[dtype]),
                vae_peak if request.by_chunks else decoding,
            )
        ),
        key_value_bytes=0,  # every step recomputes the window: nothing is kept between forwards
        schedule=f"{counted(sum(count for _, count in rows), 'step')} x"
        f" {counted(spec.passes(request.guidance), 'guidance branch', 'es')}",
    )
    if request.by_chunks:
        return by_chunks(estimate, spec, request, BYTES[dtype])
    return by_blocks(estimate, spec, request, BYTES[dtype]) if request.by_blocks else estimate


def by_blocks(estimate: CostEstimate, spec: ModelSpec, request: Request, value_bytes: int) -> CostEstimate:
    """The same clip where only some blocks pass the layers, or each sees only earlier ones.

    Args:
        estimate: of whole forwards.
        spec: shapes of the model.
        request: validated.
        value_bytes: of a key or value.
    """
    report = flops(spec, request, request.mode)
    attention = report.branches * sum(one.attention_flops for one in report.passes)
    held = 2 * spec.layers * estimate.tokens * spec.dim * value_bytes * report.branches
    return replace(
        estimate,
        attention_flops=attention,
        linear_flops=report.transformer - attention,
        key_value_bytes=held,
        kept=f"about {byte_size(held)}",
        mode=report.mode.name,
        baselines=report.baselines,
    )


def clip_vae_cost(spec: ModelSpec, request: Request, tiled: bool = False) -> VaeCost:
    """Cost of decoding a clip and of encoding what it is given; a control clip is encoded twice."""
    frames = spec.latent_frames(request.frames)
    if spec.takes_control:
        encoded = 2 * frames + request.references
    elif spec.needs_image or request.has_video:
        encoded = frames
    else:
        encoded = int(request.has_image)
    if spec.layout is None:
        return vae_cost(spec.vae, frames, request.height, request.width, encoded)
    return spec.layout.vae_cost(spec.vae, frames, request.height, request.width, encoded, tiled)


def _parameters(spec: ModelSpec, vae: VaeCost, with_encoders: bool) -> dict[str, int]:
    """Of every part."""
    found = {"transformer": transformer_parameters(spec), "vae": vae.parameters}
    if spec.transformer_2:
        second = replace(spec, transformer=spec.transformer_2, transformer_2={})
        found["transformer_2"] = transformer_parameters(second)
    if spec.parts.get("connectors"):
        found["connectors"] = connector_parameters(spec.parts["connectors"])
    if with_encoders:
        found["text_encoder"] = text_encoder_parameters(spec.text_encoder)
        if spec.parts.get("text_encoder_2"):
            found["text_encoder_2"] = text_encoder_parameters(spec.parts["text_encoder_2"])
        if spec.image_encoder:
            found["image_encoder"] = image_encoder_parameters(spec.image_encoder)
    return found


def forward_flops(
    spec: ModelSpec, tokens: int, text_tokens: int, latent_frames: int = 1, seconds: float = 0.0
) -> ForwardFlops:
    """FLOPs of one forward over all tokens.

    Args:
        spec: shapes.
        tokens: N.
        text_tokens: S, padding included: the pipelines pad to max_sequence_length and attend to all of it.
        latent_frames: diffusion forcing embeds one timestep a latent frame.
        seconds: that the clip plays, where sound goes with it.
    """
    if spec.layout is not None:
        return spec.layout.forward_flops(spec.transformer, Clip(tokens, text_tokens, seconds))
    times = latent_frames if spec.family == "skyreels_df" else 1
    shape = TransformerShape.of(spec.transformer)
    return shape.pass_flops(tokens, tokens, text_tokens, times, spec.image_tokens)


def transformer_parameters(spec: ModelSpec) -> int:
    """Parameters of a transformer, every norm and bias counted."""
    if spec.layout is not None:
        return spec.layout.transformer_parameters(spec.transformer)
    return wan_parameters(spec.transformer)


def transformer_working_set(spec: ModelSpec, tokens: int, value_bytes: int) -> int:
    """Estimate of one layer's live tensors in inference, in bytes.

    Counted: residual stream, an fp32 copy for its norm, and
    either q, k, v with their rotated copies and the attention output, or the feed-forward's hidden values
    twice.
    """
    d, f = spec.dim, spec.ffn_dim
    inside = max(7 * d * value_bytes, 2 * f * value_bytes)
    per_token = d * value_bytes + 2 * d * 4 + inside
    if spec.family == "skyreels_df":
        per_token += 2 * 6 * d * 4  # modulation is one fp32 row per token, and its sum with the layer's table
    return tokens * per_token
