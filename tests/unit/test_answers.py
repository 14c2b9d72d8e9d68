"""The answer parser: each rule, the replies on which the benchmarks' own rules go wrong, and properties."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidkit.evaluation.answers import FAILED_RULES, PARSED_RULES, Choice, parse_choice, parse_yes_no
from vidkit.evaluation.answers_official import (
    parse_social_omni,
    parse_social_omni_yes_no,
    parse_video_mme_v2,
)

TEXTS = (
    "a man in red",
    "a woman in blue",
    "two dogs",
    "nobody",
    "a car",
    "a bus",
    "a train",
    "none of these",
)


@pytest.mark.parametrize(
    ("reply", "letter", "rule"),
    [
        ("Based on the video, the answer is C", "C", "declaration"),
        ("A man walks in. Final Answer: D", "D", "declaration"),
        ("First I look at the door ... Final Answer: B", "B", "declaration"),
        ("Final answer: c", "C", "declaration"),
        ("<think>maybe B or C</think> F", "F", "whole"),
        ("the correct answer is (d)", "D", "declaration"),
        ("The answer is B. Wait, the answer is C.", "C", "declaration"),
        ("Answer: A. No, wait, option E.", "E", "declaration"),
        ("**Final Answer: G**", "G", "declaration"),
        ("Answer：H", "H", "declaration"),
        (r"So it must be $\boxed{\text{E}}$.", "E", "declaration"),
        ("<answer>B</answer>", "B", "declaration"),
        ("The correct option is: [F]", "F", "declaration"),
        ("The answer is A because he leaves first", "A", "declaration"),
        ("The answer is B, C is wrong", "B", "declaration"),
        ("Final Answer:\n\n**C**", "C", "declaration"),
        ("The correct answer is **B) a woman in blue**", "B", "declaration"),
        ("The answer is option (C).", "C", "declaration"),
        ("Answer: B\n\nExplanation: option C shows a dog.", "B", "declaration"),
        ("The answer is C, since option B is wrong", "C", "declaration"),
        ("Option B is wrong. Option D is right.", "D", "declaration"),
        ("I would go with option C", "C", "option_word"),
        ("Option A is not shown, choice B remains", "B", "option_word"),
        ("C", "C", "whole"),
        (" (h). ", "H", "whole"),
        ("**D**", "D", "whole"),
        ("B. a woman in blue", "B", "start"),
        ("(C) two dogs", "C", "start"),
        ("Two animals run past the car.\nC", "C", "last_line"),
        ("Two animals run past the car.\nC. two dogs", "C", "last_line"),
        ("Two dogs.", "C", "option_text"),
        ("The answer is a man in red", "A", "option_text"),
        ("The answer is A man in red", "A", "declaration"),
        ("So the final answer is: two dogs.", "C", "option_text"),
    ],
)
def test_robust_rule(reply: str, letter: str, rule: str) -> None:
    assert parse_choice(reply, option_texts=TEXTS) == Choice(letter, rule)


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (None, "empty"),
        ("", "empty"),
        ("  \n", "empty"),
        (math.nan, "empty"),
        ("<think>the answer is B", "truncated"),
        ("Answer: A or B", "ambiguous"),
        ("The answer is A or B because both are seen", "ambiguous"),
        ("The answer is either B, D or F.", "unparsed"),
        ("Answer: **B**, **C**", "ambiguous"),
        ("A, B", "ambiguous"),
        ("A. one\nB. two\nC. three", "ambiguous"),
        ("Final Answer: J", "out_of_range"),
        ("I'm sorry, I cannot tell from these frames.", "refused"),
        ("no idea at all", "unparsed"),
        ("the answer is a giraffe", "unparsed"),
        ("There is a letter B on the sign", "unparsed"),
        ("E.g. the first scene", "unparsed"),
    ],
)
def test_unread_reply_says_why(reply: object, rule: str) -> None:
    assert parse_choice(reply, option_texts=TEXTS) == Choice(None, rule)


def test_refusal_that_still_answers_is_read() -> None:
    assert parse_choice("I cannot see faces, but the answer is D.").letter == "D"


def test_isolated_letter_only_where_asked_and_only_one() -> None:
    reply = "I believe speaker C here"
    assert parse_choice(reply, "ABCD").letter is None
    assert parse_choice(reply, "ABCD", isolated=True) == Choice("C", "isolated")
    assert parse_choice("A man in red", "ABCD", isolated=True).letter is None
    assert parse_choice("B rather than D", "ABCD", isolated=True) == Choice(None, "ambiguous")


def test_options_bound_the_letters() -> None:
    assert parse_choice("Answer: E", "ABCD") == Choice(None, "out_of_range")
    with pytest.raises(ValueError, match="options must be distinct capital letters, not 'AAB'"):
        parse_choice("A", "AAB")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Yes, she should.", Choice("YES", "yes_no")),
        ("no", Choice("NO", "yes_no")),
        ("I know none of them", Choice(None, "unparsed")),
        ("Yes and no", Choice(None, "ambiguous")),
        ("Yes... no, the answer is no", Choice("NO", "declaration")),
        ("I cannot tell", Choice(None, "refused")),
    ],
)
def test_yes_no_in_whole_words(reply: str, expected: Choice) -> None:
    assert parse_yes_no(reply) == expected


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("Based on the video, the answer is C", "B"),
        ("A man walks in. Final Answer: D", "A"),
        ("First I look ... Final Answer: B", "F"),
        ("Final answer: c", "F"),
        ("<think>maybe B or C</think> F", "B"),
        ("the correct answer is (d)", None),
        ("The best answer is G", "G"),
    ],
)
def test_official_video_mme_v2_keeps_its_quirks(reply: str, letter: str | None) -> None:
    assert parse_video_mme_v2(reply).letter == letter


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("a man in red", "A"),
        ("B. NO", "B"),
        ("assistant\nC", "C"),
        ("x" * 2000 + " D", "D"),
        ("I say A, or rather B", "B"),
        ("<think>Answer: A</think> choice C", "C"),
        ("user: B?\nassistant: D<|im_end|>A", "D"),
        ("", None),
    ],
)
def test_official_social_omni(reply: str, letter: str | None) -> None:
    assert parse_social_omni(reply, "ABCD").letter == letter


def test_official_social_omni_reads_no_in_know() -> None:
    assert parse_social_omni_yes_no("hard to know").letter == "B"
    assert parse_social_omni_yes_no("Yes, now").letter == "A"
    assert parse_social_omni_yes_no("perhaps").letter is None


@pytest.mark.parametrize(
    "reply",
    ["answer" + " " * 20_000 + "x", "answer would" + " " * 20_000, "answer" + " *" * 10_000,
     "option A is " * 5_000,
     "answer " * 10_000, r"\boxed{" * 5_000, "A, " * 10_000,
     "answer A" + ", " * 10_000, "A.\n" * 10_000],
    ids=["blanks", "would", "stars", "options", "answers", "boxes", "letters", "commas", "lines"],
)  # fmt: skip
def test_hostile_replies_are_read_in_time(reply: str) -> None:
    start = time.perf_counter()
    parse_choice(reply, option_texts=TEXTS, isolated=True)
    parse_yes_no(reply)
    assert time.perf_counter() - start < 5  # a backtracking pattern takes minutes


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["AB", "ABCD", "ABCDEFGH"]))
def test_parser_never_raises_and_always_says_why(reply: str, options: str) -> None:
    choice = parse_choice(reply, options, isolated=True)
    assert (choice.letter is None) == (choice.rule in FAILED_RULES)
    assert choice.letter is None or (choice.letter in options and choice.rule in PARSED_RULES)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="xyz wut.\n", max_size=200), st.sampled_from("ABCDEFGH"))
def test_last_declaration_wins_after_any_text(before: str, letter: str) -> None:
    assert parse_choice(f"Answer: A. {before}\nFinal Answer: {letter}").letter == letter
