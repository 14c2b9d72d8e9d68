"""The recipe of a set of V*-mini: which split, how many scenes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkit.errors import DataError
from vidkit.utils.strict_json import load_json

SPLITS = ("train", "calibrate", "test")
_HINT = 'a recipe is {"split": "test", "scenes": 240}; split is one of ' + ", ".join(SPLITS)
_MOST, _START = 1_000_000, 20_000_000
_LONGEST = 10_000  # characters of a recipe


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is drawn.

    Attributes:
        split: of the scenes, told by the hash of a scene's number: no two splits share a scene.
        scenes: how many.
        start: number at which the search for scenes of the split begins.
        orders: of the options in which a question is asked, from 1; 1 for calibrating a gate, which wants
            drafts that know nothing of each other.
    """

    split: str
    scenes: int
    start: int = _START
    orders: int = 4


def is_recipe(path: Path) -> bool:
    """Whether the first line of a file is one of a recipe, not of a row; False where it cannot be read."""
    try:
        with path.open(encoding="utf-8") as stream:
            first = load_json(stream.readline(_LONGEST), path.name)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "split" in first and "question" not in first


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        DataError: no such file, or none of this form; the message names the field.
    """
    try:
        found = load_json(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"'{path.name}' is not a recipe: {error}", _HINT) from error
    if not isinstance(found, dict) or not found.keys() <= {"split", "scenes", "start", "orders"}:
        raise DataError(f"'{path.name}' is not a recipe of v-star-mini", _HINT)
    if found.get("split") not in SPLITS:
        raise DataError(f"{path.name}: split is {found.get('split')!r:.40}", _HINT)
    defaults = {"start": _START, "orders": 4}
    for name, least in (("scenes", 1), ("start", 0), ("orders", 1)):
        value = found.get(name, defaults.get(name))
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 2**53:
            raise DataError(
                f"{path.name}: {name} must be a whole number >= {least}, got {value!r:.40}", _HINT
            )
    if found["scenes"] > _MOST:
        raise DataError(f"{path.name}: scenes must be <= {_MOST}, got {found['scenes']}", _HINT)
    if found.get("orders", 4) > 4:
        raise DataError(f"{path.name}: orders must be <= 4, got {found['orders']}", _HINT)
    return Recipe(**found)
