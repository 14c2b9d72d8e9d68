"""Settings of `vidkit eval`. Imports nothing of ours and nothing heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

_GATES = ("margin", "paper", "min_prob", "log_mean", "entropy")  # kinds of scores of gates
_PRICED = ("small_in", "small_out", "large_in", "large_out")


class EvalMode(StrEnum):
    """How answers are read and scores are formed."""

    robust = "robust"
    official = "official"


class Subtitles(StrEnum):
    """How subtitles enter the prompt."""

    none = "none"
    subs = "subs"
    subs_interleave = "subs_interleave"


class Modality(StrEnum):
    """What a model gets besides text: a sound, v pictures; `amv` is sound with black pictures."""

    avt = "avt"
    amv = "amv"
    vt = "vt"
    at = "at"
    t = "t"


@dataclass
class ServerSettings:
    """Where the model is and how hard it is asked (`model=...`)."""

    base_url: str | None = None  # of an OpenAI-compatible server; none: a local transformers model
    api_key_env: str = "OPENAI_API_KEY"  # variable that holds the key
    concurrency: int = 16  # calls in flight
    attempts: int = 6  # requests per call at most
    device: str = "auto"  # of a local model
    dtype: str = "auto"  # of a local model
    batch_size: int = 1  # of a local model
    timeout_s: float = 600.0  # of one reply of a server, to its last byte
    # of the engine itself
    options: dict[str, object] = field(default_factory=dict, metadata={"options_of": "engine"})

    def __post_init__(self) -> None:
        for name in ("concurrency", "attempts", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s must be > 0 seconds, got {self.timeout_s}")


@dataclass
class SamplingSettings:
    """How replies are drawn."""

    temperature: float = 0.0
    max_tokens: int | None = None  # none: the task's own
    top_p: float | None = None
    seed: int | None = None
    top_logprobs: int = 0  # alternatives per token to keep
    extra: dict[str, object] = field(default_factory=dict)  # further fields of the request


class EngineKind(StrEnum):
    """How a question is put to the model."""

    direct = "direct"
    agent = "agent"
    speculative = "speculative"


@dataclass
class AgentSettings:
    """The agent's loop (`engine=agent`, and behind `engine=speculative`)."""

    dialect: str = "hermes_text"  # how the model calls tools: hermes_text, openai_tools, python_block
    tools: list[str] = field(default_factory=lambda: ["zoom"])  # zoom, rotate, frames, python
    boxes: str = "model"  # numbers of boxes: model (pixels as shown), pixel (source), unit, thousand
    steps: int = 6  # of the model, per question
    step_tokens: int = 512  # new tokens per step
    tokens: int = 8192  # new tokens per question
    seconds: float = 300.0  # per question
    tool_seconds: float = 30.0  # per call of a tool
    foresight: str = "none"  # runs a likely call while the model thinks: none, centre, FILE.py:Class
    shown_px: int = 12845056  # pixels of a picture as it is shown first, at most


@dataclass
class DraftSettings:
    """The small model before the agent (`engine=speculative`)."""

    model: str | None = None  # as `model`
    base_url: str | None = None  # of its server; none: a local model
    screen: str = "small"  # who says whether a question needs tools: small, large or none
    screen_above: float = 0.5  # probability of "needs no tools" from which a question is drafted
    screen_px: int | None = None  # pictures are shrunk to this for the screen; none: as for the draft
    gate: str | None = None  # file of `vidkit calibrate gate`; none: kind, threshold and k below
    kind: str = "margin"  # of the gate's score: margin, paper, min_prob, log_mean, entropy
    threshold: float = 0.98  # the score must be greater
    k: int = 20  # alternatives per token that count
    workers: int | None = None  # agents side by side; none: server.concurrency
    race: bool = False  # the agent begins beside the draft and is cancelled when that is accepted
    stop_when_slower: bool = True  # drafting stops, and says so, where it does not pay
    # share of accepted among asked from which it pays; none: measured from this run's times, so that what is
    # drafted may differ from run to run
    break_even: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in _GATES:
            return  # no threshold can be judged; what uses the gate refuses its kind
        low, high = (-math.inf, 0.0) if self.kind == "entropy" else (0.0, 1.0)
        if not low <= self.threshold <= high:
            scores = "<= 0" if self.kind == "entropy" else "in 0..1"
            raise ValueError(
                f"threshold must be {scores} for the score '{self.kind}', got {self.threshold:g}"
            )


@dataclass
class EvalSettings:
    """What is scored or asked, and how; settings of the benchmark's own stand beside these."""

    # benchmark of `vidkit list tasks`
    task: str = field(default="", metadata={"method": "task", "checked": False})
    data: str | None = None  # parquet, tsv, csv, jsonl or json with questions and answers
    predictions: str | None = None  # replies by id; none: column `prediction` of the data, or `model`
    videos: str | None = None  # folder of clips that a model made, scored against the data (vr-bench)
    rescore: str | None = None  # folder of a published table and its clips, scored anew (vr-bench)
    make: str | None = None  # folder for the benchmark's data, where it makes them itself (vr-bench)
    # of the benchmark's own runs: make, videos, rescore, and clips of a model
    benchmark: dict[str, object] = field(
        default_factory=dict, metadata={"options_of": "run", "named_by": "task"}
    )
    workers: int = 2  # worker processes of videos, rescore and make
    samples: int = 1  # clips per level, where the model makes clips
    generate_config: str = "maze_demo"  # config of `vidkit generate` for a model that is a pipeline's folder
    generate: dict[str, object] = field(default_factory=dict)  # its settings: generate.steps=20, ...
    compare: list[str] = field(default_factory=list)  # two predictions files, A and B; vr-bench: or results
    mode: EvalMode = EvalMode.robust
    html: str | None = None  # page to write
    strict: bool = False  # missing predictions stop instead of counting as wrong
    limit: int | None = None  # questions from the front of the data, groups whole; said in the result
    resamples: int = 10000  # of the bootstrap
    seed: int = 42  # of the bootstrap
    model: str | None = None  # NAME with server.base_url, folder or hub id of a local model, file.py:Class
    engine: EngineKind = EngineKind.direct  # direct, agent (with tools), speculative (draft, gate, agent)
    agent: AgentSettings = field(default_factory=AgentSettings)
    draft: DraftSettings = field(default_factory=DraftSettings)
    prices: dict[str, float] = field(default_factory=dict)  # per million tokens: small_in, large_out, ...
    server: ServerSettings = field(default_factory=ServerSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    output: str | None = None  # folder of the run; none: outputs/eval/<task>-<model>, with agents -<engine>
    media: str | None = None  # folder of videos and pictures; none: the data's folder
    frames: str = "uniform:64"  # uniform:N, fps:R, or a selector such as wfs-sb:64
    selector: dict[str, object] = field(default_factory=dict)  # of the selector: fps, relevance, encoder, ...
    max_frames: int | None = None  # cap on fps:R
    area_px: int | None = None  # frames are scaled to about this area; none: as they are
    jpeg_quality: int = 95  # of the frames as they are sent
    subtitles: Subtitles = Subtitles.none
    reasoning: bool = False  # ask for reasoning and a last line `Final Answer: X`
    modality: Modality | None = None  # none: the benchmark's own
    kinds: list[str] = field(default_factory=list)  # ask only these kinds of questions, e.g. who; none: all
    judges: list[str] = field(default_factory=list)  # models that judge free answers, NAME or NAME=SPEC
    judge_url: str | None = None  # server of the judges; none: that of the model
    think_tags: list[str] = field(default_factory=list)  # more marks of thinking: open, close, open, close
    answer_judge: str | None = None  # server of a model that says what unread replies chose; labelled
    answer_judge_model: str | None = None  # the model there
    whole_clips: bool = False  # send clips as files instead of frames
    durability: str = "record"  # when the log is forced to disk: record, never, or every so many seconds
    stop_after: int = 20  # failed calls in a row that stop the run
    decode_workers: int = 2  # threads that decode video
    force: bool = False  # start over where the folder holds another run
    dry_run: bool = False  # check data and settings, say what would be done, and stop
    verbose: bool = False
    settings: dict[str, object] = field(default_factory=dict, metadata={"settings_of": ("task",)})

    def __post_init__(self) -> None:
        if len(self.think_tags) % 2 or not all(self.think_tags):
            raise ValueError(
                f"think_tags={self.think_tags} are not pairs\ngive think_tags=['<plan>','</plan>']"
            )
        if len(self.compare) not in (0, 2):
            raise ValueError(f"compare has {len(self.compare)} files, not two\ngive A and B")
        for name, price in self.prices.items():
            if name not in _PRICED:
                raise ValueError(f"prices.{name} is unknown\nper million tokens: {', '.join(_PRICED)}")
            if not price >= 0:
                raise ValueError(f"prices.{name} must be >= 0, got {price}")
        counts = {name: getattr(self, name) for name in ("resamples", "limit", "workers", "samples")}
        for name, value in counts.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
