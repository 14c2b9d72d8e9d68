"""The record of a benchmark: the same head for every subject, written as it grows."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.utils.files import write_text_atomic
from vidkit.utils.ownership import FILES, SEAL, signed, unchanged_files
from vidkit.utils.provenance import provenance
from vidkit.utils.publishing import check_own
from vidkit.utils.reservation import reserve
from vidkit.utils.strict_json import load_json


def environment(
    packages: Iterable[str], seed: int, device: str | None = None, dtype: str | None = None
) -> dict[str, Any]:
    """What the figures were measured on; the same fields in every record. Take it before measuring.

    Args:
        packages: those whose versions matter.
        seed: of the run.
        device: name of what computes; None: processor and cores.
        dtype: of the computation, None where there is none.
    """
    return {**provenance(packages, device), "seed": seed, "dtype": dtype, "threads": threads()}


def threads() -> int:
    """Threads that a computation on the CPU may use."""
    text = os.environ.get("OMP_NUM_THREADS", "")
    return int(text) if text.isdecimal() and int(text) else len(os.sched_getaffinity(0))


class BenchRecord:
    """What a benchmark found, as it lies in `FOLDER/NAME.json`, with the plots it owns.

    Args:
        benchmark: name of the subject.
        folder: of record and plots.
        plots: names of the plots it may write; those of an earlier run are removed, files of others refused.
        made_by: the command that measures the same.
        settings: of the run.
        environment: `environment(...)`.
        inputs: what each part is measured on.
        force: overwrite files of others under these names.

    Raises:
        OutputError: a file of that name is not one that vidkit wrote, or another run holds the record.
    """

    def __init__(
        self,
        benchmark: str,
        folder: Path,
        plots: Sequence[str],
        *,
        made_by: str,
        settings: Mapping[str, Any],
        environment: Mapping[str, Any],
        inputs: Mapping[str, str],
        force: bool = False,
    ) -> None:
        self.folder, self.plots = folder, tuple(plots)
        self.file = folder / f"{benchmark.replace('-', '_')}.json"
        self.head: dict[str, Any] = {
            "benchmark": benchmark,
            "made_by": made_by,
            "environment": dict(environment),
            "settings": {name: value for name, value in settings.items() if name not in ("dry_run", "force")},
            "inputs": dict(inputs),
            "complete": False,
            "parts": [],
        }
        self.found: dict[str, Any] = {}
        self._held = ExitStack()
        self._held.enter_context(reserve(self.file.with_suffix("")))
        self._clear(force)

    @property
    def environment(self) -> dict[str, Any]:
        """What it was measured on."""
        found: dict[str, Any] = self.head["environment"]
        return found

    def took(self, part: str, planned_s: float, taken_s: float) -> None:
        """Note how long a part was thought to take, and took."""
        row = {"part": part, "planned_s": round(planned_s, 2), "taken_s": round(taken_s, 2)}
        self.head["parts"].append(row)

    def content(self) -> dict[str, Any]:
        """Head and findings as JSON has them; what is infinite is null."""
        plain: dict[str, Any] = json.loads(json.dumps(_finite({**self.head, **self.found}), default=str))
        return plain

    def write(self) -> None:
        """Write the record, signed for the plots that are there."""
        plots = [path for name in self.plots if (path := self.folder / name).exists()]
        owning = signed(self.content(), self.folder, {path: path for path in plots})
        write_text_atomic(self.file, json.dumps(owning, indent=1, allow_nan=False) + "\n")

    def release(self) -> None:
        """Let other runs write here; a second call does nothing."""
        self._held.close()

    def _clear(self, force: bool) -> None:
        """Remove the plots of an earlier run, which would be taken for this one's; files of others stay."""
        targets = [self.folder / name for name in self.plots]
        check_own([*targets, self.file], self.file, force=force)
        for old in unchanged_files(self.file):
            old.unlink(missing_ok=True)


def content_of(file: Path) -> dict[str, Any]:
    """A record without its signature.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        record = load_json(file.read_text(encoding="utf-8"), str(file))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read '{file}': {error}", "run the benchmark again") from error
    if not isinstance(record, dict):
        raise DataError(f"'{file}' is not a record of a benchmark", "run the benchmark again")
    return {name: value for name, value in record.items() if name not in (FILES, SEAL)}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
