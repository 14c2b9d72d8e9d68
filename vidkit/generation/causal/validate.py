"""What a clip made chunk by chunk cannot be, refused before anything is loaded."""

from __future__ import annotations

from vidkit.errors import ConfigError
from vidkit.generation.causal.plan import scenes
from vidkit.generation.spec import FORCING, ModelSpec, Request

_FORCING = (*FORCING, "addnoise_condition", "base_frames")


def check_chunks(spec: ModelSpec, request: Request) -> None:
    """Refuse models and settings that chunks do not go with.

    Raises:
        ConfigError: names the setting and its value.
    """
    _check_model(spec)
    causal = request.causal
    for name in _FORCING:
        if getattr(request, name):
            raise ConfigError(
                f"{name} does not go with causal.chunk={causal.chunk}: chunks are made one after the other",
                f"leave {name} out, or set causal.chunk=0",
            )
    if request.sampler != "euler":
        raise ConfigError(
            f"sampler={request.sampler} does not go with causal.chunk={causal.chunk}: a chunk's few steps are"
            " plain ones",
            "set sampler=euler",
        )
    if request.guidance > 1 or request.negative_prompt:
        what = f"guidance={request.guidance:g}" if request.guidance > 1 else "a negative prompt"
        raise ConfigError(
            f"{what} does not go with causal.chunk={causal.chunk}: guidance is in the weights of few-step"
            " models",
            "set guidance=1, and leave negative_prompt out",
        )
    if request.has_video or request.has_last_image:
        what = "video" if request.has_video else "last_image"
        raise ConfigError(f"{what} does not go with causal.chunk={causal.chunk}", f"leave {what}= out")
    if causal.timesteps and len(causal.timesteps) != request.steps:
        raise ConfigError(
            f"steps={request.steps}, and causal.timesteps has {len(causal.timesteps)} values",
            f"set steps={len(causal.timesteps)}, or causal.timesteps=[] for equal parts",
        )
    if causal.window is not None and causal.window < causal.sink + causal.chunk:
        raise ConfigError(
            f"causal.window={causal.window} has no room for a sink of {causal.sink} latent frames and a chunk"
            f" of {causal.chunk}",
            f"set causal.window={causal.sink + causal.chunk} or more",
        )


def check_whole_chunks(spec: ModelSpec, request: Request) -> None:
    """Refuse lengths that are not whole chunks, and prompts at times that the clip does not have.

    Raises:
        ConfigError: with the nearest valid lengths.
    """
    size, latent = request.causal.chunk, spec.latent_frames(request.frames)
    if latent % size:
        near = [n for n in (latent - latent % size, latent - latent % size + size) if n]
        raise ConfigError(
            f"frames={request.frames} makes {latent} latent frames, which chunks of {size} do not divide",
            "nearest valid: " + " or ".join(f"frames={spec.pixel_frames(n)}" for n in near),
        )
    scenes(spec, request)


def _check_model(spec: ModelSpec) -> None:
    why = None
    if spec.is_magi:
        why = "MAGI-1 has chunks of its own (magi.window)"
    elif spec.needs_image:
        why = "image-to-video models take condition channels for the whole clip"
    elif spec.transformer_2:
        why = "it has two transformers"
    elif spec.expand_timesteps:
        why = "Wan2.2-TI2V was trained on whole clips"
    elif spec.patch[0] != 1:
        why = f"its tokens span {spec.patch[0]} latent frames"
    if why is not None:
        raise ConfigError(
            f"causal.chunk does not go with '{spec.name}': {why}",
            "use text-to-video weights of Wan2.1 that were trained causally, or a diffusion-forcing model",
        )
