"""Speed against quality: every setting, the floor, and the front that nothing beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vidkit.bench.tuning.scores import Score
from vidkit.bench.tuning.search import Outcome
from vidkit.utils.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, drawn

COLOURS = {"steps": GREY, "attention": BLUE, "cache": ORANGE, "precision": GREEN}
SEVERAL = PURPLE


def pareto(scores: Sequence[Score]) -> list[Score]:
    """Settings that no other beats in speed and PSNR, from slow to fast."""
    measured = sorted((s for s in scores if s.clips), key=lambda s: (-s.speed.mean, -s.psnr.mean))
    front: list[Score] = []
    for score in measured:
        if not front or score.psnr.mean > front[-1].psnr.mean:
            front.append(score)
    return front[::-1]


def plot(outcome: Outcome, floor: float, title: str, path: Path) -> None:
    """Write the picture (.png)."""
    measured = [score for score in outcome.scores if score.clips]
    front = pareto(measured)
    with drawn(path, 7.0, 4.5) as figure:
        axes = figure.subplots()
        axes.axhline(floor, color=RED, linewidth=0.8, linestyle="--", label=f"floor {floor:g} dB")
        labels: set[str] = set()
        for score in measured:
            kind = score.setting.axes[0] if len(score.setting.axes) == 1 else "several changes"
            colour = COLOURS.get(kind, SEVERAL)
            reach = [
                [max(0.0, score.psnr.mean - score.psnr.low)],
                [max(0.0, score.psnr.high - score.psnr.mean)],
            ]
            label = None if kind in labels else kind
            labels.add(kind)
            axes.errorbar(
                score.speed.mean,
                score.psnr.mean,
                yerr=reach,
                fmt="o",
                color=colour,
                markersize=4,
                elinewidth=0.6,
                label=label,
            )
            chosen = score.setting == outcome.chosen
            if chosen:
                axes.plot(score.speed.mean, score.psnr.mean, "o", color=INK, markersize=9, fillstyle="none")
            if chosen or score in front:
                spot = (score.speed.mean, score.psnr.mean)
                axes.annotate(score.setting.name, spot, (5, 4), textcoords="offset points", fontsize=6)
        axes.plot([s.speed.mean for s in front], [s.psnr.mean for s in front], color=INK, linewidth=0.7)
        if measured:
            values = [floor, *(score.psnr.mean for score in measured)]
            axes.set_ylim(min(values) - 4, max(values) + 6)
        axes.set_xlabel("times as fast as the reference (clip, nothing loaded or written)")
        axes.set_ylabel("PSNR to the reference's clip, dB")
        axes.set_title(title)
        axes.legend(fontsize=7)
