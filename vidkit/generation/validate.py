"""Requests a model cannot serve, refused before anything is loaded."""

from __future__ import annotations

import dataclasses
import math

from vidkit.errors import ConfigError
from vidkit.generation.causal.validate import check_chunks, check_whole_chunks
from vidkit.generation.plan import magi_rows, window_rows, windows
from vidkit.generation.spec import FORCING, ModelSpec, Request


def check_request(spec: ModelSpec, request: Request) -> None:
    """Refuse sizes, lengths and schedules that do not fit the model.

    Raises:
        ConfigError: names the value, and the nearest valid ones as the hint.
    """
    check_given(spec, request)
    _check_size(spec, request)
    _check_sampler(spec, request)
    if request.by_chunks:
        check_chunks(spec, request)
        _check_frames(spec, request)
        check_whole_chunks(spec, request)
        _check_positions(spec, request)
        return
    if request.causal.prompts:
        raise ConfigError(
            f"causal.prompts is for models that make a clip chunk by chunk, and '{spec.name}' is not one",
            "leave it out, or use --config causal_wan1_3b_480p",
        )
    if spec.is_magi:
        _check_no_forcing(spec, dataclasses.replace(request, kv_budget=None))
        _check_magi(spec, request)
        return
    _check_frames(spec, request)
    if spec.family == "skyreels_df":
        _check_blocks(spec, request)
        window_rows(spec, request)  # refuses windows without overlap
    else:
        _check_no_forcing(spec, request)
    _check_positions(spec, request)


def size_multiple(spec: ModelSpec) -> int:
    """Height and width must be multiples of this many pixels."""
    own = spec.spatial_factor * math.lcm(spec.patch[1], spec.patch[2])
    # the stock Wan pipelines also ask for 16, whatever the VAE
    return math.lcm(own, 16) if spec.family in ("wan", "wan_vace") else own


def nearest_multiples(value: int, step: int, offset: int = 0) -> list[int]:
    """The valid values next to `value` on the grid offset + k*step, k >= 1 (k >= 0 if there is an offset)."""
    lowest = offset or step
    below = (value - offset) // step * step + offset
    return [near for near in (below, below + step) if near >= lowest] or [lowest]


def check_given(spec: ModelSpec, request: Request) -> None:
    """Refuse images, clips and masks that a model does not take, whatever they hold.

    Raises:
        ConfigError: names the setting.
    """
    if spec.needs_image and not request.has_image:
        raise ConfigError(
            f"'{spec.name}' is an image-to-video model and no first frame was given", "add image=PATH"
        )
    if request.has_image and not spec.takes_image:
        raise ConfigError(
            f"'{spec.name}' is a text-to-video model and takes no first frame",
            "leave image= out, or use --config wan14b_i2v_720p",
        )
    if request.has_last_image and not (spec.takes_last_image and request.has_image):
        what = "takes no last frame" if not spec.takes_last_image else "needs a first frame for a last one"
        raise ConfigError(
            f"'{spec.name}' {what}",
            "leave last_image= out, or use --config wan2_2_a14b_i2v_720p with image= and last_image=",
        )
    if request.has_video and (not spec.takes_video or request.has_image or request.has_last_image):
        what = "takes no clip to start from" if not spec.takes_video else "takes a clip or an image, not both"
        raise ConfigError(f"'{spec.name}' {what}", "leave video= out, or use --config wan1_3b_480p")
    _check_control(spec, request)
    if request.guidance_2 is not None and not spec.transformer_2:
        raise ConfigError(
            f"guidance_2 is for models of two transformers, and '{spec.name}' has one", "leave it out"
        )


def _check_control(spec: ModelSpec, request: Request) -> None:
    """Mask and reference images are for models with control blocks."""
    given = [name for name in ("has_mask", "references") if getattr(request, name)]
    if given and not spec.takes_control:
        name = {"has_mask": "mask", "references": "reference"}[given[0]]
        raise ConfigError(
            f"{name} is for models that follow a control clip, and '{spec.name}' is not one",
            f"leave {name} out, or use --config wan_vace_1_3b_480p",
        )
    if request.has_mask and not request.has_video:
        raise ConfigError("mask needs the clip that it masks, but video is not set", "add video=PATH")


def _check_sampler(spec: ModelSpec, request: Request) -> None:
    """Each family has its own solvers, and not every schedule can be shifted."""
    offered = ("unipc", "dpmpp", "euler") if spec.layout is None else spec.layout.samplers
    if request.sampler not in offered:
        raise ConfigError(
            f"sampler={request.sampler} does not fit '{spec.name}'", f"choose from: {', '.join(offered)}"
        )
    if spec.layout is not None and not spec.layout.takes_shift and request.shift != 1:
        raise ConfigError(
            f"shift={request.shift:g} does not fit '{spec.name}': its noise schedule has no such setting",
            "set shift=1",
        )


def _check_size(spec: ModelSpec, request: Request) -> None:
    step = size_multiple(spec)
    wrong = [name for name in ("height", "width") if getattr(request, name) % step]
    if not wrong:
        return
    values = ", ".join(f"{name}={getattr(request, name)}" for name in wrong)
    raise ConfigError(
        f"{values} does not fit '{spec.name}': sizes must be multiples of {step}",
        "nearest valid: "
        + "; ".join(_options(name, nearest_multiples(getattr(request, name), step)) for name in wrong),
    )


def _check_frames(spec: ModelSpec, request: Request) -> None:
    step = spec.temporal_factor * spec.patch[0]
    if spec.layout is not None:
        step = spec.layout.frame_step(spec.transformer, spec.vae)
    if (request.frames - 1) % step:
        raise ConfigError(
            f"frames={request.frames} does not fit '{spec.name}': it must be {step}k+1",
            "nearest valid: " + _options("frames", nearest_multiples(request.frames, step, 1)),
        )


def _check_magi(spec: ModelSpec, request: Request) -> None:
    chunk = spec.chunk_frames
    if request.frames % chunk:
        raise ConfigError(
            f"frames={request.frames} does not fit '{spec.name}': it must be whole chunks of {chunk} frames",
            "nearest valid: " + _options("frames", nearest_multiples(request.frames, chunk)),
        )
    if request.sampler != "euler":
        raise ConfigError(
            f"sampler={request.sampler} does not fit '{spec.name}': every chunk takes plain Euler steps",
            "set sampler=euler",
        )
    if request.negative_prompt:
        raise ConfigError(
            f"'{spec.name}' takes no negative prompt: it is guided away from a learned null caption",
            "leave negative_prompt out",
        )
    if spec.is_distilled and request.guidance > 1:
        raise ConfigError(
            f"guidance={request.guidance:g} does not fit '{spec.name}': guidance is in its weights",
            "set guidance=1",
        )
    if request.kv_budget is not None and (request.magi.kv_range or not request.magi.kv_cache):
        raise ConfigError(
            f"kv_budget={request.kv_budget} needs magi.kv_range=[] and magi.kv_cache=true: a range is a bound"
            " of its own",
            "set magi.kv_range=[] or leave kv_budget out",
        )
    if request.has_image and spec.latent_frames(chunk) < 2:
        raise ConfigError(f"chunks of '{spec.name}' hold no more than a first frame", "leave image= out")
    magi_rows(spec, request)  # refuses steps that the window does not divide


def _check_blocks(spec: ModelSpec, request: Request) -> None:
    if request.ar_step and request.causal_block_size is None:
        raise ConfigError(
            f"ar_step={request.ar_step} needs blocks, but causal_block_size is not set",
            "set causal_block_size=5 (or another divisor of the latent frames)",
        )
    if request.causal_attention and request.causal_block_size is None:
        raise ConfigError(
            "causal_attention=true needs causal_block_size", "set causal_block_size, for example to 5"
        )
    _check_execution(request)
    if request.causal_block_size is not None and request.causal_block_size < 1:
        raise ConfigError(
            f"causal_block_size must be >= 1, got {request.causal_block_size}", "e.g. causal_block_size=5"
        )
    for name in ("base_frames", "overlap_frames"):
        value = getattr(request, name)
        if value is not None and (value < 1 or (value - 1) % spec.temporal_factor):
            step = spec.temporal_factor
            raise ConfigError(
                f"{name}={value} does not fit '{spec.name}': it must be {step}k+1",
                "nearest valid: " + _options(name, nearest_multiples(value, step, 1)),
            )
    if not (request.ar_step or request.by_blocks):
        return
    for window in windows(spec, request):
        if window.frames % request.block_size:
            raise ConfigError(
                f"frames={request.frames} leaves a window of {window.frames} latent frames, which"
                f" causal_block_size={request.block_size} does not divide",
                "nearest valid: " + _options("frames", _whole_block_frames(spec, request)),
            )


def _check_execution(request: Request) -> None:
    """Switches of execution that need each other."""
    if request.active_only and request.causal_block_size is None:
        raise ConfigError(
            "active_only=true needs causal_block_size", "set causal_block_size, for example to 5"
        )
    if request.clean_refresh and not request.active_only:
        raise ConfigError(
            "clean_refresh=true needs active_only=true",
            "without it, finished blocks are computed at every step anyway",
        )
    if request.kv_budget is not None and not (request.active_only and request.causal_attention):
        raise ConfigError(
            f"kv_budget={request.kv_budget} needs active_only=true and causal_attention=true",
            "otherwise finished blocks are computed again, or see each other",
        )


def _whole_block_frames(spec: ModelSpec, request: Request) -> list[int]:
    """Frame counts around the asked one whose windows are all whole blocks."""
    size, latent = request.block_size, spec.latent_frames(request.frames)
    below = [n for n in range(latent - 1, 0, -1) if n % size == 0][:1]
    above = [latent + size - latent % size]
    return [spec.pixel_frames(n) for n in (*below, *above)]


def _check_no_forcing(spec: ModelSpec, request: Request) -> None:
    given = [name for name in FORCING if getattr(request, name)]
    if given:
        raise ConfigError(
            f"{given[0]} is for diffusion-forcing models, and '{spec.name}' is not one",
            "leave it out, or use --config skyreels_df_1_3b_540p",
        )


def _check_positions(spec: ModelSpec, request: Request) -> None:
    if "rope_max_seq_len" not in spec.transformer:
        return
    limit = int(spec.transformer["rope_max_seq_len"])
    frames = max(window.frames for window in windows(spec, request))
    grid = spec.grid(spec.pixel_frames(frames), request.height, request.width)
    for name, length in zip(("frames", "height", "width"), grid, strict=True):
        if length > limit and not (name == "frames" and request.by_chunks):  # tables go on without end
            value = getattr(request, name)
            raise ConfigError(
                f"{name}={value} is too large for '{spec.name}': {length} positions of {limit}",
                f"make {name} smaller" + (" or set base_frames" if name == "frames" else ""),
            )


def _options(name: str, values: list[int]) -> str:
    return " or ".join(f"{name}={value}" for value in values)
