"""`vidkit.frames` as a frame picker, so that a benchmark can be run with any frame selector."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from vidkit.errors import MissingDependency
from vidkit.evaluation.running.budget import FrameBudget
from vidkit.evaluation.running.frames import FramePicker


def open_picker(budget: FrameBudget) -> FramePicker | None:
    """The selector that a budget names, None for the plain methods.

    Raises:
        ConfigError: an unknown selector.
        MissingDependency: this vidkit has no frame selection.
    """
    if budget.selector_name is None:
        return None
    return SelectorPicker(budget.selector_name, budget.fps, budget.selector)


class SelectorPicker:
    """Runs a selector of `vidkit.frames` on the candidates of a clip.

    Args:
        name: of the selector.
        fps: candidates a second.
        settings: of the selector.

    Raises:
        ConfigError: an unknown selector or setting.
        MissingDependency: this vidkit has no frame selection.
    """

    def __init__(self, name: str, fps: float, settings: dict[str, Any]) -> None:
        try:
            self._frames: Any = importlib.import_module("vidkit.frames")
            self._read = self._frames.read_candidates
            self._select = self._frames.select
        except (ImportError, AttributeError) as error:
            raise MissingDependency(
                f"frames='{name}' needs vidkit.frames, which cannot be loaded: {error}",
                "use frames=uniform:N or frames=fps:R",
            ) from error
        self._frames.registry.load_selector(name)
        self.name = name
        self._fps = fps
        self._settings = settings

    def pick(
        self, path: Path, query: str, count: int, start_s: float, end_s: float | None
    ) -> tuple[list[int], dict[str, Any]]:
        """Frame numbers of the selection, increasing; the clip's candidates only."""
        raise NotImplementedError
