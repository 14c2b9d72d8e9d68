"""What a reply says beside its answer is not read as the answer."""

import pytest

from vidkit.evaluation.answers import parse_choice

LETTERS = "ABCDEFGH"
TEXTS = [f"{colour} car" for colour in ("red", "blue", "green", "white", "black", "grey", "pink", "brown")]

OF_OTHERS = [
    ("Most people would answer B, but the correct one is E.", "E"),
    ("Many would say the answer is B, but it is E.", "E"),
    ("You would answer B, but the real one is E.", "E"),
    ("Many viewers would choose C, but the correct answer is A.", "A"),
    ("Most people might pick D. The right one is F.", "F"),
    ("Some would guess A; the correct one is C.", "C"),
    ("One might think the answer is B, but the correct one is D.", "D"),
    ("One would say B, however the correct answer is D.", "D"),
    ("People often say (A), but the answer is (C).", "C"),
    ("Most of us would go for G, but it is H.", "H"),
    ("Everyone would say it is B, yet the correct one is E.", "E"),
    ("A casual viewer would say B. The correct one is E.", "E"),
    ("While most people would answer B, the correct one is E.", "E"),
    ("Although many would choose option F, the correct option is A.", "A"),
    ("You might say A, but the answer is B.", "B"),
    ("We might be tempted to answer H, but the correct one is G.", "G"),
    ("Others would expect D, but the actual one is B.", "B"),
    ("Most people would answer **B**, but the correct one is **E**.", "E"),
    ("Most people would answer B (blue car), but the true one is E.", "E"),
    ("Lots of people would believe it is C.\nThe correct one is A.", "A"),
    ("Someone could answer B. But the real one is E.", "E"),
    ("A quick viewer may choose E. However, the correct one is C.", "C"),
]
OF_APPEARANCE = [
    ("A tempting answer is A. The correct one is D.", "D"),
    ("Answer B looks right, but the correct one is E.", "E"),
    ("The obvious answer is C, but the correct one is G.", "G"),
    ("The most tempting choice is B. The real one is A.", "A"),
    ("A common answer is H; the correct answer is D.", "D"),
    ("A tempting but wrong answer is A. The correct one is D.", "D"),
    ("The intuitive option would be E, but it is F.", "F"),
    ("B looks right, but the correct one is E.", "E"),
    ("Option C seems correct, but the answer is D.", "D"),
    ("Option C seems plausible, however the right one is D.", "D"),
    ("Choice A appears to be correct, but the right answer is B.", "B"),
    ("(A) sounds convincing, but the true one is (B).", "B"),
    ("Although B looks right, the correct one is E.", "E"),
    ("Though answer D seems right, the correct one must be A.", "A"),
    ("While A looks tempting, the answer is H.", "H"),
    ("B is tempting, but the correct one is E.", "E"),
    ("Answer G may look right, but the real one is C.", "C"),
    ("The answer B seems good, yet the proper one is E.", "E"),
    ("B feels right, but the correct answer is E.", "E"),
    ("Answer B looks like the right answer, but the correct one is E.", "E"),
    ("A popular guess is F. The correct one is B.", "B"),
]
MOVED = [
    "Answer: A ➝ H",
    "Final answer: **A** → **H**",
    "\\boxed{A → H}",
    "Answer: A to H",
    *(
        f"{head} A {arrow} H"
        for head in ("Answer:", "Final answer:", "The answer is", "**Answer:**", "My choice:")
        for arrow in ("→", "->", "=>", "-->")
    ),
    "Answer: A → B → C",
    "Answer: (A) → (H)",
    "Final answer: A→H.",
    "First I looked.\nAnswer: C -> D",
]
NOT_MEANT = [
    ("选C，不选D", "C"),
    ("选C不选D", "C"),
    ("应选C而不是D，因为车是绿色的", "C"),
    ("不选D，而选C", "C"),
    ("选C，而不是D", "C"),
    ("应该选 C 而不是 D", "C"),
    ("选C。不过再看一遍，应该选 C 而不是 D", "C"),
    ("选A，而不是B。", "A"),
    ("应选 B，而不是 A。", "B"),
    ("我选D，而不是E", "D"),
    ("答案是C，而不是D", "C"),
    ("答案是 C 而非 D", "C"),
    ("正确答案是A，而不是C。", "A"),
    ("正确答案：F，而不是G", "F"),
    ("答案应该是H，而非G。", "H"),
    ("应该选择B而不是C", "B"),
    ("选择A，而不是H", "A"),
    ("所以选C，而不是D。", "C"),
    ("因此答案为E，而不是F。", "E"),
    ("我认为是C，而不是D", "C"),
    ("应该是D而不是A", "D"),
    ("视频中出现了汽车，所以应该选 G 而不是 B。", "G"),
    ("应该选(C)而不是(D)", "C"),
    ("最终答案是B，而不选A", "B"),
]
GUESSED = [
    ("If I had to guess: A, but B is plausible.", "A"),
    ("If I had to guess: A, B is also plausible.", "A"),
    ("If I had to guess: A, though B is plausible.", "A"),
    ("If I had to guess, B.", "B"),
    ("If I had to choose: C", "C"),
    ("If I had to guess, I would say D.", "D"),
    ("If I had to pick: E, although F looks right.", "E"),
    ("If I have to guess: G, even though H is close.", "G"),
    ("The answer is C, though D is also plausible.", "C"),
    ("The answer is C, although option D seems plausible.", "C"),
    ("It is C, although D is tempting.", "C"),
    ("B, though A is possible", "B"),
    ("I would choose B, even though E sounds convincing.", "B"),
    ("Answer: H, although (G) may look right at first.", "H"),
    ("I am confident: a.", "A"),
    ("I'm sure: b", "B"),
    ("I am certain: (c).", "C"),
    ("I am very sure: D.", "D"),
    ("I'm absolutely certain: e.", "E"),
    ("I am positive: **f**", "F"),
    ("I am quite confident: g!", "G"),
    ("I have looked twice. I am confident: h.", "H"),
]
STILL_READ = [
    ("B seems right because the car is blue. However, A also has blue parts. Still B.", "B"),
    ("Option B seems correct, but A might be correct as well.", "B"),
    ("Others say C is wrong, but C is right, unlike D.", "C"),
    ("One could say A or B, but the correct one is C.", "C"),
    ("The correct one is E. Most people would answer B.", "E"),
    ("The correct one is E, but most people would answer B.", "E"),
    ("The right answer is E, although many would say B.", "E"),
    ("The answer is E. A tempting answer is B.", "E"),
    ("Most people would answer B, and they are right.", "B"),
    ("The answer is E. Most people would answer B, but E is right.", "E"),
    ("The answer is E, although B looks right.", "E"),
    ("B looks right, although C is plausible.", "B"),
    ("You would choose B. C is wrong.", "B"),
    ("Option B seems correct. The other options, A and C, are wrong.", "B"),
    ("I would answer B, but A is close.", "B"),
    ("The correct one is X-rayed. Answer: C", "C"),
    ("The robot moves A → H.\nAnswer: C", "C"),
    ("The answer is B -> the car is blue", "B"),
]


@pytest.mark.parametrize(
    ("reply", "letter"),
    [*OF_OTHERS, *OF_APPEARANCE, *NOT_MEANT, *GUESSED, *STILL_READ],
    ids=lambda value: str(value)[:50],
)
@pytest.mark.parametrize("isolated", [False, True])
def test_the_answer_is_read_behind_what_is_said_beside_it(reply: str, letter: str, isolated: bool) -> None:
    assert parse_choice(reply, LETTERS, TEXTS, isolated=isolated).letter == letter


@pytest.mark.parametrize("reply", MOVED)
def test_an_arrow_between_options_is_no_single_answer(reply: str) -> None:
    assert parse_choice(reply, LETTERS, TEXTS, isolated=True).letter is None


@pytest.mark.parametrize(
    "reply",
    [
        "A tempting answer is A. The true solution would rather have to be found among C and D.",
        "Answer B looks right, but the best would be C or D.",
        "Most people would answer B, but the truth lies between C and D.",
    ],
)
def test_what_others_say_is_not_the_answer_where_the_rest_is_open(reply: str) -> None:
    assert parse_choice(reply, LETTERS, TEXTS).letter is None
