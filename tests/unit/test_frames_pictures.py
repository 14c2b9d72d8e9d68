"""The kept frames as files."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from vidkit.frames.outputs.images import write_frames
from vidkit.utils.figures import drawn, svg_of
from vidkit.video.types import Frame


@pytest.mark.parametrize(("count", "first"), [(3, "00_"), (100, "00_"), (101, "000_")])
def test_names_sort_as_the_frames_do(count: int, first: str, tmp_path: Path) -> None:
    frames = [
        Frame(index=i, pts=i, time_s=float(i), pixels=np.zeros((8, 8, 3), np.uint8)) for i in range(count)
    ]
    paths = write_frames(tmp_path, frames)
    assert sorted(paths) == paths and paths[0].name.startswith(f"{first}t0000.000s_f000000")


def test_letters_that_no_font_has_are_no_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # of matplotlib 3.8 about pyparsing
        with drawn(tmp_path / "a.png", 2, 2) as figure:
            figure.suptitle("\U0001f3ac")
        svg_of(figure)
    assert (tmp_path / "a.png").stat().st_size
