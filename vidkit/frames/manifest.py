"""A data set of videos as a file: one item per line, all checked before anything runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, fields
from pathlib import Path

from vidkit.errors import DataError
from vidkit.frames.options import FrameOptions
from vidkit.frames.outputs.writer import OutputOptions
from vidkit.utils.naming import check_id
from vidkit.utils.strict_json import load_json

# settings of the whole run: in a row they would have no effect ("start" and "end" are often annotations)
_OF_THE_RUN = {field.name for field in fields(FrameOptions)} - {"subtitles"}
_UNWRITABLE = re.compile("[\ud800-\udfff\0]")


@dataclass(frozen=True)
class Item:
    """One line of a manifest."""

    id: str
    video: str  # path, made absolute against the manifest's folder
    query: str
    subtitles: str | None
    line: int
    unused: tuple[str, ...] = ()  # fields that name settings of the whole run


@dataclass(frozen=True)
class ManifestRun:
    """What is run.

    Args:
        path: manifest, one JSON object per line.
        folder: where results go.
        options: of every item.
        outputs: files written for each item; None: results alone.
        cache: folder of embeddings; None: none is kept.
        workers: processes; 0: one a core.
        runner: "local" or "ray".
        retry_failed: try failed items again.
        force: start over where another run's results are.
    """

    path: Path
    folder: Path
    options: FrameOptions
    outputs: OutputOptions | None = None
    cache: str | None = None
    workers: int = 0
    runner: str = "local"
    retry_failed: bool = False
    force: bool = False


def read_manifest(path: Path) -> list[Item]:
    """Read and check every line before anything runs.

    Raises:
        DataError: unreadable, empty, or a malformed line (file:line).
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read the manifest '{path}': {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"the manifest '{path}' is not UTF-8 text", "write one JSON object per line"
        ) from error
    items: list[Item] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            item = _parse(path, number, line)
            if item.id in lines:
                raise DataError(
                    f"{path}:{number}: id '{item.id}' is already on line {lines[item.id]}",
                    "give each line its own id",
                )
            lines[item.id] = number
            items.append(item)
    if not items:
        raise DataError(f"the manifest '{path}' is empty", "write one JSON object per line, with a video")
    return items


def _parse(path: Path, number: int, line: str) -> Item:
    hint = 'write one JSON object per line, such as {"video": "a.mp4", "query": "a red car"}'
    try:
        row = load_json(line, str(path), line=number)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{number}: no JSON ({error.msg} at column {error.colno})", hint) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:{number}: {error!s:.120}", hint) from error
    if not isinstance(row, dict):
        raise DataError(f"{path}:{number}: a {type(row).__name__}, not an object", hint)
    for key in ("video", "query", "question", "subtitles"):
        if row.get(key) is not None and not isinstance(row[key], str):
            raise DataError(f"{path}:{number}: '{key}' is {row[key]!r:.60}, not text", hint)
        if _UNWRITABLE.search(row.get(key) or ""):
            raise DataError(f"{path}:{number}: '{key}' holds half a character or a zero byte", hint)
    if not row.get("video"):
        raise DataError(f"{path}:{number}: no 'video'", hint)
    if row.get("query") and row.get("question") and row["query"] != row["question"]:
        raise DataError(f"{path}:{number}: 'query' and 'question' differ", "give one of them")
    folder = path.resolve().parent
    query = row.get("query") if row.get("query") is not None else row.get("question") or ""
    identity = row.get("id", row.get("doc_id", f"{number:06d}"))
    if isinstance(identity, bool) or not isinstance(identity, (str, int)):
        raise DataError(f"{path}:{number}: 'id' is {identity!r:.60}, neither text nor a whole number", hint)
    identity = str(identity)
    check_id(identity, f"{path}:{number}")
    subtitles = row.get("subtitles")
    return Item(
        identity,
        os.path.normpath(folder / row["video"]),
        str(query),
        None if subtitles is None else os.path.normpath(folder / subtitles),
        number,
        tuple(key for key in row if key in _OF_THE_RUN),
    )


def mark_of(item: Item) -> str:
    """Names an item by what it asks, so that an edited line runs again."""
    text = "\0".join((item.id, item.video, item.query, item.subtitles or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
