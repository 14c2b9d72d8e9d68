"""`vidkit.frames` as a frame picker, so that a benchmark can be run with any frame selector."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.errors import ConfigError, VideoError
from vidkit.evaluation.running.budget import FrameBudget
from vidkit.evaluation.running.frames import FramePicker
from vidkit.frames.options import FrameOptions
from vidkit.frames.registry import load_selector, method_settings, select
from vidkit.frames.types import Candidates


def open_picker(budget: FrameBudget) -> FramePicker | None:
    """The selector that a budget names, None for the plain methods.

    Raises:
        ConfigError: an unknown selector or setting.
    """
    if budget.selector_name is None:
        return None
    return SelectorPicker(budget.selector_name, budget.fps, budget.selector)


class SelectorPicker:
    """Runs a selector of `vidkit.frames` on the candidates of a clip.

    Args:
        name: of the selector.
        fps: candidates per second.
        settings: of the selector (`alpha`, ...), and of the candidates (`relevance`, `encoder`, `features`,
            `cache`, ...: what `vidkit.frames.read_candidates` takes).

    Raises:
        ConfigError: an unknown selector or setting.
    """

    def __init__(self, name: str, fps: float, settings: dict[str, Any]) -> None:
        own = {field.name for field in fields(load_selector(name).config)}
        self.name = name
        self._fps = fps
        self._method = {key: value for key, value in settings.items() if key in own}
        self._reading = {key: value for key, value in settings.items() if key not in own}
        method_settings(name, self._method)
        _check_reading(self._reading, own)

    def pick(
        self, path: Path, query: str, count: int, start_s: float, end_s: float | None
    ) -> tuple[list[int], dict[str, Any]]:
        """Frame numbers of the selection, increasing; only candidates of the clip are offered."""
        from vidkit.frames.reading import read_candidates  # the video libraries, which a check does not need

        candidates = _within(
            read_candidates(path, self._fps, query=query, **self._reading), path, start_s, end_s
        )
        selection = select(self.name, candidates, count, **self._method)
        assert candidates.source_indices is not None  # numbered when made
        numbers = candidates.source_indices[selection.indices]
        detail = {
            "method": selection.method,
            "applied": selection.method_applied or selection.method,
            "candidates": len(candidates),
            "warnings": list(selection.warnings),
        }
        return [int(number) for number in numbers], detail


def _check_reading(given: dict[str, Any], own: set[str]) -> None:
    # what a picker is asked for at every call cannot be a setting too
    fixed = {"method", "k", "method_settings", "preset", "compare", "fps", "short_video", "pad"}
    known = {field.name for field in fields(FrameOptions)} - fixed | {"cache"}
    unknown = next((key for key in given if key not in known), None)
    if unknown is not None:
        raise ConfigError(
            f"unknown setting '{unknown}' of the frame selector", f"known: {', '.join(sorted(known | own))}"
        )


def _within(candidates: Candidates, path: Path, start_s: float, end_s: float | None) -> Candidates:
    """The candidates of [start_s, end_s), so that a prefix is chosen from without a look ahead."""
    times = candidates.times
    keep = (times >= start_s - 1e-6) & (times < (np.inf if end_s is None else end_s - 1e-6))
    if keep.all():
        return candidates
    if not keep.any():
        raise VideoError(f"video '{path}' has no candidate frame between {start_s:g} s and {end_s} s")
    assert candidates.source_indices is not None
    return replace(
        candidates,
        times=times[keep],
        source_indices=candidates.source_indices[keep],
        relevance=None if candidates.relevance is None else candidates.relevance[keep],
        features=None if candidates.features is None else candidates.features[keep],
    )
