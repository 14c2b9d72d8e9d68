"""What a request costs, by arithmetic: tokens, FLOPs, parameters, memory. No torch.

The transformer's formula is in `vidkit.models.transformer_cost`, with all N tokens attending to all; where
clips are made block by block, with what each block sees (`vidkit.caching.flops`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vidkit.caching import flops
from vidkit.generation.causal.cost import by_chunks
from vidkit.generation.cost_estimate import BYTES
from vidkit.generation.cost_estimate import CostEstimate as CostEstimate
from vidkit.generation.magi.cost import estimate_magi_cost
from vidkit.generation.plan import pass_tokens, window_rows
from vidkit.generation.spec import ModelSpec, Request
from vidkit.models.transformer_cost import ForwardFlops, TransformerShape
from vidkit.models.vae_cost import vae_cost
from vidkit.utils.plain import counted


def estimate_cost(
    spec: ModelSpec,
    request: Request,
    dtype: str = "bf16",
    vae_dtype: str = "fp32",
    with_encoders: bool = True,
) -> CostEstimate:
    """Cost of one clip.

    Args:
        spec: shapes of the model.
        request: validated.
        dtype: of transformer and encoders: fp32, bf16 or fp16.
        vae_dtype: of the VAE.
        with_encoders: count the text and image encoders' weights (random weights have none).
    """
    if spec.is_magi:
        encoder = text_encoder_parameters(spec.text_encoder) if with_encoders else None
        return estimate_magi_cost(spec, request, dtype, vae_dtype, encoder)
    rows = window_rows(spec, request)
    grids = [spec.grid(spec.pixel_frames(window.frames), request.height, request.width) for window, _ in rows]
    sizes = [math.prod(grid) for grid in grids]
    flops = [
        forward_flops(spec, size, request.max_sequence_length, grid[0])
        for size, grid in zip(sizes, grids, strict=True)
    ]
    forwards = [count * request.branches for _, count in rows]
    longest = max(range(len(sizes)), key=sizes.__getitem__)
    whole = spec.needs_image or request.has_video
    encoded = spec.latent_frames(request.frames) if whole else int(request.has_image)
    vae = vae_cost(spec.vae, spec.latent_frames(request.frames), request.height, request.width, encoded)
    parameters = {"transformer": transformer_parameters(spec), "vae": vae.parameters}
    if spec.transformer_2:
        second = replace(spec, transformer=spec.transformer_2, transformer_2={})
        parameters["transformer_2"] = transformer_parameters(second)
    if with_encoders:
        parameters |= {"text_encoder": text_encoder_parameters(spec.text_encoder)}
        if spec.image_encoder:
            parameters |= {"image_encoder": image_encoder_parameters(spec.image_encoder)}
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
        f" {counted(request.branches, 'guidance branch', 'es')}",
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
        kept=f"about {held / 2**30:.2f} GiB",
        mode=report.mode.name,
        baselines=report.baselines,
    )


def forward_flops(spec: ModelSpec, tokens: int, text_tokens: int, latent_frames: int = 1) -> ForwardFlops:
    """FLOPs of one forward over all tokens.

    Args:
        spec: shapes.
        tokens: N.
        text_tokens: S, padding included: the pipelines pad to max_sequence_length and attend to all of it.
        latent_frames: diffusion forcing embeds one timestep a latent frame.
    """
    times = latent_frames if spec.family == "skyreels_df" else 1
    shape = TransformerShape.of(spec.transformer)
    return shape.pass_flops(tokens, tokens, text_tokens, times, spec.image_tokens)


def transformer_parameters(spec: ModelSpec) -> int:
    """Parameters of a Wan or SkyReels-V2 transformer, every norm and bias counted."""
    config = spec.transformer
    d, f = spec.dim, int(config["ffn_dim"])
    attention = 4 * (d * d + d) + 2 * d  # q, k, v, out; two RMS norms
    layer = 2 * attention + (d * f + f) + (f * d + d) + 6 * d
    if config.get("cross_attn_norm"):
        layer += 2 * d
    added = config.get("added_kv_proj_dim")
    if added:
        layer += 2 * (added * d + d) + d
    volume = math.prod(spec.patch)
    total = layer * spec.layers + int(config["in_channels"]) * volume * d + d  # patch embedding
    total += (int(config["freq_dim"]) * d + d) + (d * d + d) + (6 * d * d + 6 * d)  # time
    total += (int(config["text_dim"]) * d + d) + (d * d + d)  # text
    image = config.get("image_dim")
    if image:
        total += 2 * image + (image * image + image) + (image * d + d) + 2 * d
        if config.get("pos_embed_seq_len"):
            total += config["pos_embed_seq_len"] * image
    if config.get("inject_sample_info"):
        total += 2 * d + (d * d + d) + (6 * d * d + 6 * d)
    return int(
        total + d * int(config["out_channels"]) * volume + int(config["out_channels"]) * volume + 2 * d
    )


def text_encoder_parameters(config: Mapping[str, Any]) -> int:
    """Parameters of a UMT5 encoder: gated feed-forward, relative positions in every layer."""
    if not config:
        return 0
    d, inner = int(config["d_model"]), int(config["num_heads"]) * int(config["d_kv"])
    buckets = int(config.get("relative_attention_num_buckets", 32)) * int(config["num_heads"])
    layer = 4 * d * inner + 3 * d * int(config["d_ff"]) + 2 * d + buckets
    return int(config["vocab_size"]) * d + int(config["num_layers"]) * layer + d


def image_encoder_parameters(config: Mapping[str, Any]) -> int:
    """Parameters of a CLIP vision transformer."""
    d, f = int(config["hidden_size"]), int(config["intermediate_size"])
    patches = (int(config["image_size"]) // int(config["patch_size"])) ** 2
    layer = 4 * (d * d + d) + (d * f + f) + (f * d + d) + 4 * d
    return int(
        d
        + 3 * int(config["patch_size"]) ** 2 * d
        + (patches + 1) * d
        + int(config["num_hidden_layers"]) * layer
        + 4 * d
    )


def transformer_working_set(spec: ModelSpec, tokens: int, value_bytes: int) -> int:
    """Estimate of one layer's live tensors in inference, in bytes.

    Counted: residual stream, an fp32 copy for its norm, and
    either q, k, v with their rotated copies and the attention output, or the feed-forward's hidden values
    twice.
    """
    d, f = spec.dim, int(spec.transformer["ffn_dim"])
    inside = max(7 * d * value_bytes, 2 * f * value_bytes)
    per_token = d * value_bytes + 2 * d * 4 + inside
    if spec.family == "skyreels_df":
        per_token += 2 * 6 * d * 4  # modulation is one fp32 row per token, and its sum with the layer's table
    return tokens * per_token
