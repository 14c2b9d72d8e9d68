"""How a task is run, and what of that must stay the same for a log to be continued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError
from vidkit.evaluation.running.budget import FrameBudget
from vidkit.evaluation.running.frames import FramePicker
from vidkit.evaluation.running.growing_clip import VERSION as STREAMING_VERSION
from vidkit.evaluation.running.growing_clip import check_stride
from vidkit.evaluation.running.render import Sampling
from vidkit.evaluation.running.resume_log import Durability
from vidkit.evaluation.types import PromptMode, SubtitleMode
from vidkit.serving.engine import Engine

WHEN_PROTOCOLS = ("single", "streaming", "both")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a task is run; everything that can change a reply becomes part of the manifest.

    Attributes:
        mode: variant of the prompt.
        budget: which frames.
        sampling: how replies are drawn.
        media: folder of the videos and pictures.
        whole_clips: send clips as files instead of frames, for servers that take `video_url`.
        when: how items that can be streamed are asked: `single`, `streaming` or `both`.
        stride_s: step of the streaming prefix.
        until_end: streaming continues after the first YES.
        kinds: ask only items of these kinds, None for all.
        judges: engines that judge replies, by name.
        picker: chooses frames in place of the budget's selector.
        durability: when the log is forced to disk.
        force: start over when the folder holds another run; its files are kept aside.
        stop_after: failed calls in a row that stop the run.
        decode_workers: threads that decode video.
        total: number of items for the estimate of the time to go, None when unknown.
        data: what identifies the data, for example its SHA-256.
        task: the task's name.
    """

    mode: PromptMode = field(default_factory=PromptMode)
    budget: FrameBudget = field(default_factory=FrameBudget)
    sampling: Sampling = field(default_factory=Sampling)
    media: Path = Path(".")
    whole_clips: bool = False
    when: str = "single"
    stride_s: float = 1.0
    until_end: bool = False
    kinds: frozenset[str] | None = None
    judges: Mapping[str, Engine] = field(default_factory=dict)
    picker: FramePicker | None = None
    durability: Durability = field(default_factory=Durability)
    force: bool = False
    stop_after: int = 20
    decode_workers: int = 2
    total: int | None = None
    data: str = ""
    task: str = ""

    def __post_init__(self) -> None:
        if self.when not in WHEN_PROTOCOLS:
            raise ConfigError(f"unknown protocol when='{self.when}'", f"one of {', '.join(WHEN_PROTOCOLS)}")
        check_stride(self.stride_s)
        if self.whole_clips and self.mode.subtitles is SubtitleMode.INTERLEAVE:
            raise ConfigError(
                "subtitles cannot be placed between the frames of a whole clip", "use subtitles=subs"
            )
        if self.decode_workers < 1 or self.stop_after < 1:
            raise ConfigError("decode_workers and stop_after must be >= 1")


def manifest_of(options: RunOptions, identity: Mapping[str, str]) -> dict[str, Any]:
    """What must stay the same for a log to be continued, as plain values; `identity` is the engine's."""
    content: dict[str, Any] = {
        "task": options.task,
        "data": options.data,
        "model": dict(identity),
        "prompt": {
            "reasoning": options.mode.reasoning,
            "subtitles": str(options.mode.subtitles),
            "modality": options.mode.modality,
            "asr": options.mode.asr,
            "wording": options.mode.wording,
        },
        "budget": {**options.budget.as_dict(), "whole_clips": options.whole_clips},
        "sampling": options.sampling.as_dict(),
        "when": {"protocol": options.when},
    }
    if options.when != "single":
        content["when"] |= {
            "stride_s": options.stride_s,
            "until_end": options.until_end,
            "prompt": STREAMING_VERSION,
        }
    return content
