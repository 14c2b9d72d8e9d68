"""Letters that a reply does not choose: quoted, conditional, "may also be"; and structures that do choose."""

import pytest
from stopwatch import quick

from vidkit.evaluation.answers import parse_choice


@pytest.mark.parametrize(
    "reply",
    [
        "The person says 'I choose A', but the question asks otherwise.",
        "The subtitle reads 'the answer is D'.",
        'The man shouts "pick C" and then leaves.',
        'The narrator says that "the correct option is B".',
        "If it was filmed at night, the answer is A. Otherwise, C.",
        "If the ball is blue, the answer is B; otherwise, D.",
        "Had the man left, A would be correct. He stayed.",
        "Were it daytime, D would be correct.",
        "It could be A, but it might also be C.",
        "Possibly A; B may also be right.",
    ],
)
def test_what_is_left_open_is_no_answer(reply: str) -> None:
    assert parse_choice(reply, "ABCD").letter is None


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("The sign reads: 'Choose D'. Still, the answer is A.", "A"),
        ('Speaker 1 says "I\'d go with A" while speaker 2 says "B is right". The answer is B.', "B"),
        ('I say "C"', "C"),
        ('The answer reads "C".', "C"),
        ('The correct answer states: "D"', "D"),
        ("If we look closely, the answer is B.", "B"),
        ("If I had to choose, the answer would be C.", "C"),
        ("If forced to choose, A would be best.", "A"),
        ("The answer is A; otherwise the man would not have run.", "A"),
        ("The answer is B. Otherwise, A would be wrong.", "B"),
        ("A is likely. C could also be possible, but A is better.", "A"),
        ("不是A，而是D。", "D"),
        ("不选A，而应选B", "B"),
    ],
)
def test_what_is_chosen_beside_it_is_read(reply: str, letter: str) -> None:
    assert parse_choice(reply, "ABCD").letter == letter


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ('{"A": 0.1, "B": 0.7, "C": 0.1, "D": 0.1}', "B"),
        ('{"A": 0, "B": 1, "C": 0, "D": 0}', "B"),
        ('{"A": false, "B": false, "C": true, "D": false}', "C"),
        ('{"A": "wrong", "B": "correct", "C": "wrong", "D": "wrong"}', "B"),
        ('{"probabilities": {"A": 0.1, "B": 0.2, "C": 0.6, "D": 0.1}}', "C"),
        ('{"reasoning": "...", "answer": {"A": 0.2, "C": 0.8}}', "C"),
        ('{"A": 0.7, "B": 0.7}', None),
        ('{"A": true, "B": true}', None),
        ('{"A": "not shown", "B": "not shown"}', None),
        ('{"A": 5, "answer": "D"}', "D"),
    ],
)
def test_an_object_of_all_options_says_its_likeliest(reply: str, letter: str | None) -> None:
    assert parse_choice(reply, "ABCD").letter == letter


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("<details><summary>Thoughts</summary>I would go with A</details>\n\nC", "C"),
        ('<details type="reasoning" done="true">\n<summary>3 s</summary>\n> I think A\n</details>\n\nD', "D"),
        ("<details><summary>Thinking</summary>The answer is A", None),
        ("Answer: B\n<details><summary>Explanation</summary>Option A is ...</details>", "B"),
        ("<details>The answer is C</details>", "C"),
        ("<|START_THINKING|>It's A.<|END_THINKING|><|START_RESPONSE|>C<|END_RESPONSE|>", "C"),
        ("<|START_THINKING|>maybe D", None),
        ("<|thinking|>A</|thinking|>C", "C"),
    ],
)
def test_folded_and_marked_thinking_goes(reply: str, letter: str | None) -> None:
    assert parse_choice(reply, "ABCD").letter == letter


@pytest.mark.parametrize(
    "part",
    ["<details>", "<details><summary>think</summary>", 'he says "', "had x, A would ", "if was, A would "],
)
def test_long_replies_of_these_marks_take_linear_time(part: str) -> None:
    quick(lambda: parse_choice(part * (300_000 // len(part))), 2.0)
