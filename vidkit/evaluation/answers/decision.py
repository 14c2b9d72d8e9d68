"""Read a decision out of a reply: option A or the word yes, option B or the word no."""

from __future__ import annotations

from vidkit.evaluation.answers.choice import Choice
from vidkit.evaluation.answers.parse import parse_choice
from vidkit.evaluation.answers.yes_no import parse_yes_no

_LETTERS = {"YES": "A", "NO": "B"}
_FIRM = ("field", "declaration", "correction", "option_word", "whole")


def read_yes_no(text: object) -> Choice:
    """Option letter A (YES) or B (NO), else whole words yes and no.

    Where nothing is declared, a letter must not contradict the words ("B, yes, he goes on"); both words, or a
    letter against a word, is `ambiguous`.
    """
    choice = parse_choice(text, "AB", ("YES", "NO"), isolated=True)
    if (choice.letter and choice.rule in _FIRM) or choice.rule in ("empty", "truncated"):
        return choice
    spoken = parse_yes_no(text)
    word = _LETTERS[spoken.letter] if spoken.letter else None
    if choice.letter:
        return Choice(None, "ambiguous") if word not in (None, choice.letter) else choice
    return Choice(word, spoken.rule)
