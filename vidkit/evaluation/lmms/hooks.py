"""What the tasks' YAML files call: documents to prompts, replies to rows, rows to vidkit's scores."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from vidkit.errors import VideoError
from vidkit.evaluation.types import Item, PartKind, PromptMode
from vidkit.utils.caches import own_folder
from vidkit.utils.files import atomic_path

Document = Mapping[str, Any]
Collected = dict[str, Any]
_ONCE = 1  # resample: lmms-eval shows point values


def media_folder(variable: str) -> Path:
    """Where the benchmark's videos lie.

    Raises:
        VideoError: the environment variable is not set.
    """
    folder = os.environ.get(variable)
    if not folder:
        raise VideoError(f"{variable} is not set", f"export {variable}=FOLDER with the benchmark's videos")
    return Path(folder)


def item_of(module: ModuleType, document: Document) -> Item:
    """The first item of a document."""
    item: Item = next(module.items([document]))
    return item


def visual(module: ModuleType, document: Document, variable: str) -> list[str]:
    """Path of the document's video; a clip that ends early is cut once and kept in the user's cache."""
    wanted = module.visuals(item_of(module, document))
    path = media_folder(variable) / str(wanted.video)
    if wanted.end_s is None:
        return [str(path)]
    if not path.is_file():
        raise VideoError(f"no video '{path}'", f"check {variable}")
    from vidkit.evaluation.running.clip import cut_clip

    # videos of two folders, or a video that was fetched again, must not share a cut
    state = f"{path.resolve()} {path.stat().st_mtime_ns} {wanted.end_s:g}"
    name = hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()
    cut = own_folder("clips") / f"{name}.mp4"
    if not cut.is_file():
        clip = cut_clip(path, 0.0, wanted.end_s)
        with atomic_path(cut) as temporary:
            temporary.write_bytes(clip)
    return [str(cut)]


def text(module: ModuleType, document: Document, reasoning: bool = False) -> str:
    """The prompt's text; lmms-eval's models put the video in front of it themselves."""
    made = module.prompt(item_of(module, document), PromptMode(reasoning=reasoning))
    return "\n".join(part.text for part in made.parts if part.kind is PartKind.TEXT)


def collected(
    document: Document, results: Sequence[str], metrics: Sequence[str], key: str
) -> dict[str, Collected]:
    """The document with its reply under `key`, once a metric; pictures are left out."""
    row = {name: value for name, value in document.items() if not isinstance(value, bytes)}
    reply = results[0] if results else None
    kept = {**row, key: reply if key == "prediction" else {"prediction": reply}}
    return dict.fromkeys(metrics, kept)


def aggregator(module: ModuleType, *path: str) -> Callable[[Sequence[Collected]], float]:
    """A function from collected rows to one of vidkit's scores; undefined ones are 0."""

    def aggregate(rows: Sequence[Collected]) -> float:
        value: Any = module.score(list(rows), "robust", resamples=_ONCE)
        for name in path:
            value = value[name]
        return float(value) if value is not None else 0.0

    return aggregate
