"""The run of a benchmark: part by part, each told, timed, kept and shown, whatever ends it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vidkit.bench.progress import BenchProgress
from vidkit.bench.record import BenchRecord
from vidkit.errors import MissingDependency

log = logging.getLogger(__name__)

Tell = Callable[[str], None]


class Planned(Protocol):
    """What a plan says of a part."""

    @property
    def kind(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def planned_s(self) -> float: ...


@dataclass(frozen=True)
class Part:
    """One part of a benchmark.

    Attributes:
        name: as printed, unique in the run.
        what: it measures, for the plan.
        planned_s: about how long it takes.
        measure: yields findings one by one; what it is given tells how far it is.
    """

    name: str
    what: str
    planned_s: float
    measure: Callable[[Tell], Iterator[Any]] = field(repr=False)

    @property
    def kind(self) -> str:
        """The name without what is measured."""
        return self.name.removesuffix(self.what).strip() or self.name


def run_parts(
    parts: Sequence[Part],
    record: BenchRecord,
    progress: BenchProgress,
    take: Callable[[Part, Any], str],
    show: Callable[[Part], None],
    finish: Callable[[], None] = lambda: None,
) -> None:
    """Measure all parts; the record is on disk after every finding, complete only at the end.

    Args:
        parts: in order.
        record: notes planned and taken seconds of each part.
        progress: told what happens.
        take: puts a finding into the record and says it in a few words, empty to say nothing.
        show: prints and draws a part that ended, or was cut off.
        finish: draws what there is, at the end or after an interruption.
    """
    try:
        for part in parts:
            progress.begin(part.name)
            start = time.monotonic()
            try:
                for finding in part.measure(progress.note):
                    note = take(part, finding)
                    record.write()
                    if note:
                        progress.note(note)
                record.took(part.name, part.planned_s, time.monotonic() - start)
            finally:
                show(part)
        record.head["complete"] = True
    finally:
        try:
            finish()
        except MissingDependency as error:
            log.warning("no plot: %s", error.message)
        record.write()
        record.release()
