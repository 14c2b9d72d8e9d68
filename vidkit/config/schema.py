"""Settings of every command as dataclasses with units. Imports nothing of ours and nothing heavy.

Hydra composes YAML from `configs/` onto these; the names are the same in YAML, on the command line and in code.
OmegaConf wants string enums (not Literal) and unfrozen classes; range checks live in `__post_init__`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Family(str, Enum):
    """Which diffusers pipelines a model runs on."""

    WAN = "wan"
    SKYREELS_DF = "skyreels_df"


class Weights(str, Enum):
    """Where the weights come from."""

    PRETRAINED = "pretrained"
    EMBEDDED = "embedded"
    RANDOM = "random"


class Dtype(str, Enum):
    AUTO = "auto"
    BF16 = "bf16"
    FP16 = "fp16"
    FP32 = "fp32"


class Offload(str, Enum):
    """What diffusers moves off the accelerator between uses."""

    NONE = "none"
    MODEL = "model"
    SEQUENTIAL = "sequential"
    GROUP = "group"


@dataclass
class ModelSettings:
    name: str = "maze"
    family: Family = Family.SKYREELS_DF
    path: str | None = None  # hub id or local diffusers folder
    revision: str | None = None
    weights: Weights = Weights.PRETRAINED
    transformer: dict[str, object] = field(default_factory=dict)  # constructor arguments (weights=random, dry run)
    vae: dict[str, object] = field(default_factory=dict)
    text_encoder: dict[str, object] = field(default_factory=dict)
    image_encoder: dict[str, object] = field(default_factory=dict)
    scheduler: str = "UniPCMultistepScheduler"
    vae_tiling: bool = False
    offload: Offload = Offload.NONE


@dataclass
class MazeSettings:
    """A first frame drawn from a fresh maze (`image=maze`)."""

    size: int = 5  # cells a side, 4..8
    seed: int | None = None  # None: fresh at every run, recorded
    skin: str | None = None  # None: drawn at random


@dataclass
class GenerateSettings:
    model: ModelSettings = field(default_factory=ModelSettings)
    maze: MazeSettings = field(default_factory=MazeSettings)
    prompt: str = ""
    negative_prompt: str | None = None
    image: str | None = None  # path of the first frame; "maze": drawn by vidkit; none: text to video
    output: str | None = None  # file or folder; none: outputs/<config>/<time>.mp4
    seed: int | None = None  # none: drawn and recorded
    device: str = "auto"
    dtype: Dtype = Dtype.AUTO
    height: int = 480  # pixels
    width: int = 832  # pixels
    frames: int = 81  # pixel frames
    fps: int = 16  # frames a second of the written video
    steps: int = 50
    guidance: float = 5.0
    shift: float = 5.0
    max_sequence_length: int = 512  # text tokens
    base_frames: int | None = None  # SkyReels: window the model sees, pixel frames
    overlap_frames: int | None = None  # SkyReels: pixel frames carried into the next window
    ar_step: int = 0  # SkyReels: 0 synchronous, > 0 block-autoregressive
    causal_block_size: int | None = None  # SkyReels: latent frames a block; none: bidirectional
    addnoise_condition: float = 0.0  # SkyReels: noise level of carried-over frames, 0..60
    dry_run: bool = False
    verbose: bool = False
