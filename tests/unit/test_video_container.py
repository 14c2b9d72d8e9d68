"""Containers open with every PyAV, whatever their tags and names hold."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vidkit.errors import VideoError
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


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2,\nother.ts\n#EXT-X-ENDLIST\n", "HLS"),
        ("a.mp4", "ffconcat version 1.0\nfile 'other.ts'\n", "ffconcat"),
        ("a.mkv", "ffconcat version 1.0\nfile '/etc/passwd'\n", "ffconcat"),
        ("a.mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>', "DASH"),
        ("a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 1234 RTP/AVP 96\n", "SDP"),
    ],
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, name: str, text: str, kind: str) -> None:
    write_mp4(tmp_path / "other.mp4", np.zeros((3, 32, 32, 3), np.uint8), 10)
    (tmp_path / "other.mp4").rename(tmp_path / "other.ts")
    (tmp_path / name).write_text(text)
    for read in (open_video, read_clip, open_input):
        with pytest.raises(VideoError, match="is a playlist") as error:
            read(tmp_path / name)
        assert kind in error.value.message and "ffmpeg" in error.value.hint


@pytest.mark.skipif(FFMPEG is None, reason="ffmpeg puts a picture into the file")
@pytest.mark.parametrize("first", ["cover", "video"])
def test_a_cover_without_its_mark_is_not_the_video(tmp_path: Path, first: str) -> None:
    write_mp4(tmp_path / "video.mp4", np.zeros((12, 32, 32, 3), np.uint8), 10)
    cover = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc=d=0.1:s=64x64:r=10", "-frames:v", "1"]
    subprocess.run([*cover, str(tmp_path / "cover.jpg")], check=True)
    maps = ["-map", "1", "-map", "0"] if first == "cover" else ["-map", "0", "-map", "1"]
    inputs = ["-i", str(tmp_path / "video.mp4"), "-i", str(tmp_path / "cover.jpg")]
    subprocess.run([FFMPEG, "-v", "error", *inputs, *maps, "-c", "copy", str(tmp_path / "a.mkv")], check=True)
    video = open_video(tmp_path / "a.mkv")
    assert (len(video.timeline), video.info.width, video.info.codec) == (12, 32, "h264")
    assert open_video(tmp_path / "a.mkv", stream=1).info.codec == "mjpeg"
    assert len(read_clip(tmp_path / "a.mkv").frames) == 12
