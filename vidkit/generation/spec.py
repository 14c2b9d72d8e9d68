"""What is generated and by which model: plain values, no torch.

Everything here is known before a weight is loaded, from a config or from the JSON files of a diffusers
folder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vidkit.config.causal_schema import CausalSettings
from vidkit.config.magi_schema import MagiSettings
from vidkit.errors import ModelError
from vidkit.models.block_runs import BlockAttention, ForcingMode
from vidkit.models.layouts import Layout, layout_of
from vidkit.models.magi import cost as magi_cost
from vidkit.models.vae_cost import VAE_DEFAULTS
from vidkit.utils.strict_json import load_json

RANDOM_LABEL = "random weights"
TRANSFORMER_DEFAULTS: Mapping[str, Any] = {"patch_size": [1, 2, 2], "freq_dim": 256, "rope_max_seq_len": 1024}


@dataclass(frozen=True)
class ModelSpec:
    """Shapes of one text/image-to-video model: constructor arguments of its parts, diffusers' names."""

    name: str
    family: str  # "wan", "skyreels_df", "magi", or one of `vidkit.models.layouts`
    transformer: Mapping[str, Any]
    vae: Mapping[str, Any]
    text_encoder: Mapping[str, Any] = field(default_factory=dict)
    image_encoder: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None  # of a published MAGI-1 checkpoint
    transformer_2: Mapping[str, Any] = field(default_factory=dict)  # Wan2.2: for low noise; empty: none
    boundary_ratio: float | None = None  # of the noise level, from which on `transformer` denoises
    expand_timesteps: bool = False  # Wan2.2-TI2V: a timestep for each token
    parts: Mapping[str, Any] = field(default_factory=dict)  # further ones by name: connectors, audio_vae

    def __post_init__(self) -> None:
        transformer, vae = TRANSFORMER_DEFAULTS, VAE_DEFAULTS
        if self.is_magi:
            transformer, vae = magi_cost.TRANSFORMER_DEFAULTS, magi_cost.VAE_DEFAULTS
        elif self.layout is not None:
            transformer, vae = self.layout.transformer_defaults, self.layout.vae_defaults
        object.__setattr__(self, "transformer", {**transformer, **self.transformer})
        if self.transformer_2:
            object.__setattr__(self, "transformer_2", {**transformer, **self.transformer_2})
        object.__setattr__(self, "vae", {**vae, **self.vae})

    @property
    def layout(self) -> Layout | None:
        """What the shapes mean, of families that run on diffusers' own pipelines; None: Wan and MAGI-1."""
        return layout_of(self.family)

    @property
    def is_magi(self) -> bool:
        """Chunks of whole patches of frames, instead of a first frame and patches."""
        return self.family == "magi"

    @property
    def is_distilled(self) -> bool:
        """Guidance is in the weights."""
        return bool(self.transformer.get("distilled"))

    @property
    def chunk_frames(self) -> int:
        """Pixel frames of a chunk of MAGI-1."""
        return int(self.transformer["chunk_frames"]) * self.temporal_factor

    @property
    def heads(self) -> int:
        return int(self.transformer["num_attention_heads"])

    @property
    def dim(self) -> int:
        return self.heads * int(self.transformer["attention_head_dim"])

    @property
    def layers(self) -> int:
        return int(self.transformer["num_layers"])

    @property
    def attention_layers(self) -> int:
        """Layers of self-attention, those of control blocks included."""
        return self.layers if self.layout is None else self.layout.attention_layers(self.transformer)

    @property
    def patch(self) -> tuple[int, int, int]:
        if self.layout is not None:
            return self.layout.patch(self.transformer)
        t, h, w = self.transformer["patch_size"]
        return int(t), int(h), int(w)

    @property
    def temporal_factor(self) -> int:
        """Pixel frames a latent frame, from the layers themselves."""
        if self.layout is not None:
            return self.layout.temporal_factor(self.vae)
        if self.is_magi:
            return int(self.vae["patch_length"])
        return int(2 ** sum(bool(down) for down in self.vae["temperal_downsample"]))

    @property
    def spatial_factor(self) -> int:
        """Pixels a latent cell, from the layers themselves."""
        if self.layout is not None:
            return self.layout.spatial_factor(self.vae)
        if self.is_magi:
            return int(self.vae["patch_size"])
        return int(2 ** (len(self.vae["dim_mult"]) - 1) * (self.vae["patch_size"] or 1))

    @property
    def needs_image(self) -> bool:
        """Wan's image-to-video transformers take condition channels beside the noisy latents."""
        return self.family == "wan" and int(self.transformer["in_channels"]) != int(self.vae["z_dim"])

    @property
    def takes_image(self) -> bool:
        other = self.takes_control or self.family in ("skyreels_df", "magi")
        return self.needs_image or self.expand_timesteps or other

    @property
    def takes_last_image(self) -> bool:
        """Wan VACE, Wan's image-to-video models without CLIP, and those with positions for two images."""
        if self.takes_control:
            return True
        return self.needs_image and (
            not self.transformer.get("image_dim") or bool(self.transformer.get("pos_embed_seq_len"))
        )

    @property
    def takes_video(self) -> bool:
        """Text-to-video models of one transformer, which can begin from a noised clip; and Wan VACE."""
        if self.takes_control:
            return True
        alone = not self.transformer_2 and not self.expand_timesteps
        return self.family == "wan" and not self.needs_image and alone

    @property
    def takes_control(self) -> bool:
        """Models that follow a control clip, a mask and reference images."""
        return self.layout is not None and self.layout.takes_control

    @property
    def ffn_dim(self) -> int:
        """Hidden width of the feed-forward layers."""
        return (
            int(self.transformer["ffn_dim"]) if self.layout is None else self.layout.ffn_dim(self.transformer)
        )

    def passes(self, guidance: float) -> int:
        """Samples that a step passes through the transformer."""
        if self.layout is not None:
            return self.layout.passes(self.transformer, guidance)
        return 2 if guidance > 1 else 1

    @property
    def image_tokens(self) -> int:
        """Tokens of Wan's image branch: CLIP patches and the class token; 0 without one."""
        if not self.transformer.get("image_dim"):
            return 0
        encoder = {"image_size": 224, "patch_size": 14, **self.image_encoder}
        return int(encoder["image_size"] // encoder["patch_size"]) ** 2 + 1

    def latent_frames(self, frames: int) -> int:
        if self.is_magi:
            return frames // self.temporal_factor
        return (frames - 1) // self.temporal_factor + 1

    def pixel_frames(self, latent_frames: int) -> int:
        if self.is_magi:
            return latent_frames * self.temporal_factor
        return (latent_frames - 1) * self.temporal_factor + 1

    def grid(self, frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Token grid (time, rows, columns) of a clip."""
        t, h, w = self.patch
        factor, latent = self.spatial_factor, self.latent_frames(frames)
        if self.layout is not None:
            depth = self.layout.token_frames(self.transformer, latent)
            return depth, height // (factor * h), width // (factor * w)
        return latent // t, height // (factor * h), width // (factor * w)

    def tokens(self, frames: int, height: int, width: int) -> int:
        return math.prod(self.grid(frames, height, width))


FORCING = (  # of a request, what diffusion-forcing models alone know
    "ar_step",
    "causal_block_size",
    "causal_attention",
    "active_only",
    "clean_refresh",
    "kv_budget",
    "exact_corrector",
)


@dataclass(frozen=True)
class Request:
    """One clip to make."""

    prompt: str = ""
    negative_prompt: str | None = None
    height: int = 480  # pixels
    width: int = 832  # pixels
    frames: int = 81  # pixel frames
    fps: int = 16
    steps: int = 50
    guidance: float = 5.0
    guidance_2: float | None = None  # below the boundary of Wan2.2; None: guidance
    shift: float = 5.0
    sampler: str = "unipc"
    seed: int = 0
    max_sequence_length: int = 512
    has_image: bool = False
    has_last_image: bool = False
    has_video: bool = False
    has_mask: bool = False
    references: int = 0  # images that stand before the clip, a latent frame each
    sound: bool = True  # of models that make one: it is decoded as well
    control_scale: float = 1.0  # of what Wan VACE's control blocks add
    strength: float = 0.8  # share of the steps that a given clip is denoised anew
    base_frames: int | None = None  # pixel frames
    overlap_frames: int | None = None  # pixel frames
    ar_step: int = 0
    causal_block_size: int | None = None  # latent frames
    causal_attention: bool = False
    active_only: bool = False
    clean_refresh: bool = False
    kv_budget: int | None = None  # blocks
    exact_corrector: bool = False
    addnoise_condition: float = 0.0
    magi: MagiSettings = field(default_factory=MagiSettings)
    causal: CausalSettings = field(default_factory=CausalSettings)

    @property
    def branches(self) -> int:
        """Forwards a step: conditional, and unconditional if guided."""
        return 2 if self.guidance > 1 else 1

    @property
    def by_chunks(self) -> bool:
        """Chunk after chunk is made to its end, as by few-step causal models."""
        return self.causal.chunk > 0

    @property
    def block_size(self) -> int:
        return self.causal_block_size or 1

    @property
    def mode(self) -> ForcingMode:
        """How the blocks of a diffusion-forcing clip are executed."""
        attention = BlockAttention.block_causal if self.causal_attention else BlockAttention.bidirectional
        return ForcingMode(attention, self.active_only, self.clean_refresh)

    @property
    def by_blocks(self) -> bool:
        """Blocks pass the layers one by one or some of them; otherwise a window passes as a whole."""
        return self.causal_attention or self.active_only


def spec_from_folder(spec: ModelSpec, folder: Path) -> ModelSpec:
    """Replace the shapes of `spec` by those in a local diffusers folder.

    Raises:
        ModelError: a config.json is missing or no JSON; the message names the file.
    """

    def config(part: str) -> dict[str, Any]:
        return read_json(folder / part / "config.json") if (folder / part).is_dir() else {}

    index = read_json(folder / "model_index.json") if (folder / "model_index.json").is_file() else {}
    boundary = index.get("boundary_ratio")
    return replace(
        spec,
        transformer_2=config("transformer_2"),
        boundary_ratio=None if boundary is None else float(boundary),
        expand_timesteps=bool(index.get("expand_timesteps")),
        transformer=read_json(folder / "transformer" / "config.json"),
        vae=read_json(folder / "vae" / "config.json"),
        text_encoder=config("text_encoder"),
        image_encoder=config("image_encoder"),
        parts={name: config(name) for name in spec.parts},
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a model folder.

    Raises:
        ModelError: missing or damaged; the message names the file.
    """
    try:
        value = load_json(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError as error:
        raise ModelError(
            f"the model folder lacks '{path}'",
            "pass a whole diffusers folder as model.path=, or copy it again",
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read '{path}' as JSON", "copy the model folder again") from error
    if not isinstance(value, dict):
        raise ModelError(f"'{path}' does not hold a JSON object", "copy the model folder again")
    return value
