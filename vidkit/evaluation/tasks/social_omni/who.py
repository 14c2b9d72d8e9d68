"""Level 1, "who": four-way choice on consistent and inconsistent clips (paper section on perception)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from vidkit.evaluation.answers import Choice, parse_choice
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.replies import judged_choice, read_reply
from vidkit.evaluation.tasks.social_omni.official import parse_social_omni
from vidkit.evaluation.tasks.social_omni.records import WHO_LETTERS, Who
from vidkit.evaluation.types import Mode, Row
from vidkit.utils.statistics import Array, Places

_SPEECH_WORDS = ("said", "asked", "felt", "hopes", "hope", "explains", "wants", "thinks", "says")


@dataclass(frozen=True, slots=True)
class WhoAnswer:
    """A graded level-1 item; `counted` is False where the mode drops it from the denominator."""

    item: Who
    choice: Choice
    counted: bool

    @property
    def right(self) -> bool:
        return self.choice.letter == self.item.gold


def grade(items: Sequence[Who], mode: Mode) -> list[WhoAnswer]:
    """Read the replies. Official: skipped calls (failed or missing) leave the denominator."""
    out = []
    for item in items:
        if mode is Mode.OFFICIAL:
            choice = read_reply(item.row, parse_social_omni)
            out.append(WhoAnswer(item, choice, choice.rule not in ("missing", "failed")))
        else:
            parse = partial(parse_choice, options=WHO_LETTERS, option_texts=item.options, isolated=True)
            choice = judged_choice(item.row, read_reply(item.row, parse))
            out.append(WhoAnswer(item, choice, True))
    return out


def add_metrics(metrics: RatioMetrics, heard: Sequence[WhoAnswer], place: Places, total: int) -> None:
    """Accuracies, per-letter F1 and the diagnosis, over `total` rows with `heard` at rows `place`."""

    def spread(values: Sequence[float] | Array) -> Array:
        out = np.zeros(total)
        out[place] = values
        return out

    right = np.array([h.right for h in heard], float)
    counted = np.array([h.counted for h in heard], float)
    consistent = np.array([h.item.consistent for h in heard], float)
    answered = np.array([h.choice.letter is not None for h in heard], float)
    metrics.add("who", spread(right * counted), spread(counted))
    metrics.add("who_consistent", spread(right * counted * consistent), spread(counted * consistent))
    metrics.add(
        "who_inconsistent", spread(right * counted * (1 - consistent)), spread(counted * (1 - consistent))
    )
    metrics.add("who_answered", spread(right * answered), spread(answered))
    for letter in WHO_LETTERS:
        said = np.array([h.choice.letter == letter for h in heard], float)
        gold = np.array([h.item.gold == letter for h in heard], float) * answered
        metrics.add(f"who_f1/{letter}", spread(2 * said * gold), spread(said + gold), empty=0.0)
    for name, values in diagnose(heard).items():
        metrics.add(name, spread(values[0]), spread(values[1]))


def diagnose(heard: Sequence[WhoAnswer]) -> dict[str, tuple[Array, Array]]:
    """Whether the chosen option has the right content and the right speaker, where both options split.

    An option is split at its first word of speech ("said", "asked", ...).
    """
    out = {
        name: (np.zeros(len(heard)), np.zeros(len(heard)))
        for name in (
            "who_content_right",
            "who_speaker_right",
            "who_wrong_speaker_right_content",
        )
    }
    for i, h in enumerate(heard):
        pair = [_split(_option(h, letter)) for letter in (h.choice.letter, h.item.gold)]
        if pair[0] is None or pair[1] is None:
            continue
        (speaker, content), (gold_speaker, gold_content) = pair[0], pair[1]
        same_content, same_speaker = content == gold_content, speaker == gold_speaker
        for name, hit in zip(
            out, (same_content, same_speaker, same_content and not same_speaker), strict=True
        ):
            out[name][0][i], out[name][1][i] = float(hit), 1.0
    return out


def _option(h: WhoAnswer, letter: str | None) -> str:
    place = WHO_LETTERS.find(letter) if letter else -1
    return h.item.options[place] if 0 <= place < len(h.item.options) else ""


def _split(option: str) -> tuple[str, str] | None:
    words = option.lower().split()
    place = next((i for i, word in enumerate(words) if word.strip("\"',.:;") in _SPEECH_WORDS), None)
    if place is None:
        return None
    return " ".join(words[:place]), " ".join(words[place + 1 :])


def constant_baselines(heard: Sequence[WhoAnswer]) -> dict[str, float]:
    """Accuracy in percent of always giving one letter, and of guessing."""
    n = max(len(heard), 1)
    shares = {letter: 100 * sum(h.item.gold == letter for h in heard) / n for letter in WHO_LETTERS}
    return {
        "chance": 100 / len(WHO_LETTERS),
        **{f"always {letter}": share for letter, share in shares.items()},
    }


def rows_of(heard: Sequence[WhoAnswer]) -> list[Row]:
    return [h.item.row for h in heard]


def derived(values: dict[str, Any]) -> dict[str, Any]:
    """Gap and macro-F1 of values or draws that hold the ratios."""
    letters = [values[f"who_f1/{letter}"] for letter in WHO_LETTERS]
    return {
        **values,
        "who_gap": values["who_consistent"] - values["who_inconsistent"],
        "who_macro_f1": sum(letters) / len(letters),
    }
