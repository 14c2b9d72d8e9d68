"""Video-MME-v2: group scores by hand, the published tables, both modes, invariants."""

import json
import os
import random
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidkit.errors import DataError
from vidkit.evaluation.tasks.video_mme_v2 import group_score, items, prompt, score
from vidkit.evaluation.tasks.video_mme_v2.consistency_coherence import KNOWN_STRUCTURES, chance_score

LETTERS = "ABCDEFGH"
DATA = Path(os.environ.get("VIDKIT_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
MADE = DATA / "benchmarks" / "video_mme_v2" / "synthetic_12_groups.json"


def rows_of(groups: int = 6, seed: int = 0, right: float = 0.5) -> list[dict[str, Any]]:
    """Made questions in the published columns, with predictions."""
    draw = random.Random(seed)
    rows = []
    for video in range(1, groups + 1):
        kind = draw.choice(["relevance", "logic"])
        structure = draw.choice(KNOWN_STRUCTURES) if kind == "logic" else "None"
        for k in range(1, 5):
            gold = draw.choice(LETTERS)
            said = gold if draw.random() < right else draw.choice(LETTERS)
            rows.append(
                {
                    "video_id": f"{video:03d}",
                    "question_id": f"{video:03d}-{k}",
                    "group_type": kind,
                    "group_structure": structure,
                    "level": draw.choice([1, 2, 3]),
                    "second_head": f"h{video % 3}",
                    "third_head": f"t{video % 5}",
                    "question": "what happens?",
                    "options": "\n".join(f"{c}. thing {c.lower()}{c.lower()}" for c in LETTERS),
                    "answer": gold,
                    "prediction": f"Final Answer: {said}",
                }
            )
    return rows


def test_relevance_is_the_square_of_the_share() -> None:
    scores = [group_score([1] * n + [0] * (4 - n), "relevance", "None") for n in range(5)]
    assert scores == [0, 6.25, 25, 56.25, 100]


@pytest.mark.parametrize(
    ("structure", "by_prefix"),
    [
        ("[1, 2, 3, 4]", [0, 100 / 16, 400 / 16, 900 / 16, 100]),
        ("[1, [2, 3], 4]", [0, 100 / 12, 400 / 12, 700 / 12, 100]),
        ("[[1, 2], 3, 4]", [0, 100 / 10, 200 / 10, 500 / 10, 100]),
    ],
)
def test_logic_score_of_a_correct_prefix(structure: str, by_prefix: list[float]) -> None:
    scores = [group_score([1] * n + [0] * (4 - n), "logic", structure) for n in range(5)]
    assert scores == pytest.approx(by_prefix)


def credited(c: tuple[int, ...], structure: str) -> int:
    """Steps of credit as the published table words it: a second way to the same numbers."""
    if structure == "[1, 2, 3, 4]":
        order = [c]
    elif structure == "[1, [2, 3], 4]":
        order = [c, (c[0], c[2], c[1], c[3])]
    else:
        order = [c, (c[1], c[0], c[2], c[3])]
    return max(next((i for i, right in enumerate(o) if not right), 4) for o in order)


@pytest.mark.parametrize("structure", KNOWN_STRUCTURES)
def test_all_48_patterns_equal_the_published_table(structure: str) -> None:
    table = {
        "[1, 2, 3, 4]": [0, 100 / 16, 400 / 16, 900 / 16, 100],
        "[1, [2, 3], 4]": [0, 100 / 12, 400 / 12, 700 / 12, 100],
        "[[1, 2], 3, 4]": [0, 100 / 10, 200 / 10, 500 / 10, 100],
    }[structure]
    for c in product((0, 1), repeat=4):
        assert group_score(c, "logic", structure) == pytest.approx(table[credited(c, structure)]), c


def test_chance_of_a_group() -> None:
    assert chance_score("relevance", "") == pytest.approx(4.296875)
    assert round(chance_score("logic", "[1, 2, 3, 4]"), 2) == 1.15


@pytest.mark.parametrize(
    ("correct", "kind", "structure", "message"),
    [
        ([1, 1, 1], "relevance", None, "a group has 4 questions, found 3"),
        ([1, 1, 1, 2], "relevance", None, "correctness is 0 or 1, found [1, 1, 1, 2]"),
        ([1, 1, 1, 1], "logic", "[1, 2, [3, 4]]", "unknown group_structure '[1, 2, [3, 4]]'"),
        ([1, 1, 1, 1], "logic", "__import__('os')", "unknown group_structure '__import__('os')'"),
        ([1, 1, 1, 1], "other", None, "unknown group_type 'other'"),
    ],
)
def test_group_score_refuses(correct: list[int], kind: str, structure: str | None, message: str) -> None:
    with pytest.raises(DataError) as caught:
        group_score(correct, kind, structure)
    assert caught.value.message == message


def test_new_structure_on_request_follows_the_general_form() -> None:
    value = group_score([1, 1, 1, 0], "logic", "[1, 2, [3, 4]]", allow_new_structures=True)
    assert value == pytest.approx(100 * (1 + 3 + 5) / (1 + 3 + 5 + 5))


@pytest.mark.skipif(not MADE.is_file(), reason=f"no {MADE}")
def test_made_groups_equal_the_authors_scores() -> None:
    made = json.loads(MADE.read_text())
    expected = made["expected_unparsed_as_zero"]
    result = score(made["rows"], resamples=50)
    final = expected["final_rating"]
    assert [result[f"level_{n}"] for n in (1, 2, 3)] == pytest.approx(
        [final[f"level_{n}"] for n in (1, 2, 3)]
    )
    assert result["consistency"] == pytest.approx(final["relevance_score"])
    assert result["coherence"] == pytest.approx(final["logic_score"])
    assert result["relevance_linear"] == pytest.approx(final["relevance_linear_score"])
    assert result["non_lin"] == pytest.approx(final["total"])
    assert result["avg_acc"] == pytest.approx(expected["avg_acc_all"])
    for head in ("second_head", "third_head"):
        mine = {name: entry["non_lin"] for name, entry in result[head].items() if entry["groups"]}
        assert mine == pytest.approx(expected[f"{head}_rating"])


@pytest.mark.skipif(not MADE.is_file(), reason=f"no {MADE}")
def test_made_groups_in_official_mode_equal_a_run_of_the_authors_script() -> None:
    # numbers printed by the authors' script (commit b24176a) on the same rows, unparsed as -1
    result = score(json.loads(MADE.read_text())["rows"], "official", resamples=50)
    official = {
        "level_1": 17.708333333333332,
        "level_2": 20.833333333333332,
        "level_3": 10.416666666666666,
        "consistency": 11.11111111111111,
        "coherence": 33.333333333333336,
        "non_lin": 16.666666666666668,
        "relevance_linear": 5.555555555555555,
    }
    assert {name: result[name] for name in official} == pytest.approx(official)
    assert result["differing_items"] == 11 and result["differing_letters"] == 0


def test_unparsed_in_official_mode_subtracts_or_counts_as_correct() -> None:
    rows = rows_of(2, right=1.0)
    for row, kind in zip(rows, ["relevance"] * 4 + ["logic"] * 4, strict=True):
        row.update(group_type=kind, group_structure="[1, 2, 3, 4]")
    for row in (rows[3], rows[7]):
        row["prediction"] = "no idea"
    both = score(rows, resamples=10)["modes"]
    assert both["official"]["consistency"] == 25 and both["official"]["coherence"] == 100
    assert both["robust"]["consistency"] == 56.25 and both["robust"]["coherence"] == 56.25


def test_perfect_is_100_and_empty_is_0() -> None:
    rows = rows_of(right=1.0)
    assert score(rows, resamples=10)["non_lin"] == 100
    for row in rows:
        row["prediction"] = ""
    result = score(rows, resamples=10)
    assert (result["non_lin"], result["avg_acc"], result["counts"]["unparsed"]) == (0, 0, 24)


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(draw: random.Random) -> None:
    rows = rows_of(7, seed=3)
    shuffled = rows[:]
    draw.shuffle(shuffled)
    a, b = score(rows, resamples=100), score(shuffled, resamples=100)
    names = ("non_lin", "avg_acc", "level_1", "second_head", "intervals", "counts")
    assert {n: a[n] for n in names} == {n: b[n] for n in names}
    assert a["tables"][1:] == b["tables"][1:]  # the first has the official row, which depends on the order


@given(st.lists(st.integers(0, 1), min_size=4, max_size=4), st.integers(0, 3))
def test_relevance_is_monotone(correct: list[int], place: int) -> None:
    better = [*correct]
    better[place] = 1
    assert group_score(better, "relevance") >= group_score(correct, "relevance")


def test_integer_ids_and_missing_leading_zeros_are_the_same_video() -> None:
    rows = rows_of(3)
    loose = [
        {**row, "video_id": int(row["video_id"]), "question_id": row["question_id"].lstrip("0")}
        for row in rows
    ]
    assert score(loose, resamples=20)["tables"] == score(rows, resamples=20)["tables"]


def test_missing_and_failed_rows_are_wrong_counted_and_named() -> None:
    rows = rows_of(4, right=1.0)
    del rows[0]["prediction"]
    rows[5].update(prediction=None, error="cannot decode videos/002.mp4")
    rows[6]["prediction"] = "I'm sorry, I cannot answer that."
    result = score(rows, resamples=10)
    assert result["avg_acc"] == pytest.approx(100 * 13 / 16)
    counts = result["counts"]
    assert (counts["missing"], counts["refused"], counts["answered"]) == (2, 1, 13)
    assert counts["missing_ids"] == ["001-1"] and counts["failed_ids"] == ["002-2"]
    assert result["tables"][0]["rows"][0][-1] == "0 / 1 / 2"
    assert result["warnings"][:2] == [
        "1 of 16 questions have no prediction and count as wrong: 001-1",
        "1 of 16 questions failed and count as wrong: 002-2",
    ]


def test_intervals_hold_the_value_and_do_not_depend_on_other_metrics() -> None:
    result = score(rows_of(60), resamples=2000)
    low, high = result["intervals"]["non_lin"]
    assert low < result["non_lin"] < high
    assert result["bootstrap"] == {"resamples": 2000, "seed": 42, "unit": "video", "level": 0.95}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.pop(), "video '003' has 3 questions, not 4: 003-1, 003-2, 003-3"),
        (lambda rows: rows[8].update(question_id="003-2"), "duplicate id '003-2'"),
        (lambda rows: rows[0].pop("level"), "row 1: no column 'level'"),
        (lambda rows: rows[2].update(answer="K"), "row 3 (001-3): answer 'K' is not one of A-H"),
        (
            lambda rows: [r.update(group_type="logic", group_structure="[4, 1]") for r in rows[4:8]],
            "video '002': unknown group_structure '[4, 1]'",
        ),
        (
            lambda rows: [r.update(group_type="pairs") for r in rows[4:8]],
            "video '002': unknown group_type 'pairs'",
        ),
        (lambda rows: rows[0].update(level=7), "001-1: level '7' is not 1, 2 or 3"),
    ],
    ids=["size", "duplicate", "column", "gold", "structure", "type", "level"],
)
def test_bad_rows_are_refused_with_their_place(spoil: Any, message: str) -> None:
    rows = rows_of(3)
    spoil(rows)
    with pytest.raises(DataError) as caught:
        score(rows, resamples=2)
    assert caught.value.message == message


def test_official_scores_of_a_partial_file_are_said_to_be_unavailable() -> None:
    with pytest.raises(DataError, match="23 rows are not groups of 4"):
        score(rows_of(6)[:23], "official")


def test_items_and_prompt() -> None:
    from vidkit.evaluation.types import PartKind, PromptMode, SubtitleMode

    item = next(items(rows_of(1)))
    assert (item.id, item.group, item.letters, item.options[0]) == ("001-1", "001", LETTERS, "thing aa")
    plain = prompt(item, PromptMode())
    assert [part.kind for part in plain.parts] == [PartKind.FRAMES, PartKind.TEXT, PartKind.TEXT]
    assert (
        plain.parts[-1].text.startswith("Question: what happens?\nA. thing aa\n") and plain.max_tokens == 64
    )
    spoken = prompt(item, PromptMode(subtitles=SubtitleMode.SUBS, reasoning=True))
    assert spoken.parts[-2].kind is PartKind.SUBTITLES and "Final Answer: <letter>" in spoken.parts[-1].text
    woven = prompt(item, PromptMode(subtitles=SubtitleMode.INTERLEAVE))
    assert woven.parts[0].kind is PartKind.FRAMES_WITH_SUBTITLES
