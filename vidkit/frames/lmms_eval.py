"""Adapter for lmms-eval: frames of `keyframes.json` in place of the frames its video loaders pick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import DataError, doc_page
from vidkit.utils.strict_json import load_json
from vidkit.video.reader import open_video

Loader = Callable[..., Any]


def read_keyframes(path: str | Path) -> dict[str, list[int]]:
    """`keyframe_indices` by document id, from `keyframes.json` or the same rows as JSON lines.

    Raises:
        DataError: unreadable, or a row without id and frame numbers.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        rows = (
            load_json(text, path.name)
            if text.lstrip().startswith("[")
            else [
                load_json(each, path.name, line=line)
                for line, each in enumerate(text.splitlines(), 1)
                if each.strip()
            ]
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot read keyframes '{path}': {error}", "give the keyframes.json of select-frames"
        ) from error
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        try:
            found[str(row["doc_id"])] = [int(i) for i in row["keyframe_indices"]]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"'{path}' row {number} has no doc_id and keyframe_indices",
                f"see {doc_page('select-frames.md')}",
            ) from error
    return found


def with_keyframes(
    docs: Sequence[Mapping[str, Any]], keyframes: Mapping[str, list[int]], id_key: str
) -> list[dict[str, Any]]:
    """Annotations with `keyframe_indices` where there are any, as the patched loaders of WFS-SB read them."""
    return [
        {**doc, "keyframe_indices": keyframes[str(doc[id_key])]}
        if str(doc[id_key]) in keyframes
        else dict(doc)
        for doc in docs
    ]


def load_keyframes(video: str | Path, indices: Sequence[int]) -> tuple[NDArray[np.uint8], list[float]]:
    """The frames of a video by source number [K, H, W, 3], repeats included, and their true times [s].

    Raises:
        VideoError: the video or one of the frames cannot be decoded.
    """
    from vidkit.errors import VideoError

    reader = open_video(video)
    frames = {frame.index: frame for frame in reader.read(sorted(set(indices)))}
    missing = [index for index in indices if index not in frames]
    if missing:
        raise VideoError(
            f"frame {missing[0]} of '{video}' cannot be decoded", "select frames again from this file", 4
        )
    return np.stack([frames[i].pixels for i in indices]), [frames[i].time_s for i in indices]


def keyframe_loader(original: Loader, keyframes_by_video: Mapping[str, Sequence[int]]) -> Loader:
    """Wrap a loader `f(path, ...)` so that videos with keyframes give those and all others go to `original`.

    Videos are matched by full path, then by file name; a data set that asks several questions about one video
    needs one run per question, or `with_keyframes`.
    """

    def load(path: Any, *args: Any, **kwargs: Any) -> Any:
        name = str(path)
        indices = keyframes_by_video.get(name, keyframes_by_video.get(Path(name).name))
        return original(path, *args, **kwargs) if indices is None else load_keyframes(name, indices)[0]

    return load
