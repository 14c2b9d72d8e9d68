"""`vidkit algoviz validate`: problems in traces, by code and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.algoviz.vta.trace import Trace, load
from vidkit.commands.algoviz.reading import count, finding_lines, summary
from vidkit.errors import DataError


@dataclass(frozen=True)
class Validated:
    """Of one file.

    Args:
        file: as it was given.
        steps: number of deltas.
        hash: SHA-256 of the canonical JSON; None where nobody asked for the result, since it takes its time.
        errors: findings that end a strict run.
        diagnostics: all findings.
    """

    file: str
    steps: int
    hash: str | None
    errors: int
    diagnostics: tuple[dict[str, Any], ...]


def run(files: Sequence[Path], strict: bool, all_of_them: bool, with_hash: bool) -> list[Validated]:
    """Read each file, print what was found; of several files all are read, whatever one of them is.

    Raises:
        DataError: the first file that is no trace.
        StrictError: `strict`, and the first file with an error.
    """
    made: list[Validated] = []
    first: DataError | None = None
    for file in files:
        try:
            made.append(_validated(file, load(file, strict), all_of_them, with_hash))
        except DataError as error:
            if len(files) > 1:
                print(f"{file}: refused: {error.message}")
            first = first or error
    if first is not None:
        raise first
    return made


def _validated(file: Path, trace: Trace, all_of_them: bool, with_hash: bool) -> Validated:
    found = trace.diagnostics
    print(f"{file}: {summary(trace)}; {count(found)}")
    for line in finding_lines(found, all_of_them):
        print(line)
    told = tuple(diagnostic.as_dict() for diagnostic in found)
    whole = trace.hash() if with_hash else None
    return Validated(str(file), len(trace), whole, len(trace.errors), told)
