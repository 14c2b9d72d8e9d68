"""What a run says of itself: progress while it goes, a summary when it ends."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a run at one moment.

    Attributes:
        done: items settled, those of an earlier start included.
        total: items in all, None when unknown.
        failed: of `done`, those without a reply.
        resumed: of `done`, those that an earlier start had settled.
        calls: requests that this start has settled (streaming and judges make several an item).
        elapsed_s: since this start.
    """

    done: int
    total: int | None
    failed: int
    resumed: int
    calls: int
    elapsed_s: float

    @property
    def rate(self) -> float:
        """Items a second of this start; those taken over are not counted."""
        return (self.done - self.resumed) / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds to go at the rate so far, None when unknown."""
        if self.total is None or self.rate <= 0:
            return None
        return max(self.total - self.done, 0) / self.rate

    def __str__(self) -> str:
        of = f"/{self.total}" if self.total is not None else ""
        eta = f", {_clock(self.eta_s)} to go" if self.eta_s is not None else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done}{of} items{failed}, {self.rate:.1f} per second{eta}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


_FIGURES = re.compile(r"\d+(?:\.\d+)?")
_KEPT = 1000  # different reasons; more are counted as others
NAMED = 10
"""Failed items that a summary names."""


@dataclass(slots=True)
class RunSummary:
    """What became of every item.

    Attributes:
        folder: of the run.
        predictions: the file to score.
        items: items that the run is about; the four counts below add up to it.
        answered: with a reply.
        failed: without one, see `failures`.
        not_asked: items whose condition was not met (after another one that the model answered with no).
        open: items that a stopped run did not get to.
        resumed: of `answered`, those that an earlier start had settled.
        calls: requests of this start.
        cut_off: replies that ended at the token budget.
        seconds: of this start.
        failures: the first failed items as (id, reason); the rest is in the log.
        failures_by_kind: counts of failed items.
        reasons: how often each reason made an item fail; figures in a reason do not make it another one.
        without_text: replies without text by what they are instead (`tool_calls`, `content_filter`, ...).
        notes: what the engine does otherwise than asked.
        judges: per judge, replies with a score on the scale and without.
        stopped: why the run ended before its time, empty if it did not.
    """

    folder: Path
    predictions: Path
    items: int = 0
    answered: int = 0
    failed: int = 0
    not_asked: int = 0
    open: int = 0
    resumed: int = 0
    calls: int = 0
    cut_off: int = 0
    seconds: float = 0.0
    failures: list[tuple[str, str]] = field(default_factory=list)
    failures_by_kind: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, tuple[str, int]] = field(default_factory=dict)
    without_text: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    judges: dict[str, dict[str, int]] = field(default_factory=dict)
    stopped: str = ""

    def add_failure(self, key: str, reason: str, kind: str) -> None:
        """Count a failed item, and name it if it is among the first."""
        self.failed += 1
        self.failures_by_kind[kind] += 1
        like = _FIGURES.sub("#", reason)
        if like in self.reasons or len(self.reasons) < _KEPT:
            example, count = self.reasons.get(like, (reason, 0))
            self.reasons[like] = (example, count + 1)
        if len(self.failures) < NAMED:
            self.failures.append((key, reason))

    def commonest_reasons(self, most: int = 3) -> list[str]:
        """The commonest reasons for failed items with their counts, for people."""
        found = sorted(self.reasons.values(), key=lambda pair: -pair[1])
        lines = [f"{count} x {example}" for example, count in found[:most]]
        rest = self.failed - sum(count for _, count in found[:most])
        return [*lines, f"{rest} x other reasons"] if found and rest > 0 else lines

    def add_judgement(self, judge: str, has_score: bool) -> None:
        """Count a judge's reply."""
        counts = self.judges.setdefault(judge, {"scored": 0, "failed": 0})
        counts["scored" if has_score else "failed"] += 1

    def as_dict(self) -> dict[str, Any]:
        """For `summary.json`."""
        return {
            name: getattr(self, name)
            for name in (
                "items", "answered", "failed", "not_asked", "open", "resumed", "calls", "cut_off", "seconds",
                "failures", "judges", "stopped", "notes",
            )
        } | {
            "failures_by_kind": dict(self.failures_by_kind), "without_text": dict(self.without_text),
            "reasons": [{"reason": example, "items": n} for example, n in self.reasons.values()],
        }  # fmt: skip


class Clock:
    """Reports progress at most every so often."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.started_s = time.monotonic()
        self._told_s = self.started_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started_s

    def is_due(self) -> bool:
        """Has enough time passed since the last report?"""
        now_s = time.monotonic()
        if now_s - self._told_s < self._every_s:
            return False
        self._told_s = now_s
        return True
