"""Claims of a reply, clause by clause: what is held, denied, taken back, open or asked, and what stands."""

import pytest

from vidkit.evaluation.answers.asked import asked_of
from vidkit.evaluation.answers.claims import claims
from vidkit.evaluation.answers.standing import standing
from vidkit.evaluation.answers.values import reply_of

TEXTS = ("Silver", "Maroon", "Teal", "Beige")
ASKED = asked_of("ABCD", TEXTS)


@pytest.mark.parametrize(
    ("reply", "meanings"),
    [
        ("It is not silver, teal or beige; it is maroon.", "A denied, C denied, D denied, B held"),
        ("Not silver, teal.", "A denied, C held"),
        ("At first I thought A, but it is B.", "A taken back, B held"),
        ("A? Rather C.", "A asked, C held"),
        ("Perhaps silver.", "A open"),
        ("A, B and C are wrong.", "A denied, B denied, C denied"),
        ("The answer is B, C is wrong.", "B held, C denied"),
        ("Eliminating A, B and D, C remains.", "A denied, B denied, D denied, C held"),
        ("A değil, B.", "A denied, B held"),
        ("Aではなく、Bです。", "A denied, B held"),
        ("Ne C, ale A.", "C denied, A held"),
        ("Nothing but teal fits.", "C held"),
        ("All but C are wrong.", "C denied"),
        ("C is not wrong.", "C held"),
        ("There is no doubt that it is B.", "B held"),
        ("It's anything but silver.", "A denied"),
        ("C is wrong, and so is D.", "C denied, D denied"),
        ("A is wrong. B too.", "A denied, B denied"),
        ("I first wrote D, but that is wrong; B.", "D taken back, B held"),
        ("Rather than A, B or C, I'd say D.", "A denied, B denied, C denied, D held"),
        ("I choose D over B.", "D held, B denied"),
        ("If it were silver, it would shine.", "A denied"),
        ("Nicht A, die Antwort ist B.", "A denied, B held"),
        ("(A) Silver", "A held"),
        ("A man walks in.", ""),
    ],
)
def test_each_option_named_is_held_denied_taken_back_open_or_asked(reply: str, meanings: str) -> None:
    made = claims(reply_of(reply), ASKED)
    assert ", ".join(f"{claim.letter} {claim.meaning}" for claim in made) == meanings


@pytest.mark.parametrize(
    ("reply", "letter", "fallen"),
    [
        ("I take back A. It is C.", "C", "A"),
        ("The answer is A. Wait, no, that is not right either.", None, "A"),
        ("Answer: C. Hold on. D has the lighter shade.", "D", "C"),
        ("Not A. B or C may do.", None, "A"),
        ("The answer is B.", None, ""),
        ("B looks close, but D.", "D", "B"),
        ("I choose B. B looks close.", None, ""),
        ("It's D. A and C are wrong, and B has the shade.", None, "AC"),
    ],
)
def test_what_replaces_an_option_that_fell_stands(reply: str, letter: str | None, fallen: str) -> None:
    stands = standing(reply_of(reply), ASKED)
    assert (stands.letter, "".join(sorted(stands.fallen))) == (letter, fallen)


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("I don't think it's A, C or D.", "B"),
        ("Neither A nor B nor C.", "D"),
        ("It may look like C but is in fact A.", "A"),
        ("If it were silver it would shine. It doesn't. Teal.", "C"),
        ("Only B is not contradicted.", "B"),
        ("I don't think it's A or B.", None),
    ],
)
def test_what_is_left_or_conceded_to_is_affirmed(reply: str, letter: str | None) -> None:
    assert standing(reply_of(reply), ASKED).affirmed == letter


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("A is offstage, B is drumming, C has left: D.", "D"),
        ("The prize was: teal", None),
        ("A, B", None),
        ("A is red. B is dark. C", None),
        ("First choice: A. Second choice: B", None),
    ],
)
def test_a_letter_behind_all_words_is_the_final_one(reply: str, letter: str | None) -> None:
    assert standing(reply_of(reply), ASKED).final == letter


def test_of_two_that_are_open_none_stands() -> None:
    assert standing(reply_of("Maybe silver, maybe teal."), ASKED).fallen == {"A", "C"}


def test_only_short_replies_are_read_as_clauses() -> None:
    assert claims(reply_of("Not A but B. " + "The car is parked. " * 60), ASKED) == []
