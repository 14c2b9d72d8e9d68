"""Settings of `vidkit select-frames`. Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Sample(StrEnum):
    """How candidates are chosen."""

    times = "times"  # the frame on display at each multiple of 1/fps
    authors = "authors"  # every int(rate / fps)th frame, which drifts


class ShortVideo(StrEnum):
    """What happens when a video gives fewer candidates than k."""

    densify = "densify"
    keep = "keep"


class Pad(StrEnum):
    none = "none"
    repeat = "repeat"  # the last frame again, for models that want exactly k


class RelNorm(StrEnum):
    """How relevance is scaled before it is weighed against similarity."""

    auto = "auto"
    none = "none"
    minmax = "minmax"
    rank = "rank"
    sigmoid_z = "sigmoid-z"


class Nan(StrEnum):
    reject = "reject"
    impute = "impute"


class Reader(StrEnum):
    auto = "auto"
    pyav = "pyav"
    ordered = "ordered"
    decord = "decord"


class FrameFiles(StrEnum):
    jpeg = "jpeg"
    png = "png"
    none = "none"


class PlotFile(StrEnum):
    png = "png"
    svg = "svg"
    none = "none"


class Messages(StrEnum):
    """Chat messages written beside the frames."""

    none = "none"
    interleaved = "interleaved"  # <12.4 s> picture <17.0 s> picture ...
    video = "video"  # one video part with a time per frame


class KeyframeList(StrEnum):
    """The kept frames as a list for other programs."""

    times = "times"  # keyframes.txt: seconds, one a line
    csv = "csv"  # keyframes.csv: frame, time_s, timecode, pts
    json = "json"  # keyframe_list.json: the same as JSON
    force_key_frames = "force_key_frames"  # times as ffmpeg's -force_key_frames takes them
    select = "select"  # a filter of ffmpeg that passes these frames alone
    concat = "concat"  # frames.ffconcat: the written frames, each shown until the next one's time


class Runner(StrEnum):
    local = "local"
    ray = "ray"


@dataclass
class FrameMethod:
    """A selection method by name, and its settings where they differ from the defaults beside the method."""

    # preset, method of `vidkit list methods`, or FILE.py:Class
    name: str = field(default="wfs-sb", metadata={"method": "selector"})
    settings: dict[str, object] = field(default_factory=dict, metadata={"settings_of": ("name",)})


class TokenRule(StrEnum):
    """How a budget of vision tokens is shared."""

    lddr = "lddr"  # by what each frame adds to the others, weighed by relevance
    qframe = "qframe"  # three sizes by rank: 4 : 8 : 32 pictures of 16 : 4 : 1 tokens
    equal = "equal"


@dataclass
class VisionSettings:
    """How pictures become tokens: one for each cell of patch x merge pixels."""

    patch: int = 14  # 14: Qwen2-VL, Qwen2.5-VL; 16: Qwen3-VL
    merge: int = 2
    rule: TokenRule = TokenRule.lddr
    least: int = 64  # tokens of the smallest picture
    most: int = 1024  # and of the largest


@dataclass
class OutputFiles:
    """What is written for a video."""

    frames: FrameFiles = FrameFiles.jpeg
    sheet: bool = True
    plot: PlotFile = PlotFile.png
    clip: bool = False
    clip_half_s: float = 1.0  # seconds before and after each kept frame
    keyframe_video: bool = False  # the kept frames as an evenly timed mp4
    html: bool = False
    messages: Messages = Messages.none
    keyframe_list: list[KeyframeList] = field(default_factory=list)  # for FFmpeg and others
    video_metadata: bool = False  # video_metadata.json: transformers' VideoMetadata, for Qwen


@dataclass
class AskSettings:
    """A model that is shown the frames."""

    question: str | None = None
    engine: str | None = None  # openai:NAME, transformers:FOLDER, ... as in `vidkit eval --model`
    base_url: str | None = None
    max_tokens: int = 256
    width: int = 768  # frames are sent at most this wide, pixels


@dataclass
class ManifestSettings:
    """A data set: one JSON object a line with `video`, `query` and, if wanted, `id` and `subtitles`."""

    path: str | None = None
    workers: int = 0  # processes; 0: one a core
    runner: Runner = Runner.local
    files: bool = False  # write frames, sheets and plots of every item too
    retry_failed: bool = False


@dataclass
class SelectFramesSettings:
    video: str | None = None  # file or folder of images; -: standard input
    query: str = ""
    frames: FrameMethod = field(default_factory=FrameMethod)  # method and its settings
    # another method, with its own defaults: efs, uniform, mmr, ...
    method: str | None = field(default=None, metadata={"method": "selector", "chooses": "frames"})
    strict_paper: bool = False  # wfs-sb: the authors' picks, quirks included
    preset: str | None = None  # efs: videomme, longvideobench or mlvu
    compare: list[str] = field(default_factory=list)  # further methods, reported beside
    k: int = 16  # frames kept
    tokens: int | None = None  # vision tokens of all pictures: few large, many small, as vision.rule shares
    vision: VisionSettings = field(default_factory=VisionSettings)
    start: str | None = None  # candidates from here on: seconds or a clock time (90, 1:30, 1:02:03.5)
    end: str | None = None  # and before this
    fps: str = "1"  # candidates per second; auto: 1, 0.5 or 0.25 by length
    phase: float = 0.0  # shift of the sampling grid, in [0, 1)
    max_candidates: int = 7200
    sample: Sample = Sample.times
    short_video: ShortVideo = ShortVideo.densify
    pad: Pad = Pad.none
    relevance: str = "auto"  # auto, none, subtitle, lexicon, ocr, embedded, encoder, or a file of scores
    features: str = "auto"  # auto, hist, encoder, none, or a hub id or folder
    encoder: str | None = None  # hub id or folder of a CLIP, SigLIP, BLIP or BLIP-2 model
    pooling: str = "mean"  # of DINO features: mean or cls
    subtitles: str | None = None  # file; none: beside or inside the video
    rel_norm: RelNorm = RelNorm.auto
    nan: Nan = Nan.reject
    stdin_limit_gib: float = 16.0  # longer input of `-` is refused
    reader: Reader = Reader.auto
    stream: int = 0  # number among the video streams
    frame_rate: float = 1.0  # of a folder of images, frames per second
    threads: int = 0  # of the decoder; 0: all cores (manifest: one core per worker); 1: encoding takes turns
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int = 16  # frames per forward pass
    seed: int = 0
    cache: str = "auto"  # folder of embeddings; auto: the user's cache folder; off
    output: str | None = None  # folder; none: outputs/select_frames/<video>
    force: bool = False  # overwrite a selection that is there
    write: OutputFiles = field(default_factory=OutputFiles)
    ask: AskSettings = field(default_factory=AskSettings)
    manifest: ManifestSettings = field(default_factory=ManifestSettings)
    dry_run: bool = False  # say what would be read and scored, decode nothing
    verbose: bool = False
