"""Opening video files with any PyAV that pyproject.toml allows."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, BinaryIO


def open_input(source: str | os.PathLike[str] | BinaryIO, **options: Any) -> Any:
    """Open a container for reading; tags that are not UTF-8 do not stop it.

    PyAV up to 18 decodes tags strictly unless told otherwise; 19 has no such option and leaves surrogates,
    which `tag` replaces. Paths are made absolute, since FFmpeg takes `a:b.mp4` for a protocol `a`.

    Args:
        source: path or binary stream.
        options: further arguments of `av.open`.

    Raises:
        av.error.FFmpegError: as `av.open`.
    """
    import av

    if isinstance(source, (str, os.PathLike)):
        source = os.path.abspath(os.fspath(source))
    if _takes_metadata_errors(av.__version__):
        options["metadata_errors"] = "replace"
    return av.open(source, "r", **options)


def tag(holder: Any, name: str) -> str:
    """A metadata value of a container or stream, as text that can be written; empty where there is none."""
    value = str(holder.metadata.get(name, ""))
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@cache
def _takes_metadata_errors(version: str) -> bool:
    return int(version.split(".")[0]) < 19
