"""Several files that appear together in a folder, owned by a record, over nothing that is foreign.

Files are made in a hidden folder beside their places. When all are whole, a journal (`.NAME` for the record
`NAME`) says which are about to appear, then they do, then the record that owns them; what the record before
owned and nobody touched is removed. Killed at any moment, the next run still knows what is ours.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.utils.files import atomic_path, check_writable, write_text_atomic
from vidkit.utils.ownership import check_targets, marks_in, signed, unchanged_files


@dataclass
class Stage:
    """A place to make files in before they appear.

    Attributes:
        folder: where they are made, with the names they will have.
        target: where they will lie.
        content: of the record, set by `publish`.
    """

    folder: Path
    target: Path
    content: dict[str, Any] | None = field(default=None)

    def publish(self, content: Mapping[str, Any]) -> None:
        """Let everything appear at the end of the block, with this record."""
        self.content = dict(content)


@contextmanager
def staged(folder: Path, record: str, inputs: Sequence[Path] = (), force: bool = False) -> Iterator[Stage]:
    """A stage for files of `folder`; without a call of `publish`, or with an exception, none of them appears.

    Args:
        folder: exists.
        record: name of the JSON file that owns them.
        inputs: files and folders that the run reads, which are never overwritten.
        force: overwrite files of others; they are never removed.

    Raises:
        OutputError: a file that would be overwritten is not ours, or the disk is full.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".staged-") as name:
        stage = Stage(Path(name), folder)
        yield stage
        if stage.content is not None:
            _publish(stage, folder / record, inputs, force)


def check_own(
    targets: Iterable[Path], record: Path, inputs: Sequence[Path] = (), force: bool = False
) -> None:
    """Refuse, before anything is computed, to overwrite files that neither the record nor its journal own.

    Raises:
        OutputError: the first such file, and why.
    """
    journal = _journal(record)
    in_journal = {path: mark for path, mark in marks_in(journal).items() if mark.fits(path)}
    for target in targets:
        check_targets([target], journal if target in in_journal else record, inputs, force)


def foreign_files(folder: Path, record: Path) -> list[Path]:
    """Files in a folder that the record and its journal did not write, or that were changed since."""
    if not folder.is_dir():
        return []
    own = {*unchanged_files(record), *unchanged_files(_journal(record))}
    return sorted(path for path in folder.iterdir() if path not in own)


def _journal(record: Path) -> Path:
    return record.with_name(f".{record.name}")


def _publish(stage: Stage, record: Path, inputs: Sequence[Path], force: bool) -> None:
    made = sorted(path for path in stage.folder.rglob("*") if path.is_file())
    places = {stage.target / path.relative_to(stage.folder): path for path in made}
    check_own([*places, record], record, inputs, force)
    earlier = {*unchanged_files(record), *unchanged_files(_journal(record))}
    owning = signed(stage.content or {}, stage.target, places)
    journal = _journal(record)
    check_own([journal], journal, inputs, force=False)
    write_text_atomic(journal, _text(signed({"publishes": record.name}, stage.target, places)))
    for target, source in places.items():
        check_writable(target.parent, create=True)
        with atomic_path(target, fresh=not os.path.lexists(target)) as temporary:
            os.replace(source, temporary)
    for old in earlier - {*places, record}:
        old.unlink(missing_ok=True)  # frames of an earlier selection would be taken for these
    write_text_atomic(record, _text(owning))
    journal.unlink(missing_ok=True)


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
