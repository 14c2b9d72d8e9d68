"""A part of a video: `start=`, `end=`, their spellings, and candidates inside alone."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass

import numpy as np

from vidkit.errors import ConfigError
from vidkit.video.sampling import Sampling, densify, sample_frames
from vidkit.video.types import Timeline

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:[.,]\d+)?)")
_SECONDS = re.compile(r"(\d+(?:[.,]\d*)?|[.,]\d+)\s*(?:s|sec|seconds?)?")
_UNITS = re.compile(r"(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?\s*(?:(\d+(?:[.,]\d+)?)\s*s)?")
_HINT = "give seconds (90, 12.5) or a clock time (1:30, 1:02:03.5, 1h2m3s)"
_SLACK_S = 1e-6


@dataclass(frozen=True)
class Window:
    """The part [start_s, end_s) of a video, seconds from its start; end_s None: to its end."""

    start_s: float = 0.0
    end_s: float | None = None

    @property
    def is_whole(self) -> bool:
        return self.start_s == 0 and self.end_s is None

    def bounds(self, duration_s: float) -> tuple[float, float]:
        """Start and end within a video of `duration_s`."""
        return self.start_s, duration_s if self.end_s is None else min(self.end_s, duration_s)


WHOLE = Window()


def read_window(start: str | float | None, end: str | float | None) -> Window:
    """A window out of two settings.

    Raises:
        ConfigError: a time that cannot be read, or an end that is not after the start.
    """
    first = 0.0 if start is None else read_time(start, "start")
    last = None if end is None else read_time(end, "end")
    if last is not None and last <= first:
        raise ConfigError(f"end={end} is not after start={0 if start is None else start}", _HINT)
    return Window(first, last)


def read_time(text: str | float, name: str) -> float:
    """Seconds of `90`, `12.5`, `90s`, `1:30`, `1:02:03.5` or `1h2m3s`.

    Raises:
        ConfigError: anything else: signs, 75 seconds in a minute, values that are not finite.
    """
    words = str(text).strip().lower()
    if match := _SECONDS.fullmatch(words):
        value = _number(match[1])
    elif match := _CLOCK.fullmatch(words):
        hours, minutes, seconds = (_number(part) for part in match.groups())
        if seconds >= 60 or (match[1] is not None and minutes >= 60):
            raise ConfigError(f"{name}={text} is not a clock time", "minutes and seconds end at 59; " + _HINT)
        value = 3600 * hours + 60 * minutes + seconds
    elif words and (match := _UNITS.fullmatch(words)):
        hours, minutes, seconds = (_number(part) for part in match.groups())
        value = 3600 * hours + 60 * minutes + seconds
    else:
        raise ConfigError(f"{name}={text} is not a time", _HINT)
    if not math.isfinite(value):
        raise ConfigError(f"{name}={text} is not a time", _HINT)
    return value


def _number(part: str | None) -> float:
    return float((part or "0").replace(",", "."))


def sample_window(
    timeline: Timeline,
    window: Window,
    fps: float | None,
    phase: float,
    max_candidates: int,
    rule: str,
    at_least: int,
) -> Sampling:
    """Candidates of a window by the rules of `sample_frames`, the grid beginning at its start.

    Args:
        timeline: the whole video.
        window: the part.
        fps: candidates per second; None: by the length of the part.
        phase: of the grid.
        max_candidates: most of them.
        rule: "times" or "authors".
        at_least: raise the rate of a short part to reach so many; 0: never.

    Raises:
        ConfigError: no frame lies in the window, or a setting of the sampling is out of range.
    """
    first, part = (0, timeline) if window.is_whole else _cut(timeline, window)
    sampling = sample_frames(part, fps, phase, max_candidates, rule)
    if at_least:
        sampling = densify(part, sampling, at_least)
    return dataclasses.replace(sampling, indices=sampling.indices + first)


def _cut(timeline: Timeline, window: Window) -> tuple[int, Timeline]:
    duration_s = timeline.duration_s
    if window.start_s >= duration_s:
        raise ConfigError(
            f"start={window.start_s:g} s is not before the end of the video ({duration_s:.3f} s)",
            "give an earlier start",
        )
    start_s, end_s = window.bounds(duration_s)
    first, last = (int(i) for i in np.searchsorted(timeline.time_s, [start_s - _SLACK_S, end_s - _SLACK_S]))
    if first == last:
        raise ConfigError(
            f"no frame of the video lies between {start_s:g} s and {end_s:g} s",
            "widen the window: every frame has its own time stamp",
        )
    part = dataclasses.replace(
        timeline,
        pts=timeline.pts[first:last],
        time_s=timeline.time_s[first:last] - start_s,
        is_key=timeline.is_key[first:last],
        duration_s=end_s - start_s,
    )
    return first, part
