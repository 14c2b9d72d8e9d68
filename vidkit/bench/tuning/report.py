"""The table of a sweep, and what it came to in sentences."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from vidkit.bench.tables import TextTable
from vidkit.bench.tuning.figure import pareto
from vidkit.bench.tuning.scores import Score
from vidkit.bench.tuning.search import Outcome
from vidkit.bench.tuning.setting import REFERENCE
from vidkit.config.tune_schema import SweepSettings
from vidkit.utils.statistics import MeanInterval


def table_of(outcome: Outcome, sweep: SweepSettings, reference_seconds: float) -> TextTable:
    """Every setting that was measured, the fastest first."""
    mazes = any(score.solved is not None for score in outcome.scores)
    headings = [
        "setting",
        "clips",
        "PSNR, dB",
        *(["mazes lost"] if mazes else []),
        "s per clip",
        "speed",
        "floor",
    ]
    caption = (
        f"floor: {sweep.psnr:g} dB"
        + (f", at most {100 * sweep.success_loss:.0f} % of mazes lost" if mazes else "")
        + "; 95 % intervals; speed against the reference, in turns"
    )
    table = TextTable(headings, "vidkit tune", caption)
    front = pareto(outcome.scores)
    for score in outcome.scores:
        mark = "* " if score.setting == outcome.chosen else ("+ " if score in front else "")
        lost = [f"{score.lost} of {score.kept_of}" if score.kept_of else "-"] if mazes else []
        table.add(
            mark + score.setting.name,
            str(score.clips),
            interval(score.psnr, 1),
            *lost,
            f"{score.seconds:.2f}" if score.clips else "-",
            interval(score.speed, 2, "x"),
            score.verdict.value if not score.why else "cannot run",
        )
    lost = ["-"] if mazes else []
    mark = "* " if outcome.chosen == REFERENCE else ""
    table.add(f"{mark}reference", "-", "-", *lost, f"{reference_seconds:.2f}", "1", "-")
    return table


def interval(value: MeanInterval, digits: int, unit: str = "") -> str:
    """Mean and bounds in one cell."""
    if math.isnan(value.mean):
        return "-"
    bounds = f" ({value.low:.{digits}f}..{value.high:.{digits}f})" if math.isfinite(value.low) else ""
    return f"{value.mean:.{digits}f}{unit}{bounds}"


def sentences(outcome: Outcome) -> list[str]:
    """What was chosen and why, how it stands to fewer steps, what was left out."""
    lines = [f"chosen  {outcome.chosen.name}: {outcome.reason}"]
    if outcome.fewer_steps is None:
        lines.append("        fewer steps alone do not hold the floor, or are no faster")
    elif outcome.gain is not None:
        lines.append(f"        {interval(outcome.gain, 2, 'x')} as fast as {outcome.fewer_steps.name} alone")
    reasons = Counter(one.cause.value for one in outcome.pruned)
    if reasons:
        told = ", ".join(f"{count} {cause}" for cause, count in reasons.most_common())
        lines.append(f"pruned  {len(outcome.pruned)} settings: {told}")
    failed = [score for score in outcome.scores if score.why]
    lines += [f"        {score.setting.name} cannot run: {score.why}" for score in failed]
    return lines


def content_of(outcome: Outcome, sweep: SweepSettings) -> dict[str, Any]:
    """Of the record."""
    scores: list[Score] = list(outcome.scores)
    gain = outcome.gain
    return {
        "floor": {"psnr_db": sweep.psnr, "success_loss": sweep.success_loss},
        "chosen": outcome.chosen.name,
        "reason": outcome.reason,
        "fewer_steps": None if outcome.fewer_steps is None else outcome.fewer_steps.name,
        "times_as_fast_as_fewer_steps": None if gain is None else gain.rounded(4),
        "settings": [score.as_dict() for score in scores],
        "pareto": [score.setting.name for score in pareto(scores)],
        "pruned": [{"setting": one.setting.name, "why": one.why} for one in outcome.pruned],
    }
