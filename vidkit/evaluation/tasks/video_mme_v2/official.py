"""The authors' own answer rule, for `--mode official`: tests compare with their script (commit b24176a)."""

from __future__ import annotations

from vidkit.evaluation.answers import Choice
from vidkit.evaluation.answers_official import parse_first_capital


def parse_video_mme_v2(text: object) -> Choice:
    """First capital A-H; missing and NaN replies are read as empty text (the script stops on them)."""
    return parse_first_capital(text, "ABCDEFGH")
