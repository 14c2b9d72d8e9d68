"""One table of video models and vision-language models in the same metrics, from results of earlier runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.types import ScoreTable
from vidkit.utils.strict_json import load_json

_METRICS = (("success", "success"), ("em", "EM"), ("pr", "PR"), ("sd", "SD"), ("mf", "MF"))
_KINDS = {"videos": "video", "replies": "language"}


def table_with(result: Mapping[str, Any], files: Sequence[str]) -> ScoreTable:
    """Rows of a result and of others, by type.

    Args:
        result: of VR-Bench.
        files: results of `--json`.

    Raises:
        DataError: a file that is no such result.
    """
    results = [result, *(_read(Path(file)) for file in files)]
    rows = []
    types = list(dict.fromkeys(name for each in results for name in each["types"]))
    for name in [*types, "all"]:
        for each in results:
            found = each["overall"] if name == "all" else each["types"].get(name)
            if found is not None and (name != "all" or len(types) > 1):
                cells = (_cell(found, metric, with_bounds=metric == "success") for metric, _ in _METRICS)
                rows.append((name, each.get("model") or "?", _KINDS[each["kind"]], found["levels"], *cells))
    columns = ("type", "model", "kind", "levels", *(heading for _, heading in _METRICS))
    return ScoreTable("together", "Video models and language models", columns, tuple(rows))


def _cell(found: Mapping[str, Any], name: str, *, with_bounds: bool) -> Any:
    value, bounds = found["values"].get(name), found["intervals"].get(name)
    if value is None or not bounds or None in bounds or not with_bounds:
        return value
    return (value, *bounds)


def _has_figures(found: Mapping[str, Any]) -> bool:
    """Whether a result has all that a row of the table shows."""
    types = found.get("types")
    parts = [found.get("overall"), *(types.values() if isinstance(types, dict) else [None])]
    return all(
        isinstance(part, dict)
        and isinstance(part.get("levels"), int)
        and all(isinstance(part.get(name), dict) for name in ("values", "intervals"))
        and all(value is None or _is_number(value) for value in part["values"].values())
        and all(_is_interval(bounds) for bounds in part["intervals"].values())
        for part in parts
    )


def _is_number(value: object) -> bool:
    # a whole number too large for a float has no place in a table either
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _is_interval(bounds: object) -> bool:
    return bounds is None or (
        isinstance(bounds, list)
        and len(bounds) == 2
        and all(bound is None or _is_number(bound) for bound in bounds)
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        found = load_json(file.read_text(encoding="utf-8"), file.name)
    except OSError as error:
        raise DataError(
            f"cannot read '{file}': {error.strerror}", "give results written by --json"
        ) from error
    except ValueError as error:
        raise DataError(f"'{file}' is not JSON: {error}", "give results written by --json") from error
    whole = (
        isinstance(found, dict) and found.get("benchmark") == "vr-bench" and str(found.get("kind")) in _KINDS
    )
    if not whole or not _has_figures(found):
        raise DataError(f"'{file}' is not a result of vr-bench", "give results written by --json")
    return {**found, "model": str(found.get("model") or file.stem)}
