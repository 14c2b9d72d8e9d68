"""Long replies that reason: quantities, passing words and broken ends are no answers; explicit ones are."""

import pytest

from vidkit.evaluation.answers import parse_choice

CITIES = ["Lisbon", "Dublin", "Prague", "Oslo"]
LENGTHS = ["2 m", "4 m", "12 m", "20 m"]
TEN = "ABCDEFGHIJ"
REASONING = (
    "The rope hangs from the crane and the load swings below it, so the tension follows from the balance of "
    "the forces along the rope, while the crane itself stands still and turns only later in the clip. "
) * 3


def read(reply: str, options: list[str] = CITIES, letters: str = "ABCD") -> str | None:
    return parse_choice(reply, letters, options).letter


@pytest.mark.parametrize(
    "formula",
    [
        "The energy is therefore E = mc^2.",
        "Here the area is A = h w / 2.",
        "We then have that C = 4 D.",
        "so the slope is given as B(J+1), which is small.",
        "We know that P(A | B) is 0.7, which gives A = 100 / 0.9.",
        "The rule A -> BC gives D -> E.",
        "The answer to the second part is C(t) = 3t + 4",
        "the determinant is D \\left( 1 - x \\right).",
    ],
)
def test_the_letter_of_a_quantity_is_no_answer(formula: str) -> None:
    assert read(REASONING + formula, LENGTHS) is None


@pytest.mark.parametrize(
    "calculation",
    ["The length is 4 m - 2 m plus the", "= 12 m + 5 m", "which is 20 m. Then we add the rest of"],
)
def test_a_number_of_a_calculation_is_no_answer(calculation: str) -> None:
    assert read(REASONING + calculation, LENGTHS) is None


def test_passing_words_of_a_long_reply_count_only_where_it_concludes() -> None:
    passing = "The tower in view suggests B. "
    assert read(REASONING + passing + REASONING) is None
    assert read(REASONING + passing) == "B"
    assert read(passing + REASONING + REASONING) == "B"
    assert read(REASONING + "The answer is B. " + REASONING) == "B"  # explicit wherever it stands


def test_a_long_reply_that_breaks_off_has_only_explicit_answers() -> None:
    assert read(REASONING + "The closest option is B, but the towers of the") is None
    assert read(REASONING + "The answer is B, because the towers of the") == "B"
    assert read(REASONING + "\nB. Dublin") == "B"
    assert read("A. Lisbon has trams, which are not here.\nB. Dublin has a castle, not seen.\nC.") is None


def test_a_long_reply_that_finds_no_option_right_has_no_answer() -> None:
    assert read(REASONING + "B is close. However, none of the given options match this value.") is None
    assert read(REASONING + "None of the options match exactly; the closest option is (B).") == "B"


def test_parts_of_a_question_are_not_its_options() -> None:
    assert read("(a) The force is 3 N. " + REASONING + "(b) The power is 5 W.", LENGTHS) is None
    assert read("(a) 2 m. " + REASONING, LENGTHS) == "A"


def test_answers_that_go_round_in_a_loop_are_none() -> None:
    loop = "The answer is (C).\nThe answer is (A).\nThe answer is (D).\n"
    assert read(loop * 4) is None
    assert read("The answer is (C).\nThe answer is (A).\nThe answer is (B).") == "B"


@pytest.mark.parametrize(
    ("reply", "letter"),
    [("Answer: (A) C", "A"), ("Answer: (C)d", "C"), ("Answer: A. (D)", "A"), ("D", "D")],
)
def test_a_letter_outranks_options_that_are_letters(reply: str, letter: str) -> None:
    assert read(reply, ["(C)", "(B)", "(D)", "(A)", "(E)"], "ABCDE") == letter
    assert read(reply, ["C", "B", "D", "A", "E"], "ABCDE") == letter
    assert read("E. C", ["B", "D", "E", "A", "C"], "ABCDE") == "E"


def test_a_letter_that_touches_its_own_number_is_read() -> None:
    assert read("Answer: C12", ["1", "4", "12", "20"]) == "C"
    assert read("Answer: C4", ["1", "4", "12", "20"]) is None


@pytest.mark.parametrize(
    "reply",
    [
        "I'm unable to view the clip. Could you describe it so I can choose the right one?",
        "I'm sorry. I can't identify people, but I can help you describe the scene.",
        "The clip is missing, so I will not guess.",
    ],
)
def test_the_one_who_refuses_is_not_option_i(reply: str) -> None:
    assert read(reply, [f"tool {number}" for number in range(10)], TEN) is None


def test_option_i_is_read() -> None:
    options = [f"tool {number}" for number in range(10)]
    for reply in ("The answer is I.", "I", "It must be I because of the handle.", "So I is correct."):
        assert read(reply, options, TEN) == "I", reply


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("The statement that is NOT true is B. It never rains there.", "B"),
        ("The one that is not shown is D.", "D"),
        ("What she never visits is Prague.", "C"),
        ("The only city not mentioned is Oslo.", "D"),
        ("The answer is (C). Prague is not on the coast at all.", "C"),
        ("I think it is not B.", None),
        ("It is not true that the answer is B.", None),
        ("The answer is not C. Prague is inland.", None),
        ("The man is not sure whether the city is Oslo.", None),
    ],
)
def test_a_question_in_the_negative_denies_no_answer(reply: str, letter: str | None) -> None:
    assert read(reply) == letter


def test_own_words_with_their_letter_in_brackets_are_an_answer() -> None:
    assert read("This is an example of Prague (C), as " + REASONING[:180]) == "C"
    assert read("Lisbon (A) and Prague (C) both have hills, and " + REASONING[:180]) is None


def test_mathematics_keeps_its_letters_apart() -> None:
    assert read(r"Answer: \(B\)") == "B"
    assert read(r"Answer: F\(2/3 \, V\)", ["1", "2", "3", "4", "5", r"2/3 V", "V"], "ABCDEFG") == "F"
    assert read(r"The flux is \nu times the area. Answer: \( \text{C} \)") == "C"


CATS = ["一只猫", "一只狗", "一只鸟", "一条鱼"]


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("A选项错误，B选项正确，C选项错误，D选项无关。", "B"),
        ("选项A、C、D都正确。选项B与题意不符，所以选项B错误。", "B"),  # asked for the wrong one
        ("A选项正确。C选项正确。D选项正确。所以，错误的叙述是B选项。", "B"),
        ("选项D是错误的。A选项也错误。所以，不合理的叙述是A和D。", None),
        ("选项A是正确的。选项C错误。所以选项A、B都是正确的。", None),
        ("选项C是错误的。其他选项都是正确的。", "C"),
        ("选项A正确，选项B也正确。", None),
        ("A项正确，其他选项都错误", "A"),
        ("A选项正确，其余三个选项都错误。", "A"),
        ("A选项正确，B、C、D选项都错误。", "A"),
        ("A选项正确，选项BCD都错误。", "A"),
        ("A选项错误，四个选项都不正确", None),
        ("A、B、C、D选项都错误。", None),
        ("选项B正确", "B"),
        ("选项C", "C"),
        ("A选项不正确", None),
        ("选项A错误，因此故选D。", "D"),
        ("【答案】ABD", None),
        ("【答案】A. 一只猫 B. 一只狗 C. 一只鸟 D. 一条鱼", None),
        ("A选项有一只猫。【答案】: 题目可能有误", None),
        ("从5个人中选2个人，选择方式为C(5,2)=10。", None),
        ("所以，C的长度为2。", None),
    ],
)
def test_options_that_are_judged_in_chinese_clauses(reply: str, letter: str | None) -> None:
    assert read(reply, CATS) == letter


@pytest.mark.parametrize("text", ["①②", "٣", "9" * 5000, "²"])
def test_digits_of_any_kind_in_an_option_stop_nothing(text: str) -> None:
    assert read("I see it in the second half, not in the first", [text, "1", "2", "3"]) is None
    assert read("The answer is B.", [text, "1", "2", "3"]) == "B"
