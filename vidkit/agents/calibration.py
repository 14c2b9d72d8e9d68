"""From a small model's logged replies to a gate: scores, the threshold, and how good each score is."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidkit.agents.gate import KINDS, gate
from vidkit.agents.gate_scores import aurc, auroc, selective_accuracy
from vidkit.agents.risk_control import METHODS, calibrate_threshold, conformal_threshold
from vidkit.agents.separability import Array
from vidkit.serving.reply import Alternative, Token


@dataclass(frozen=True, slots=True)
class LoggedDraft:
    """One reply of a run with its log-probabilities, and whether it is right."""

    id: str
    tokens: tuple[Token, ...]
    correct: bool
    cut: bool = False  # by the token budget: never believed


def tokens_of(row: Mapping[str, Any]) -> tuple[Token, ...] | None:
    """The tokens that a log keeps with a reply; None where it keeps none, or they cannot be read."""
    meta = row.get("meta")
    listed = meta.get("tokens") if isinstance(meta, Mapping) else None
    if not isinstance(listed, list):
        return None
    try:
        return tuple(
            Token(
                str(one["text"]),
                float(one["logprob"]),
                tuple(Alternative(str(top["token"]), float(top["logprob"])) for top in one["top"]),
            )
            for one in listed
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def fewest_alternatives(drafts: Sequence[LoggedDraft]) -> int:
    """Alternatives that every token has; 0 without tokens."""
    return min((len(token.top) for draft in drafts for token in draft.tokens), default=0)


def gate_scores(drafts: Sequence[LoggedDraft], kind: str, k: int) -> Array:
    """Score of every draft [N] as that kind of gate sees it; NaN where no threshold would believe it.

    Raises:
        ValueError: unknown kind.
    """
    found = []
    for draft in drafts:
        # no threshold: what is left is the second condition, and whether there is a score
        decision = gate(draft.tokens, -math.inf, kind, k)
        found.append(decision.score if decision.accepted and not draft.cut else math.nan)
    return np.array(found, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A threshold on its split.

    Attributes:
        threshold: None where none keeps the risk.
        coverage: share believed.
        accuracy: of the believed; None where none is.
        scores: of the drafts [N].
        correct: of the drafts [N].
    """

    threshold: float | None
    coverage: float
    accuracy: float | None
    scores: Array
    correct: Array

    @property
    def curve(self) -> tuple[Array, Array]:
        """Coverage and accuracy from the strictest threshold down."""
        return selective_accuracy(self.scores, self.correct)


def calibrated(
    drafts: Sequence[LoggedDraft], kind: str, k: int, risk: float, delta: float, method: str = METHODS[0]
) -> Calibrated:
    """The lowest threshold that keeps the risk, see `calibrate_threshold` and `conformal_threshold`."""
    scores, correct = gate_scores(drafts, kind, k), np.array([draft.correct for draft in drafts], dtype=bool)
    if method == "conformal":
        threshold = conformal_threshold(scores, correct, risk)
    else:
        threshold = calibrate_threshold(scores, correct, risk, delta)
    believed = scores > (math.inf if threshold is None else threshold)
    accuracy = float(correct[believed].mean()) if believed.any() else None
    return Calibrated(threshold, float(believed.mean()), accuracy, scores, correct.astype(np.float64))


CANDIDATES = ("min_prob", "log_mean", "entropy", "margin")
"""Kinds that may be chosen, the one first that was best on the embedded pair."""
_EQUAL = 0.001  # AUROC that is not worth leaving the first for


def choose_kind(drafts: Sequence[LoggedDraft], k: int) -> tuple[str, list[LoggedDraft]]:
    """The kind of score with the highest AUROC on a third of the drafts; drafts without a score rank lowest.

    Which third follows from the ids. A threshold that is found on the others keeps its promise, since they
    had no say in the choice.

    The paper's score alone is no candidate, since a coin toss can pass it.

    Returns:
        The kind, the first of `CANDIDATES` among equals, and the other drafts.
    """
    order = sorted(drafts, key=lambda draft: hashlib.sha256(draft.id.encode()).digest())
    third, rest = order[: len(order) // 3], order[len(order) // 3 :]
    correct = np.array([draft.correct for draft in third], dtype=np.float64)
    best, highest = CANDIDATES[0], -math.inf
    for kind in CANDIDATES:
        value = auroc(gate_scores(third, kind, k), correct)
        if value > highest + _EQUAL:  # never for NaN
            best, highest = kind, value
    return best, rest


def score_table(
    drafts: Sequence[LoggedDraft], k: int, risk: float, delta: float, method: str = METHODS[0]
) -> Iterator[dict[str, Any]]:
    """One row a score: AUROC, AURC, what its own threshold at the same risk would believe."""
    for kind in KINDS:
        found = calibrated(drafts, kind, k, risk, delta, method)
        yield {
            "score": kind,
            "auroc": auroc(found.scores, found.correct),
            "aurc": aurc(found.scores, found.correct),
            "threshold": found.threshold,
            "coverage": found.coverage,
            "accuracy": found.accuracy,
        }
