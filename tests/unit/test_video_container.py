"""Containers open with every PyAV, whatever their tags and names hold."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vidkit.video.container import open_input, tag
from vidkit.video.reader import open_video
from vidkit.video.reading import read_clip
from vidkit.video.writing import write_mp4

FFMPEG = shutil.which("ffmpeg")


@pytest.mark.skipif(FFMPEG is None, reason="ffmpeg writes tags that PyAV would refuse to write")
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_tags_that_are_not_utf8_do_not_stop_a_video(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    make = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc=d=0.4:s=64x64:r=10"]
    subprocess.run([*make, "-metadata", b"title=caf\xe9", str(path)], check=True)
    with open_input(path) as container:
        assert tag(container, "title") == "caf\N{REPLACEMENT CHARACTER}"
        assert tag(container, "none") == ""
    assert len(read_clip(path).frames) == 4
    for backend in ("pyav", "decord"):
        assert len(list(open_video(path, backend=backend).read([0, 3]))) == 2


def test_a_colon_in_a_file_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = Path("10:30 talk.mp4")
    write_mp4(name, np.zeros((3, 32, 32, 3), np.uint8), 10)
    for path in (name, Path("./" + str(name))):
        assert len(read_clip(path).frames) == 3
        assert len(list(open_video(path).read([0, 2]))) == 2
    with open_input(str(name)) as container:
        assert len(container.streams.video) == 1
