"""The gate: is a draft believed, or does the agent answer?

The paper's gate is separability alone. A coin toss between two answers can pass it (`separability`), so
ours also asks that the best token stands out from the second by a nat at every token.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vidkit.agents.confidence import CONFIDENCES, margin
from vidkit.agents.separability import (
    FEWEST,
    PAPER_K,
    as_rows,
    largest,
    real_number,
    separability,
    whole_number,
)
from vidkit.serving.reply import END_TOKENS, Token

MIN_MARGIN = 1.0
"""Nats between the best and the second best token: odds of 2.7 to 1."""
KINDS = ("margin", "paper", "min_prob", "log_mean", "entropy")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate said of one draft.

    Attributes:
        accepted: whether the draft is the answer.
        score: what was compared with the threshold; NaN where there was none.
        reason: why, in words; a draft without a score is deferred to the agent.
    """

    accepted: bool
    score: float
    reason: str

    def __bool__(self) -> bool:
        return self.accepted


def answer_rows(tokens: Any) -> Any:
    """Top-K values per answer token [T, K], without end tokens.

    Args:
        tokens: tokens of a reply (`vidkit.serving.reply.Token`), cut at the first end token; or an array
            [T, K] of logits or log-probabilities, taken as it is.
    """
    if isinstance(tokens, Sequence) and all(isinstance(token, Token) for token in tokens):
        rows = []
        for token in tokens:
            if token.text in END_TOKENS:
                break
            rows.append([other.logprob for other in token.top])
        return rows
    return tokens


def _threshold(value: Any) -> float:
    found = real_number("the gate's threshold", value)
    if math.isnan(found):
        raise ValueError("the gate's threshold must be a number, got nan")
    return found


def gate(tokens: Any, threshold: float, kind: str = "margin", k: int = PAPER_K) -> Decision:
    """Believe a draft or defer to the agent.

    Args:
        tokens: the draft's tokens, see `answer_rows`; None where the server gave no log-probabilities.
        threshold: the score must be greater. It belongs to one model, prompt and k.
        kind: `margin` (separability, and a margin of one nat at every token), `paper` (separability
            alone), or a baseline: `min_prob`, `log_mean`, `entropy`.
        k: alternatives per token that count.

    Raises:
        ValueError: unknown kind, a k below 3, or a threshold that is no number.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown gate '{kind}': must be one of {', '.join(KINDS)}")
    k, threshold = whole_number("k", k, FEWEST), _threshold(threshold)
    if tokens is None:
        return Decision(False, math.nan, "no score: the server gave no log-probabilities")
    rows = answer_rows(tokens)
    score = math.nan
    if all(len(top) >= FEWEST for top in largest(as_rows(rows), k)):  # whatever the kind: too little is known
        score = separability(rows, k) if kind in ("margin", "paper") else CONFIDENCES[kind](rows, k)
    if math.isnan(score):
        return Decision(
            False, score, "no score: an empty draft, or a token with fewer than three alternatives"
        )
    if not score > threshold:
        return Decision(False, score, f"score {score:.4g} is not above {threshold:g}")
    if kind == "margin" and not (found := margin(rows, k)) >= MIN_MARGIN:
        return Decision(False, score, f"the second best token is only {found:.2g} nats behind")
    return Decision(True, score, f"score {score:.4g} is above {threshold:g}")
