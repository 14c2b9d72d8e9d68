"""Settings of every command as dataclasses with units. Imports only other schemas, and nothing heavy.

Hydra composes YAML from `configs/` onto these; the names are the same in YAML, on the command line and in
code. OmegaConf wants string enums (not Literal) and unfrozen classes, and matches enums by member name: hence
members are spelled as their values. Range checks live in `__post_init__` and raise `ValueError`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vidkit.config.attention_schema import AttentionSettings
from vidkit.config.cache_schema import CacheSettings
from vidkit.config.causal_schema import CausalSettings
from vidkit.config.magi_schema import MagiSettings


class Family(StrEnum):
    """Which pipeline a model runs on."""

    wan = "wan"
    skyreels_df = "skyreels_df"
    magi = "magi"
    wan_vace = "wan_vace"
    hunyuan_video15 = "hunyuan_video15"
    ltx2 = "ltx2"
    cogvideox = "cogvideox"


class Weights(StrEnum):
    """Where the weights come from."""

    pretrained = "pretrained"  # hub id or local diffusers folder in `model.path`
    embedded = "embedded"  # the small model inside the package
    random = "random"  # same shapes, seeded random values: speed without a download


class Dtype(StrEnum):
    auto = "auto"  # bf16 on CUDA, fp32 on the CPU
    bf16 = "bf16"
    fp16 = "fp16"
    fp32 = "fp32"


class Offload(StrEnum):
    """What diffusers moves off the accelerator between uses."""

    none = "none"
    model = "model"
    sequential = "sequential"
    group = "group"


class Quantize(StrEnum):
    """Linear layers of the transformer's blocks in 8 bits (needs torchao)."""

    none = "none"
    fp8 = "fp8"  # Ada, Hopper and later
    int8 = "int8"  # Ampere and later


class Compile(StrEnum):
    """What torch compiles before the first step."""

    auto = "auto"  # blocks on a GPU, where the steps to come save more than compiling takes
    blocks = "blocks"  # the transformer's blocks: one graph for all of a kind
    off = "off"


class Parallel(StrEnum):
    """How the processes that torchrun starts on one host share a clip."""

    none = "none"
    ulysses = "ulysses"  # each has some tokens, and in attention some heads for all tokens
    ring = "ring"  # each has some tokens, whose queries see the keys and values of all


class Sampler(StrEnum):
    """Solvers: of flow matching, and for CogVideoX those of its noise schedule."""

    unipc = "unipc"
    dpmpp = "dpmpp"
    euler = "euler"
    ddim = "ddim"  # CogVideoX


class Resize(StrEnum):
    """How a first frame of another aspect ratio is brought to height x width."""

    auto = "auto"  # centre crop when the ratios differ by at most 5 %, else refuse
    crop = "crop"
    pad = "pad"
    stretch = "stretch"


class MazeSpeed(StrEnum):
    """How fast the ball rolls."""

    fast = "fast"  # 3/8 cell per frame
    slow = "slow"  # 3/16 cell per frame


@dataclass
class ModelSettings:
    name: str = "maze"
    family: Family = Family.skyreels_df
    path: str | None = None  # hub id or local diffusers folder
    revision: str | None = None  # hub branch, tag or commit
    checkpoint: str | None = (
        None  # Wan: weights of the transformer as authors publish them; a file, or OWNER/NAME:FILE on the hub
    )
    variant: str | None = None  # MAGI-1: folder of the weights within ckpt/magi of what was published
    weights: Weights = Weights.pretrained
    weights_seed: int = 0  # of weights=random
    # constructor arguments of each part: weights=random, --dry-run and validation need no download
    transformer: dict[str, Any] = field(default_factory=dict)
    vae: dict[str, Any] = field(default_factory=dict)
    transformer_2: dict[str, Any] = field(default_factory=dict)  # Wan2.2: that of low noise; empty: none
    boundary_ratio: float | None = None  # Wan2.2: noise level from which on the first transformer denoises
    expand_timesteps: bool = False  # Wan2.2-TI2V: a timestep for each token
    text_encoder: dict[str, Any] = field(default_factory=dict)
    image_encoder: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)  # further ones by name, such as LTX-2's connectors
    vae_dtype: Dtype = Dtype.auto  # auto: fp32 for Wan, as upstream recommends; else dtype
    vae_tiling: bool = False  # decode in overlapping tiles: less memory, slightly more work
    vae_slicing: bool = False  # decode one clip of a batch at a time
    offload: Offload = Offload.none
    quantize: Quantize = Quantize.none


@dataclass
class MazeSettings:
    """A first frame drawn from a fresh maze (`image=maze`)."""

    size: int = 5  # cells per side, 4..8
    seed: int | None = None  # none: fresh at every run, recorded
    skin: str | None = None  # none: drawn at random
    ball: str | None = None  # colour; none: drawn at random
    speed: MazeSpeed = MazeSpeed.fast  # word of the default prompt

    def __post_init__(self) -> None:
        _between("maze.size", self.size, 4, 8)


@dataclass
class GenerateSettings:
    model: ModelSettings = field(default_factory=ModelSettings)
    maze: MazeSettings = field(default_factory=MazeSettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    magi: MagiSettings = field(default_factory=MagiSettings)
    causal: CausalSettings = field(default_factory=CausalSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    prompt: str = ""
    prompts: str | None = None  # file of many clips, .jsonl or .txt, a line each; output is then a folder
    num_videos: int = 1  # of a prompt, each with a seed of its own
    negative_prompt: str | None = None  # @FILE: the text in a file
    lora: str | None = None  # .safetensors files as PATH or PATH:SCALE, several with commas between them
    image: str | None = None  # path of the first frame; "maze": drawn by vidkit; none: text to video
    last_image: str | None = None  # path of the last frame, for models that take one
    video: str | None = None  # clip to start from, or Wan VACE's control clip; frames are taken at `fps`
    mask: str | None = None  # Wan VACE: clip or image that is white where the video is generated
    reference: str | None = None  # Wan VACE: images of what is to be seen, several with commas between them
    control_scale: float = 1.0  # Wan VACE: weight of what its control blocks add; 0: nothing
    strength: float = 0.8  # of video: share of the steps that it is denoised anew, (0, 1]
    resize: Resize = Resize.auto
    sound: bool = True  # LTX-2: write the sound that it makes into the video; false: leave it out
    output: str | None = None  # .mp4 file or folder; none: outputs/<model>-<time>.mp4
    crf: int = 16  # H.264 quality, 0 lossless .. 51 worst
    contact_sheet: bool = True  # PNG of numbered frames beside the video
    force: bool = False  # overwrite output files that vidkit did not write; inputs are always kept
    seed: int | None = None  # none: drawn and recorded
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dtype: Dtype = Dtype.auto
    compile: Compile = Compile.auto
    parallel: Parallel = Parallel.none
    height: int = 480  # pixels
    width: int = 832  # pixels
    frames: int = 81  # pixel frames
    fps: int = 16  # frames per second of the written video
    sampler: Sampler = Sampler.unipc
    steps: int = 50
    guidance: float = 5.0  # 1 or less: no guidance, one forward per step
    guidance_2: float | None = None  # Wan2.2: of the second transformer; none: guidance
    shift: float = 5.0  # timestep shift of flow matching
    max_sequence_length: int = 512  # text tokens the prompt is padded to
    base_frames: int | None = None  # SkyReels: window the model sees, pixel frames; none: the whole clip
    overlap_frames: int | None = None  # SkyReels: pixel frames carried into the next window
    ar_step: int = 0  # SkyReels: steps by which a block lags behind the one before; 0: all frames together
    causal_block_size: int | None = None  # SkyReels: latent frames a block of the schedule
    causal_attention: bool = (
        False  # SkyReels: a block sees only itself and earlier blocks; needs weights trained so
    )
    active_only: bool = False  # SkyReels: a step computes only the blocks it changes; keys of others are kept
    clean_refresh: bool = (
        False  # SkyReels, active_only: a finished block is computed once more, without noise
    )
    kv_budget: int | None = None  # SkyReels, active_only; MAGI-1: keep keys worth so many finished blocks
    exact_corrector: bool = False  # SkyReels, unipc: correct the sample before the step; false: as published
    addnoise_condition: float = 0.0  # SkyReels: noise level of carried-over frames, 0..60 of 1000
    stats: bool = False  # print where the time went
    dry_run: bool = False
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("height", "width", "frames", "fps", "steps", "max_sequence_length", "num_videos"):
            _at_least(name, getattr(self, name), 1)
        _between("crf", self.crf, 0, 51)
        _at_least("ar_step", self.ar_step, 0)
        if self.kv_budget is not None:
            _at_least("kv_budget", self.kv_budget, 1)
        _between("addnoise_condition", self.addnoise_condition, 0, 60)
        for name in ("shift", "guidance"):  # of nan no comparison below would be true
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be a finite number, got {getattr(self, name)}")
        if self.shift <= 0:
            raise ValueError(f"shift must be > 0, got {self.shift}")
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength must be in (0, 1], got {self.strength}")
        if not 0 <= self.control_scale <= 10:
            raise ValueError(f"control_scale must be in 0..10, got {self.control_scale}")
        if self.guidance < 0:
            raise ValueError(f"guidance must be >= 0, got {self.guidance}")


def _at_least(name: str, value: float, low: float) -> None:
    if value < low:
        raise ValueError(f"{name} must be >= {low}, got {value}")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be in {low}..{high}, got {value}")
