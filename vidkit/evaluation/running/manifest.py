"""What a run is made of. A log is continued by the same run only: same prompt, budget and model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError, OutputError
from vidkit.utils.files import write_text_atomic
from vidkit.utils.redaction import redact_all
from vidkit.utils.strict_json import load_json

SCHEMA = 1
_NOT_COMPARED = frozenset({"made", "vidkit", "served_at"})


def check_manifest(path: Path, wanted: Mapping[str, Any]) -> None:
    """Write the manifest of a new run, or compare with that of the run to continue.

    Args:
        path: the manifest's file.
        wanted: what this run is made of, plain JSON values.

    Raises:
        ConfigError: something differs; the message names the field with both values.
        DataError: the file is not a manifest.
    """
    if not os.path.lexists(path):
        write_json(path, {"schema": SCHEMA, **wanted})
        return
    refuse_changes(path, wanted)


def refuse_changes(path: Path, wanted: Mapping[str, Any], unknown: frozenset[str] = frozenset()) -> None:
    """Compare a run with the manifest of the one in a folder.

    Args:
        path: the manifest's file.
        wanted: what this run is made of.
        unknown: fields that are not known yet and not compared.

    Raises:
        ConfigError: something differs; the message names the field with both values.
        DataError: the file is not a manifest.
    """
    try:
        found = load_json(path.read_text(encoding="utf-8"), path.name)
    except (ValueError, OSError) as error:
        raise DataError(f"'{path}' is not a manifest: {error}", "choose another folder") from error
    if not isinstance(found, dict):
        raise DataError(f"'{path}' is not a manifest", "choose another folder")
    # through JSON, so that tuples and lists compare equal
    now = redact_all(json.loads(json.dumps({"schema": SCHEMA, **wanted}, default=str)))
    changes = [change for change in _changes(found, now) if change[0].split(".")[0] not in unknown]
    if changes:
        field, before, after = changes[0]
        others = ", ".join(name for name, _, _ in changes[1:4])
        more = f" (and {len(changes) - 1} more: {others})" if others else ""
        raise ConfigError(
            f"'{path.parent}' was begun with {field} = {_short(before)}, now it is {_short(after)}{more}",
            "use another folder for another run, or force=true to start this one over",
        )


def _changes(before: Any, now: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            if name or key not in _NOT_COMPARED:
                yield from _changes(before.get(key), now.get(key), f"{name}.{key}" if name else key)
    elif before != now:
        yield name, before, now


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:80]}...{text[-32:]}"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that is either there whole or not at all."""
    text = json.dumps(redact_all(content), indent=2, ensure_ascii=False, default=str) + "\n"
    # half characters, which a reply may hold, cannot be written as they are
    write_text_atomic(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))


def check_free_for(folder: Path, manifest: str, names: Iterable[str]) -> None:
    """Refuse a folder without a manifest where files lie that a run would write: they are not a run's.

    Raises:
        OutputError: names the first.
    """
    if os.path.lexists(folder / manifest):
        return
    taken = next((folder / name for name in names if os.path.lexists(folder / name)), None)
    if taken is not None:
        raise OutputError(
            f"'{taken}' already exists, and no '{manifest}' beside it says that a run wrote it",
            "choose another --output, or move it to a name with a number with --force",
        )


def set_aside(folder: Path, names: tuple[str, ...]) -> None:
    """Move the files of an earlier run out of the way, to `NAME.1`, `NAME.2`, ...; nothing is deleted."""
    number = 1
    while any(os.path.lexists(folder / f"{name}.{number}") for name in names):
        number += 1
    for name in names:
        if os.path.lexists(folder / name):
            (folder / name).rename(folder / f"{name}.{number}")
