"""A single file that shows that vidkit wrote it: `--json FILE`, `--html FILE`, a table of thresholds.

Such a file has no record beside it (`ownership`), so it carries the hash of its own content: JSON under the
key `sealed`, a page in its last line. Whole and unchanged it may be written anew by the next run; a file of
somebody else, or one that somebody edited, stays without `--force`; what a run reads stays in any case.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vidkit.errors import OutputError
from vidkit.utils.paths import expanded

KEY = "sealed"
_LARGEST = 1 << 30  # bytes of a file that is looked at
_LONGEST_PATH = 4096
_LAST_LINE = re.compile(rb"<!-- vidkit ([0-9a-f]{64}) -->\n?\Z")


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same content, to be written as JSON, with its hash under `sealed`."""
    whole = {key: value for key, value in content.items() if key != KEY}
    return {**whole, KEY: _hash(whole)}


def sealed_page(text: str) -> str:
    """The same page with its hash in a last line."""
    return f"{text}<!-- vidkit {hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()} -->\n"


def is_sealed(path: Path) -> bool:
    """Whether a regular file is as vidkit wrote it."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return False
        raw = path.read_bytes()
        last = _LAST_LINE.search(raw, max(0, len(raw) - 100))
        if last is not None:
            return hashlib.sha256(raw[: last.start()]).hexdigest().encode() == last.group(1)
        content = json.loads(raw)
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(content, dict) or KEY not in content:
        return False
    return bool(content[KEY] == _hash({key: value for key, value in content.items() if key != KEY}))


def check_single(target: Path, option: str, named: Mapping[str, Path], force: bool) -> None:
    """Refuse to write over what is not ours.

    Args:
        target: the file that will be written.
        option: what named it, for the message: `--json`.
        named: files and folders that the run reads or writes otherwise, by the settings that name them.
        force: overwrite files of others; those that the run itself names are refused all the same.

    Raises:
        OutputError: the file must stay, and why.
    """
    for name, path in named.items():
        if _is_same(target, path):
            raise OutputError(
                f"'{target}' ({option}) would overwrite '{path}', which {name} names",
                f"choose another {option}",
            )
    if not os.path.lexists(target):
        return
    found = target.lstat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        raise OutputError(
            f"'{target}' ({option}) is {'a folder' if target.is_dir() else 'not an ordinary file'}",
            f"choose another {option}",
        )
    # an empty file, as mktemp makes it, holds nothing that could be lost
    if force or (stat.S_ISREG(found.st_mode) and found.st_size == 0) or is_sealed(target):
        return
    link = stat.S_ISLNK(found.st_mode)
    why = "is a symbolic link" if link else "already exists and is not an unchanged output of vidkit"
    raise OutputError(
        f"'{target}' ({option}) {why}", f"choose another {option}, or overwrite it with --force"
    )


def named_paths(settings: Any) -> dict[str, Path]:
    """What settings name that may be a file, at any depth; `output` with the record beside it."""
    found = {}
    for name, text in _texts(settings, ""):
        if 0 < len(text) < _LONGEST_PATH and "\0" not in text and "\n" not in text:
            found[f"'{name}'"] = path = expanded(text)
            if name == "output" and path.suffix:
                found["the record of 'output'"] = path.with_suffix(".json")
                found["the sheet of 'output'"] = path.with_suffix(".png")
    return found


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, str(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _texts(getattr(value, field.name), f"{name}.{field.name}" if name else field.name)
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _texts(each, f"{name}[{place}]")


def _is_same(target: Path, given: Path) -> bool:
    try:
        if os.path.realpath(target) == os.path.realpath(given):
            return True
        return os.path.exists(target) and os.path.exists(given) and os.path.samefile(target, given)
    except (OSError, ValueError):
        return False


def _hash(content: Mapping[str, Any]) -> str:
    # through JSON once, since tuples and numeric keys do not come back as they went in
    plain = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
