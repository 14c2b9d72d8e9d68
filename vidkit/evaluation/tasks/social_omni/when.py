"""Level 2, "when": binary classification at one annotated time, as published and as coded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidkit.evaluation.always_yes import always_no, always_yes
from vidkit.evaluation.answers import Choice
from vidkit.evaluation.answers.decision import read_yes_no
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.replies import MISSING, judged_choice, read_reply
from vidkit.evaluation.tasks.social_omni.official import parse_social_omni_yes_no
from vidkit.evaluation.tasks.social_omni.records import YES, When, first_reply
from vidkit.evaluation.types import Mode
from vidkit.utils.statistics import Places


@dataclass(frozen=True, slots=True)
class WhenAnswer:
    """A graded "when"; `counted` is False where the mode drops it from the denominator."""

    item: When
    choice: Choice
    counted: bool

    @property
    def cell(self) -> str:
        """`tp`, `fp`, `fn`, `tn`; an unread reply is `unread_yes` or `unread_no` by its gold answer."""
        gold_yes = self.item.gold == YES
        if self.choice.letter is None:
            return "unread_yes" if gold_yes else "unread_no"
        return {(True, True): "tp", (True, False): "fn", (False, True): "fp", (False, False): "tn"}[
            gold_yes, self.choice.letter == YES
        ]


def when_metrics(
    tp: int, fp: int, fn: int, tn: int, *, unread_yes: int = 0, unread_no: int = 0
) -> dict[str, float]:
    """Metrics of the "when" question; positive = YES (arXiv 2603.16859, table 4).

    Args:
        tp: gold YES, said YES.
        fp: gold NO, said YES: an early turn.
        fn: gold YES, said NO: a late one.
        tn: gold NO, said NO.
        unread_yes: gold YES without a readable reply; wrong, and missed by recall.
        unread_no: gold NO without a readable reply; wrong.

    Returns:
        `accuracy`, `precision`, `recall`, `f1`, `early` = FP/n, `late` = FN/n as shares in [0, 1] (the
        tables print percent); undefined ones are 0.

    Raises:
        ValueError: a negative count.
    """
    counts = (tp, fp, fn, tn, unread_yes, unread_no)
    if min(counts) < 0:
        raise ValueError(f"counts cannot be negative: {counts}")
    n = sum(counts)
    return {
        "accuracy": _share(tp + tn, n),
        "precision": _share(tp, tp + fp),
        "recall": _share(tp, tp + fn + unread_yes),
        "f1": _share(2 * tp, 2 * tp + fp + fn + unread_yes),
        "early": _share(fp, n),
        "late": _share(fn, n),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def grade(items: Sequence[When], mode: Mode) -> list[WhenAnswer]:
    """Read the replies to question 1. Official: items never run are not counted, failed ones are wrong."""
    parse = parse_social_omni_yes_no if mode is Mode.OFFICIAL else read_yes_no
    out = []
    for item in items:
        reply = first_reply(item.row)
        choice = read_reply(reply, parse) if reply is not None else MISSING
        if reply is not None and mode is Mode.ROBUST:
            choice = judged_choice(reply, choice)
        out.append(WhenAnswer(item, choice, mode is Mode.ROBUST or choice.rule != "missing"))
    return out


def count_cells(decided: Sequence[WhenAnswer]) -> dict[str, int]:
    """How many counted items lie in each cell."""
    cells = dict.fromkeys(("tp", "fp", "fn", "tn", "unread_yes", "unread_no"), 0)
    for d in decided:
        if d.counted:
            cells[d.cell] += 1
    return cells


def add_metrics(metrics: RatioMetrics, decided: Sequence[WhenAnswer], place: Places, total: int) -> None:
    """The six metrics in percent, and accuracy over answered items."""
    one = {cell: np.zeros(total) for cell in count_cells([])}
    for i, d in zip(place, decided, strict=True):
        if d.counted:
            one[d.cell][i] = 1.0
    n = sum(one.values(), np.zeros(total))
    gold_yes = one["tp"] + one["fn"] + one["unread_yes"]
    metrics.add("when_accuracy", one["tp"] + one["tn"], n, empty=0.0)
    metrics.add("when_answered", one["tp"] + one["tn"], n - one["unread_yes"] - one["unread_no"])
    metrics.add("when_precision", one["tp"], one["tp"] + one["fp"], empty=0.0)
    metrics.add("when_recall", one["tp"], gold_yes, empty=0.0)
    metrics.add("when_f1", 2 * one["tp"], gold_yes + one["tp"] + one["fp"], empty=0.0)
    metrics.add("when_early", one["fp"], n, empty=0.0)
    metrics.add("when_late", one["fn"], n, empty=0.0)


def baselines(decided: Sequence[WhenAnswer]) -> dict[str, dict[str, float]]:
    """Always YES, always NO and an even coin on these items, in percent."""
    yes = sum(d.item.gold == YES for d in decided)
    no = len(decided) - yes
    coin = {"accuracy": 0.5, "precision": _share(yes, yes + no), "recall": 0.5}
    coin["f1"] = _share(2 * coin["precision"] * coin["recall"], coin["precision"] + coin["recall"])
    coin["early"], coin["late"] = _share(no, 2 * (yes + no)), _share(yes, 2 * (yes + no))
    return {
        "always YES": {**always_yes(yes, no), "early": 100 * _share(no, yes + no), "late": 0.0},
        "always NO": {**always_no(yes, no), "early": 0.0, "late": 100 * _share(yes, yes + no)},
        "even coin (expected)": {name: 100 * value for name, value in coin.items()},
    }
