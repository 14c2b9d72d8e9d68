"""Opening video files with any PyAV that pyproject.toml allows."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, BinaryIO

from vidkit.errors import VideoError

# FFmpeg's readers of lists, scripts, streams of a network and devices
_OPENS_OTHERS = frozenset(
    (
        *("hls", "applehttp", "concat", "dash", "imf", "webm_dash_manifest", "vobsub"),
        *("avisynth", "vapoursynth", "lavfi", "sdp", "rtsp", "rtp", "sap"),
        *("alsa", "oss", "jack", "pulse", "sndio", "openal", "fbdev", "kmsgrab", "x11grab", "gdigrab"),
        *("v4l2", "video4linux2", "iec61883", "decklink", "dshow", "vfwcap", "avfoundation"),
        *("libcdio", "libdc1394", "android_camera"),
    )
)
# what lists of other files begin with, or have inside where they are XML
_LISTS = {
    b"#EXTM3U": "HLS",
    b"ffconcat": "ffconcat",
    b"v=0": "SDP",
    b"[playlist]": "PLS",
    b"<MPD": "DASH",
    b"CompositionPlaylist": "IMF",
    b"<smil": "SMIL",
    b"SmoothStreamingMedia": "Smooth Streaming",
}


def open_input(
    source: str | os.PathLike[str] | BinaryIO, *, ignore_edits: bool = False, **options: Any
) -> Any:
    """Open a container for reading; tags that are not UTF-8 do not stop it.

    PyAV up to 18 decodes tags strictly unless told otherwise; 19 has no such option and leaves surrogates,
    which `tag` replaces. Paths are made absolute, since FFmpeg takes `a:b.mp4` for a protocol `a`.

    What makes FFmpeg open other files or devices (playlists, `%03d` in the name of a picture) is left out: a
    file that somebody sends must not read those beside it.

    Args:
        source: path or binary stream.
        ignore_edits: read what an MP4's edit lists cut away, too.
        options: further arguments of `av.open`.

    Raises:
        av.error.FFmpegError: as `av.open`.
        VideoError: it is a playlist.
    """
    import av

    path = ""
    if isinstance(source, (str, os.PathLike)):
        source = path = os.path.abspath(os.fspath(source))
    if _takes_metadata_errors(av.__version__):
        options["metadata_errors"] = "replace"
    # a `%03d` in the name of a picture is no pattern
    limits = {"format_whitelist": _formats(), "pattern_type": "none"}
    if ignore_edits:
        limits["ignore_editlist"] = "1"
    try:
        return av.open(source, "r", options=limits, **options)
    except av.error.FFmpegError as error:
        kind = playlist_kind(path)
        if kind:
            raise VideoError(
                f"'{path}' is a playlist ({kind}), which names other files; those are not opened",
                "give the video itself, or join its parts: ffmpeg -i PLAYLIST -c copy joined.mkv",
                4,
            ) from error
        raise


def playlist_kind(path: str) -> str:
    """What list of other files a file is; empty: none that is known."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return ""
    lists = _LISTS.items()
    in_xml = head.startswith(b"<")
    return next((kind for word, kind in lists if (word in head if in_xml else head.startswith(word))), "")


@cache
def _formats() -> str:
    import av

    names = {name for entry in av.formats_available for name in entry.split(",")}
    return ",".join(sorted(names - _OPENS_OTHERS))


def tag(holder: Any, name: str) -> str:
    """A metadata value of a container or stream, as text that can be written; empty where there is none."""
    value = str(holder.metadata.get(name, ""))
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@cache
def _takes_metadata_errors(version: str) -> bool:
    return int(version.split(".")[0]) < 19
