"""Scores of one video's four questions (Video-MME-v2, arXiv 2604.05015 and the authors' script b24176a)."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

from vidkit.errors import DataError

QUESTIONS = 4  # a video
OPTIONS = "ABCDEFGH"
RELEVANCE, LOGIC = "relevance", "logic"
TYPE_NAMES = {RELEVANCE: "consistency", LOGIC: "coherence"}
KNOWN_STRUCTURES = ("[1, 2, 3, 4]", "[1, [2, 3], 4]", "[[1, 2], 3, 4]")

Stages = tuple[tuple[int, ...], ...]


def parse_structure(structure: object, *, allow_new: bool = False) -> Stages:
    """Stages of a logic group: `[1, [2, 3], 4]` is ((1,), (2, 3), (4,)).

    Raises:
        DataError: not one of the published structures (with `allow_new`: not a partition of 1..4 in order).
    """
    stages = _stages(str(structure))
    if stages is None or (not allow_new and stages not in {_stages(known) for known in KNOWN_STRUCTURES}):
        raise DataError(
            f"unknown group_structure '{structure}'",
            f"known: {'; '.join(KNOWN_STRUCTURES)}; others need --allow-new-structures",
        )
    return stages


@lru_cache(maxsize=64)
def _stages(structure: str) -> Stages | None:
    try:
        value = ast.literal_eval(structure)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(value, (list, tuple)):
        return None
    stages = tuple(tuple(part) if isinstance(part, (list, tuple)) else (part,) for part in value)
    return stages if [q for stage in stages for q in stage] == list(range(1, QUESTIONS + 1)) else None


def logic_score(correct: Sequence[int], stages: Stages) -> float:
    """Stage s weighs 2s-1 a question; the walk stops after the first stage that is not fully correct."""
    gained = total = 0
    walking = True
    for number, stage in enumerate(stages, 1):
        weight = 2 * number - 1
        right = sum(bool(correct[q - 1]) for q in stage)
        total += weight * len(stage)
        gained += weight * right if walking else 0
        walking = walking and right == len(stage)
    return 100.0 * gained / total


def credit(correct: Sequence[int], stages: Stages) -> int:
    """How many questions a logic group is credited with, 0..4."""
    steps = 0
    for stage in stages:
        right = sum(bool(correct[q - 1]) for q in stage)
        steps += right
        if right < len(stage):
            break
    return steps


def relevance_score(correct: Sequence[int]) -> float:
    """100 (n/4)^2 for n correct; below zero (unparsed ones subtract, official mode) it is 0."""
    return 100.0 * (max(sum(correct), 0) / QUESTIONS) ** 2


def group_score(
    correct: Sequence[int],
    group_type: str,
    group_structure: object = None,
    *,
    allow_new_structures: bool = False,
) -> float:
    """Non-linear score of one video in [0, 100].

    Args:
        correct: 0 or 1 for each of the four questions, in order.
        group_type: `relevance` (capability consistency) or `logic` (reasoning coherence).
        group_structure: stages of a logic group, as the data's text or a list; ignored for relevance.
        allow_new_structures: accept structures that were not published.

    Raises:
        DataError: wrong number of questions, unknown type or structure, a value that is not 0 or 1.
    """
    if len(correct) != QUESTIONS:
        raise DataError(f"a group has {QUESTIONS} questions, found {len(correct)}", "give all four in order")
    if any(value not in (0, 1) for value in correct):
        raise DataError(f"correctness is 0 or 1, found {list(correct)}", "an unparsed answer is 0")
    return score_of_type([int(value) for value in correct], group_type, group_structure, allow_new_structures)


def score_of_type(
    correct: Sequence[int], group_type: str, structure: object, allow_new: bool = False
) -> float:
    """`group_score` without the check of values: official mode passes -1 for unparsed answers."""
    if group_type == RELEVANCE:
        return relevance_score(correct)
    if group_type == LOGIC:
        return logic_score(correct, parse_structure(structure, allow_new=allow_new))
    raise DataError(f"unknown group_type '{group_type}'", f"known: {RELEVANCE}, {LOGIC}")


@lru_cache(maxsize=64)
def chance_score(group_type: str, structure: str, options: int = len(OPTIONS)) -> float:
    """Expected score of guessing evenly among `options` letters, by enumeration of the 16 outcomes."""
    p = 1 / options
    return sum(
        p ** sum(c) * (1 - p) ** (QUESTIONS - sum(c)) * score_of_type(c, group_type, structure, True)
        for c in product((0, 1), repeat=QUESTIONS)
    )
