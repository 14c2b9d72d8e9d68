"""What `vidkit calibrate` prints: the plan of a dry run, its progress, and what the table holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.commands.progress import RunProgress
from vidkit.utils.plain import duration

if TYPE_CHECKING:
    from vidkit.attention import ThresholdTable
    from vidkit.attention.calibration import ProbeProgress


@dataclass(frozen=True)
class CalibrationSummary:
    """A table in figures.

    Attributes:
        table: the file; None in a dry run of `resolve`.
        budget: minimum mean sparsity asked for.
        sparsity: mean sparsity of the chosen thresholds, from the single-head measurements.
        error: summed single-head error of the choice.
        shared_tau: threshold that every head would have without a table.
        shared_error: summed single-head error at it.
        shared_sparsity: mean sparsity at it.
        joint: error with all heads sparse at once on held-out prompts; None: not measured.
        floor: error after a change of one unit in the last place, by layer, their median, and how many heads
            lie there; None: not measured.
        delta: for reuse=tmr_auto; None: not chosen.
        counts: heads by chosen threshold.
    """

    table: str | None
    model: str
    predictor: str
    budget: float
    sparsity: float
    error: float
    shared_tau: float | None
    shared_error: float | None
    shared_sparsity: float | None
    joint: dict[str, Any] | None
    floor: dict[str, Any] | None
    delta: float | None
    counts: dict[str, int]
    labels: tuple[str, ...] = field(default=())


def summary_of(table: ThresholdTable, path: Path | None, labels: tuple[str, ...] = ()) -> CalibrationSummary:
    """The figures of a table."""
    meta = table.meta
    counts = Counter(f"{tau:g}" for row in table.tau for tau in row)
    return CalibrationSummary(
        None if path is None else str(path),
        table.model,
        str(table.predictor.get("name")),
        table.budget,
        table.achieved_sparsity,
        table.objective,
        meta.get("shared_tau"),
        meta.get("shared_tau_objective"),
        meta.get("shared_tau_sparsity"),
        meta.get("joint"),
        meta.get("floor"),
        meta.get("delta"),
        dict(sorted(counts.items())),
        labels,
    )


def summary_lines(made: CalibrationSummary) -> list[str]:
    """The same for people; labels first."""
    lines = [f"note    {label}" for label in made.labels]
    lines += [f"table   {made.table}"] if made.table is not None else ["table   not written (dry run)"]
    heads = ", ".join(f"{count} at {tau}" for tau, count in made.counts.items())
    lines.append(f"heads   {heads}")
    lines.append(
        f"budget  sparsity {made.sparsity:.3f} of at least {made.budget:.3f}; summed error of single heads"
        f" {made.error:.3g}{_against(made.shared_tau, made.shared_error, made.shared_sparsity)}"
    )
    if made.floor is not None:
        floor = made.floor
        lines.append(
            f"floor   {floor['median']:.2g} from a change of one unit in the last place;"
            f" {floor['heads_at_floor']} of {floor['heads']} heads lie below twice their layer's floor"
            " at every threshold"
        )
    if made.joint is not None:
        joint = made.joint
        above = joint.get("above_floor")
        note = "" if above is None else f" ({above:.3g} above the floor)"
        lines.append(
            f"joint   error {joint['joint']:.3g} with all heads sparse at {joint['sparsity']:.3f} on held-out"
            f" prompts, predicted {joint['predicted']:.3g}{note}; tau {made.shared_tau:g} on every head:"
            f" {joint['shared']:.3g} at {joint['shared_sparsity']:.3f}"
        )
    if made.delta is not None:
        lines.append(f"reuse   delta {made.delta:.3g} for attention.reuse=tmr_auto")
    return lines


def _against(tau: float | None, error: float | None, sparsity: float | None) -> str:
    if tau is None or error is None or sparsity is None:
        return ""
    return f" (tau {tau:g} on every head: {error:.3g} at {sparsity:.3f})"


class CalibrationProgress(RunProgress):
    """Stages, steps of the dense runs, and probes with the time left."""

    def __enter__(self) -> CalibrationProgress:
        super().__enter__()
        self._probes = 0
        return self

    def phase(self, name: str, detail: str = "") -> None:
        if name == "load":
            super().phase(name, detail)

    def stage(self, text: str) -> None:
        if self._live:
            self._next_task(text, None)
        else:
            self._line(text)

    def probe(self, at: ProbeProgress) -> None:
        first, self._probes = self._probes == 0, at.done
        if first and at.done > 1:
            self._line(f"resumed: {at.done - 1} of {at.total} probes were on disk")
        note = f"{at.done}/{at.total}  {duration(at.eta_s or 0)} left"
        if self._live:
            if first:
                self._next_task("probing", at.total)
            if self._task is not None:
                self._bar.update(self._task, completed=at.done, note=note)
        elif first or 10 * at.done // at.total > 10 * (at.done - 1) // at.total:
            self._line(f"probing {100 * at.done // at.total} %  {note}")
