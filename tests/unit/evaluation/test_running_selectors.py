"""Benchmarks run with the frame selectors of `vidkit.frames`."""

import pytest
from made_clips import write_clip

from vidkit.errors import ConfigError
from vidkit.evaluation.running.budget import FrameBudget
from vidkit.evaluation.running.frames import read_frames
from vidkit.evaluation.running.picker import open_picker


@pytest.mark.parametrize("method", ["select:uniform", "efs", "scene"])
def test_any_selector_of_the_frames_room(tmp_path, method):
    path = write_clip(tmp_path / "clip.mp4", seconds=6, fps=10)
    budget = FrameBudget(method=method, count=4, fps=2.0)
    picker = open_picker(budget)
    whole = read_frames(path, budget, query="What?", picker=picker)
    assert len(whole.images) == 4
    assert list(whole.indices) == sorted(set(whole.indices))
    assert whole.detail["method"] == budget.selector_name
    assert whole.detail["candidates"] == 12
    part = read_frames(path, budget, 1.0, 4.0, "What?", picker)
    assert part.detail["candidates"] == 6
    assert min(part.indices) >= 10
    assert max(part.indices) < 40


def test_unknown_selector_or_setting_is_named():
    with pytest.raises(ConfigError, match="no selection method 'wfs-sd'"):
        open_picker(FrameBudget(method="wfs-sd"))
