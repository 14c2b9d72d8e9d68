"""The answer parser: each rule, the replies on which the benchmarks' own rules go wrong, and properties."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stopwatch import quick

from vidkit.evaluation.answers import FAILED_RULES, PARSED_RULES, Choice, parse_choice, parse_yes_no
from vidkit.evaluation.tasks.social_omni.how import parse_judge
from vidkit.evaluation.tasks.social_omni.official import parse_social_omni, parse_social_omni_yes_no
from vidkit.evaluation.tasks.video_mme_v2.official import parse_video_mme_v2

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
        ("Answer: A. No, wait, option E.", "E", "correction"),
        ("**Final Answer: G**", "G", "declaration"),
        ("Answer：H", "H", "declaration"),
        (r"So it must be $\boxed{\text{E}}$.", "E", "field"),
        ("<answer>B</answer>", "B", "field"),
        ("The correct option is: [F]", "F", "declaration"),
        ("The answer is A because he leaves first", "A", "declaration"),
        ("The answer is B, C is wrong", "B", "declaration"),
        ("Final Answer:\n\n**C**", "C", "declaration"),
        ("The correct answer is **B) a woman in blue**", "B", "declaration"),
        ("The answer is option (C).", "C", "declaration"),
        ("Answer: B\n\nExplanation: option C shows a dog.", "B", "declaration"),
        ("The answer is C, since option B is wrong", "C", "declaration"),
        ("Option B is wrong. Option D is right.", "D", "statement"),
        ("I would go with option C", "C", "statement"),
        ("Looking closely, option C shows what happens.", "C", "option_word"),
        ("Option A is not shown, choice B remains", "B", "statement"),
        ("C", "C", "whole"),
        (" (h). ", "H", "whole"),
        ("**D**", "D", "whole"),
        ("B. a woman in blue", "B", "start"),
        ("(C) two dogs", "C", "start"),
        ("Two animals run past the car.\nC", "C", "last_line"),
        ("Two animals run past the car.\nC. two dogs", "C", "last_line"),
        ("Two dogs.", "C", "option_text"),
        ("The answer is a man in red", "A", "option_text"),
        ("The answer is A man in red", "A", "option_text"),
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
        ("The answer is either B, D or F.", "ambiguous"),
        ("Answer: **B**, **C**", "ambiguous"),
        ("A, B", "ambiguous"),
        ("A. one\nB. two\nC. three", "ambiguous"),
        ("Final Answer: J", "out_of_range"),
        ("I'm sorry, I cannot tell from these frames.", "refused"),
        ("no idea at all", "refused"),
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
    assert parse_choice("There are B and D", "ABCD", isolated=True) == Choice(None, "ambiguous")


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


@pytest.mark.parametrize("length", [10_000, 100_000, 1_000_000])
@pytest.mark.parametrize(
    "unit",
    ["answer ", "answer: A ", "A, ", "A or ", "option A is ", "no, wait, ", "it is ", "\u7b54\u6848\u662fA ",
     "A.\n",
     r"\boxed{", "<think>", "</think>", "<", "[", "<answer>", "user:\n", "```json\n{", "** ", " ", "not A ",
     "answer would  ", "a man in red ", "\u0130", "score 4/5 ", "yes no ", "none but A ", "if x, A ",
     "| A |\n", "A: 90%, ", "rather than B, ", "A\u2192", "Question: ", "wait no "],
)  # fmt: skip
def test_time_grows_with_the_length_alone(unit: str, length: int) -> None:
    reply = (unit * (length // len(unit) + 1))[:length]
    for parse in (
        lambda text: parse_choice(text, option_texts=TEXTS, isolated=True),
        parse_yes_no,
        parse_judge,
    ):
        quick(lambda parse=parse: parse(reply), 1.0)  # a pattern that backtracks takes minutes


@pytest.mark.parametrize("char", ["\u0130", "\u0131", "\u017f", "\u212a"])
def test_characters_that_only_ignored_case_makes_letters_are_none(char: str) -> None:
    every = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for reply in (char, f"{char}.", f"Answer: {char}", f"({char})"):
        assert parse_choice(reply, every, isolated=True).letter is None, reply


def test_own_think_tags_are_stripped() -> None:
    reply = "<<plan>>Answer: A<</plan>>Answer: C"
    assert parse_choice(reply, think_tags=[("<<plan>>", "<</plan>>")]) == Choice("C", "declaration")
    cut = parse_choice("<<plan>>Answer: A", think_tags=[("<<plan>>", "<</plan>>")])
    assert cut == Choice(None, "truncated")


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("Yes, there is no one else.", "YES"),
        ("<think>no no</think>Yes", "YES"),
        ("<think>yes", None),
        ('{"answer": "no"}', "NO"),
        (r"\boxed{Yes}", "YES"),
        ("<answer>No</answer>", "NO"),
        ("**Yes**", "YES"),
        ("The answer is not yes.", "NO"),
        ("Yes or no?", None),
        ("No idea.", None),
        ("There is no dog.", "NO"),
        ("Yes. Wait, actually no.", "NO"),
        ("Answer: Yes. Actually, answer: no", "NO"),
        ("Oui.", "YES"),
        ("Nein", "NO"),
        ("\u662f\u7684", "YES"),
        ("I know it well", None),
        ("Answer: yes/no", None),
    ],
)
def test_yes_no_as_a_careful_reader(reply: str, letter: str | None) -> None:
    assert parse_yes_no(reply).letter == letter


@pytest.mark.parametrize(
    ("reply", "options"),
    [
        ("9.9 m", ["3.5 m", "9.9 m", "7.2 m"]),
        ("The ball rolls 2.5 m.", ["1.5 m", "2.5 m", "3.5 m"]),
        ("2:30", ["1:15", "2:30", "3:45"]),
        ("2.5", ["1.5", "2.5"]),
        ("2", ["1. at noon", "2. at night"]),
        ("at night", ["1.at noon", "2.at night"]),
        ("5 dogs", ["1. 3 dogs", "2. 5 dogs"]),
        ("5 dogs", ["A.3 dogs", "B.5 dogs"]),
    ],
)
def test_decimals_and_times_are_no_marks_of_options(reply: str, options: list[str]) -> None:
    assert parse_choice(reply, "ABC"[: len(options)], options).letter == "B"


@pytest.mark.parametrize(
    ("reply", "options"),
    [
        ("5 per cent", ["10%", "5%"]),
        ("5%", ["10 per cent", "5 per cent"]),
        ("5 percent", ["10 per cent", "5 per cent"]),
        ("2.1m", ["1.2 metres", "2.1 metres"]),
        ("30 seconds", ["30 min", "30 s"]),
        ("5 per hour", ["5%", "5 per hour"]),
    ],
)
def test_a_number_with_its_unit_is_read_in_any_spelling(reply: str, options: list[str]) -> None:
    assert parse_choice(reply, "AB", options).letter == "B"


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
