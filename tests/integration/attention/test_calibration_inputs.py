"""Inputs kept by a calibration: files of others are not replaced."""

from pathlib import Path

import pytest

from vidkit.attention.calibration.run import _mark_of
from vidkit.errors import OutputError


@pytest.mark.parametrize("name", ["snapshots.pt", "snapshots.txt"])
def test_inputs_that_no_calibration_wrote_stay(name: str, tmp_path: Path) -> None:
    pt, txt = tmp_path / "snapshots.pt", tmp_path / "snapshots.txt"
    assert _mark_of(pt, txt) == ""
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="no calibration wrote it"):
        _mark_of(pt, txt)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to(tmp_path / "nothing")
    with pytest.raises(OutputError, match="no calibration wrote it"):
        _mark_of(pt, txt)
