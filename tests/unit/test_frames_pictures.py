"""The kept frames as files."""

from pathlib import Path

import numpy as np
import pytest

from vidkit.frames.outputs.images import write_frames
from vidkit.video.types import Frame


@pytest.mark.parametrize(("count", "first"), [(3, "00_"), (100, "00_"), (101, "000_")])
def test_names_sort_as_the_frames_do(count: int, first: str, tmp_path: Path) -> None:
    frames = [
        Frame(index=i, pts=i, time_s=float(i), pixels=np.zeros((8, 8, 3), np.uint8)) for i in range(count)
    ]
    paths = write_frames(tmp_path, frames)
    assert sorted(paths) == paths and paths[0].name.startswith(f"{first}t0000.000s_f000000")
