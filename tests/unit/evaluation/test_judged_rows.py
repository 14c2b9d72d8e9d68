"""Answers given row by row: tables of verdicts, in rows or columns, and boxes of which one is ticked."""

import pytest

from vidkit.evaluation.answers import parse_choice


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("| Option | Verdict |\n|---|---|\n| A | no |\n| B | no |\n| C | yes |\n| D | no |", "C"),
        ("| Option | Shown? |\n|---|---|\n| A. Oak | ✅ |\n| B. Elm | ❌ |", "A"),
        ("| | A | B | C | D |\n|--|--|--|--|--|\n| fits | no | no | no | yes |", "D"),
        ("- [ ] A\n- [x] B\n- [ ] C\n- [ ] D", "B"),
        ("☐ A ☐ B ☑ C ☐ D", "C"),
        ("| Option | Fits |\n|---|---|\n| A | no |\n| B | yes |\n\nFinal answer: D", "D"),
    ],
)
def test_the_only_option_called_right_is_the_answer_unless_the_rest_names_one(
    reply: str, letter: str
) -> None:
    assert parse_choice(reply, "ABCD").letter == letter


@pytest.mark.parametrize(
    "reply",
    [
        "| Option | Fits |\n|---|---|\n| A | yes |\n| B | yes |\n| C | no |\n| D | no |",
        "| Option | Fits |\n|---|---|\n| A | no |\n| B | no |\n| C | no |\n| D | no |",
        "- [ ] A\n- [ ] B\n- [ ] C\n- [ ] D",
        "[x] A\n[x] B\n[ ] C",
    ],
)
def test_two_right_options_or_none_are_no_answer(reply: str) -> None:
    assert parse_choice(reply, "ABCD").letter is None


def test_marks_behind_letters_stay_verdicts() -> None:
    assert parse_choice("A ❌ B ✅ C ❌ D ❌", "ABCD").letter == "B"
