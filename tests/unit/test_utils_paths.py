"""What is not a path is told as what it is."""

from pathlib import Path

import pytest

import vidkit
from vidkit.errors import VideoError
from vidkit.utils.paths import expanded, given_path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://example.org/a.mp4", "the video is a URL (https://example.org/...), and vidkit reads files"),
        (
            "https://me:secret@example.org/a.mp4?token=secret",
            "the video is a URL (https://example.org/...), and vidkit reads files",
        ),
        ("s3://bucket/a.mp4", "the video is a URL (s3://bucket/...), and vidkit reads files"),
        ("rtsp://10.0.0.1:554/live", "the video is a URL (rtsp://10.0.0.1:554/...), and vidkit reads files"),
        ("file:///tmp/a.mp4", "a file:// URL is not a path"),
        ("data:video/mp4;base64,AAAA", "the video is a data: URL, and vidkit reads files"),
        ("-", "the video cannot be read from standard input"),
        ("~no-such-user-here/a.mp4", "no home folder for '~no-such-user-here'"),
        ("x" * 5000, f"no video at '{'x' * 80}...': the name is too long for a file"),
    ],
)
def test_what_is_no_path_is_told(text: str, message: str) -> None:
    with pytest.raises(VideoError) as error:
        given_path(text)
    assert error.value.message == message
    assert error.value.hint


@pytest.mark.parametrize("name", ["10:30.mp4", "http:a.mp4", "a b.mp4", "~x.mp4", "id=12.mp4"])
def test_a_file_of_any_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).touch()
    assert given_path(name) == Path(name)


def test_the_home_folder_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert given_path("~/a.mp4") == tmp_path / "a.mp4"


def test_the_home_of_nobody_is_a_name_like_any_other() -> None:
    assert expanded("~nobody_at_all/x.mp4") == Path("~nobody_at_all/x.mp4")
    assert expanded("~/x.mp4") == Path.home() / "x.mp4"


def test_no_path_is_expanded_in_a_way_that_raises() -> None:
    for file in (Path(vidkit.__file__).parent).rglob("*.py"):
        if file.name != "paths.py":
            assert ".expanduser()" not in file.read_text(encoding="utf-8"), file
