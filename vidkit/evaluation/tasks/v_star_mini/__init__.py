"""V*-mini: procedural scenes in which small things matter, after V*, HR-Bench and POPE; needs no download.

The data file is a recipe (which split, how many scenes), from which rows and pictures are drawn when they
are needed. Questions with four options come in their four cyclic orders, as in HR-Bench; existence questions
in the strata of POPE.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vidkit.evaluation.rows import read_rows, text_id
from vidkit.evaluation.tasks.v_star_mini.questions import rows_of
from vidkit.evaluation.tasks.v_star_mini.recipe import is_recipe, read_recipe
from vidkit.evaluation.types import Item, Row, Visuals

BUDGETED = False
OWN_DATA = str(Path(__file__).with_name("test.json"))
OWN_MODELS = MappingProxyType({"small": "pair:small", "large": "pair:large"})
REQUIRED = ("question_id", "scene", "question", "options", "answer")


def rows_in(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of a recipe; of any other file as it is."""
    if path.suffix == ".json" or (path.suffix == ".jsonl" and is_recipe(path)):
        yield from enumerate(rows_of(read_recipe(path)), 1)
        return
    yield from read_rows(path)


def items(rows: Iterable[Row]) -> Iterator[Item]:
    """One item a row; the scene is the unit of every interval."""
    for row in rows:
        yield Item(
            text_id(row["question_id"]),
            text_id(row["scene"]),
            str(row["question"]),
            tuple(row["options"]),
            str(row["answer"]),
            meta=row,
        )


def record_id(row: Row, number: int = 0) -> str:
    """The question's own id."""
    return text_id(row.get("question_id"))


def visuals(item: Item) -> Visuals:
    """The scene, drawn now; PNG of 512 x 512 pixels."""
    return Visuals(images=(_picture(int(item.meta["scene"])),))


@functools.lru_cache(maxsize=32)  # the orders of a question follow each other
def _picture(scene: int) -> bytes:
    import PIL.Image

    from vidkit.synthetic.zoom_scenes.single import scene_pixels

    buffer = io.BytesIO()
    PIL.Image.fromarray(scene_pixels(scene)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
