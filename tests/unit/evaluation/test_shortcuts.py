"""What is read or counted in a shorter way comes out as in the long way, to the last digit."""

from __future__ import annotations

import gc
import json
import random
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.errors import DataError
from vidkit.evaluation import answers_official, option_list, ratios
from vidkit.evaluation.answers import Choice, parse, parse_choice, quick, said
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.replies import choice_of, letter_of
from vidkit.evaluation.scoring import read_joined
from vidkit.evaluation.task import load_task
from vidkit.evaluation.task_spec import fill
from vidkit.evaluation.tasks import video_mme_v2
from vidkit.evaluation.tasks.video_mme_v2 import grading
from vidkit.evaluation.types import Mode
from vidkit.utils import statistics
from vidkit.utils.collection import collection_paused
from vidkit.utils.strict_json import load_json

NEVER = re.compile(r"(?!)")


@pytest.mark.parametrize("clusters", [1, 7, 800, 40_000])
def test_resampled_sums_are_those_of_one_resample_at_a_time(clusters: int) -> None:
    draw = np.random.default_rng(1)
    whole, parts = draw.integers(0, 5, (clusters, 3)), draw.normal(size=(clusters, 2))
    sums = np.hstack([whole[:, :1], parts, whole[:, 1:]]).astype(float)
    generator = np.random.default_rng(9)
    expected = np.array([sums[generator.integers(0, clusters, clusters, np.int32)].sum(0) for _ in range(70)])
    found = statistics.resampled_sums(sums, 70, 9)
    np.testing.assert_array_equal(found[:, [0, 3, 4]], expected[:, [0, 3, 4]])
    np.testing.assert_allclose(found[:, [1, 2]], expected[:, [1, 2]], rtol=1e-9, atol=1e-9)


def test_resampled_sums_do_not_depend_on_how_many_are_counted_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sums = np.random.default_rng(2).integers(0, 9, (50, 4)).astype(float)
    once = statistics.resampled_sums(sums, 123)
    np.testing.assert_array_equal(once, statistics.resampled_sums([*sums.T.astype(np.float32)], 123))
    monkeypatch.setattr(statistics, "_CELLS", 350)
    monkeypatch.setattr(statistics, "_CACHED", 110)
    monkeypatch.setattr(statistics, "_MULTIPLIED", 17)
    np.testing.assert_array_equal(once, statistics.resampled_sums(sums, 123))
    assert statistics.resampled_sums(sums, 0).shape == (0, 4)


def test_totals_of_metrics_are_those_of_rows_added_one_after_the_other() -> None:
    draw = np.random.default_rng(6)
    metrics = RatioMetrics([str(i % 701) for i in range(2000)])
    for name in "abc":
        metrics.add(name, draw.normal(size=2000) / 3, draw.random(2000))
    expected = metrics.of_sums(metrics.sums.sum(axis=0, keepdims=True))
    assert metrics.values() == {name: value[0] for name, value in expected.items()}
    assert RatioMetrics([]).values() == {}


def refusals() -> Iterator[str]:
    able, about = ("cannot", "can't", "am unable to", "am not able to"), ("", " that", " the question")
    for start, but, can, verb, what in product(
        ("I'm", "I am"), ("", "but "), able, ("tell", "say", "determine", "answer"), about
    ):
        yield f"{start} sorry, {but}I {can} {verb}{what}."


@pytest.mark.parametrize(
    "texts",
    [(), ("red", "blue", "two"), ("Cannot say", "sorry", "the man"), ("I'm sorry, I cannot tell.", "7")],
)
def test_plain_refusals_are_read_at_once_as_in_full(
    texts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = ("ABCD", "ABCDEFGHI")
    at_once = [parse_choice(reply, some, texts) for reply in refusals() for some in letters]
    monkeypatch.setattr(quick, "_SORRY", NEVER)
    assert at_once == [parse_choice(reply, some, texts) for reply in refusals() for some in letters]


def test_marks_of_thinking_are_those_found_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(5)
    parts = [
        "<think>", "</think>", "[think]", "[/think]", "◁think▷", "◁/think▷", "<", "[", "think", "reason",
        "<|begin_of_thought|>", "<|end_of_thought|>", "< think >", "<b>", " so B", "\n", "<unused94>",
        "<unused95>", "İ", "A.", " because ", "<seed:think>", "<|/think|>",
    ]  # fmt: skip
    replies = ["".join(draw.choices(parts, k=draw.randrange(1, 16))) for _ in range(3000)]
    by_bracket = [said.after_thinking(reply) for reply in replies]
    monkeypatch.setattr(said, "_FEW", -1)
    assert by_bracket == [said.after_thinking(reply) for reply in replies]


def test_a_reply_is_read_anew_under_other_marks_of_thinking() -> None:
    reply = "<hm>It is A.</hm> It is B. <hm>So C.</hm>"
    before = choice_of(reply, "ABCD")
    with said.own_think_tags([("<hm>", "</hm>")]):
        assert choice_of(reply, "ABCD").letter == "B"
    assert choice_of(reply, "ABCD") == before


def test_official_first_capital_of_a_long_reply_is_that_of_the_whole() -> None:
    from vidkit.evaluation.tasks.video_mme_v2.official import parse_video_mme_v2

    draw = random.Random(3)
    parts = [*answers_official._DELETED_PHRASES, " ", "The ", "Final ", "best", "x", "y " * 20, "Opt", "is"]
    for _ in range(3000):
        reply = "".join(draw.choices(parts, k=draw.randrange(1, 90)))
        reply += "".join(draw.choices([*parts, "A", "H", "Z"], k=9))
        left = reply.strip()
        for phrase in answers_official._DELETED_PHRASES:
            left = left.replace(phrase, "")
        first = re.search("[A-H]", left)
        assert parse_video_mme_v2(reply).letter == (first and first.group())


def test_official_phrases_that_a_deletion_makes_are_deleted_too() -> None:
    draw = random.Random(4)
    for _ in range(3000):
        outer, inner = draw.choices(answers_official._DELETED_PHRASES, k=2)
        cut = draw.randrange(len(outer))
        reply = (
            "so " * draw.randrange(80)
            + outer[:cut]
            + inner
            + outer[cut:]
            + draw.choice(["A", "zB", " x", "H."])
        )
        left = reply.strip()
        for phrase in answers_official._DELETED_PHRASES:
            left = left.replace(phrase, "")
        first = re.search("[A-H]", left)
        assert answers_official.parse_first_capital(reply, "ABCDEFGH").letter == (first and first.group())


@pytest.mark.parametrize(
    "reply",
    [
        "C",
        " (b) ",
        "**D**",
        "Final answer: A",
        "A. one",
        "one",
        "I",
        "",
        "Answer: J",
        "I'm sorry, I cannot tell.",
    ],
)
def test_a_letter_alone_is_read_without_the_texts_as_with_them(reply: str) -> None:
    texts = ("one", "two", "three", "C")
    found = letter_of(reply, "ABCD")
    assert found is None or found == parse_choice(reply, "ABCD", texts)


@pytest.mark.parametrize("reply", ["C", "**C**", "Final answer: C"])
def test_a_letter_alone_needs_no_texts(reply: str) -> None:
    found = letter_of(reply, "ABCD")
    assert found is not None and found.letter == "C"


@pytest.mark.parametrize(
    "raw", ["A. one\nB. two", "one\ntwo", '["x", "y"]', ["p", "q"], {"A": "r", "C": "s"}, None]
)
def test_texts_that_are_read_when_asked_for_are_the_same(raw: object) -> None:
    later = option_list.texts_when_asked(raw)
    assert tuple(later) == option_list.options_by_place(raw)
    assert len(later) == len(tuple(later)) and list(later[:1]) == list(tuple(later)[:1])


def test_options_that_are_none_are_refused_at_once() -> None:
    with pytest.raises(DataError):
        option_list.texts_when_asked(5)


def test_draws_leave_the_other_cores_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_info, threadpool_limits

    seen: list[int] = []
    counted = statistics._count_draws

    def watched(*given: Any) -> None:
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        counted(*given)

    monkeypatch.setattr(statistics, "_count_draws", watched)
    if not any(pool["user_api"] == "blas" for pool in threadpool_info()):
        pytest.skip("threadpoolctl does not know the library of NumPy's products here")
    with threadpool_limits(2, "blas"):
        statistics.resampled_sums(np.ones((30, 2)), 20)
    assert set(seen) == {1}


@pytest.mark.parametrize(
    "lines", ["A. one\nB. two", "A.\nB.  two \nC.3", "A. . x\nB.\t\nC. ", "A. one\nB. two\nC. U. S.\nD. x"]
)
def test_plainly_lettered_options_are_read_as_any_others(lines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quickly = option_list.options_by_place(lines)
    monkeypatch.setattr(option_list, "_PLAIN_MARKS", [])
    assert option_list.options_by_place(lines) == quickly


def test_templates_are_filled_around_their_fields() -> None:
    row = {"a": " 7 ", "b": 2.0, "c": None}
    assert fill("x{a}-{b}_{row}.mp4", row, 3) == "x7-2_3.mp4"
    assert fill("{c}{a}", row, 1) == ""
    assert fill("plain", row, 1) == "plain"
    assert fill("{a}", {"a": "{b}"}, 1) == "{b}"


def test_ids_are_joined_without_making_the_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.yaml").write_text("name: t\nid: '{video}-{n}'\ngroup: '{video}'\n")
    task = load_task(str(tmp_path / "t.yaml"), [])
    rows = [
        f'{{"video": "v{i}", "n": {i}, "question": "?", "options": ["x", "y"], "answer": "A"}}'
        for i in (1, 2)
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(rows))
    (tmp_path / "p.jsonl").write_text('{"id": "v2-2", "response": "B"}\n')
    monkeypatch.setattr(task.functions, "items", lambda rows: pytest.fail("made the questions"))
    joined = read_joined(task, tmp_path / "d.jsonl", tmp_path / "p.jsonl")
    assert [row.get("prediction") for row in joined.rows] == [None, "B"]
    assert joined.missing == ["v1-1"]
    (tmp_path / "p.jsonl").write_text('{"id": "v2-2", "response": "B"}\n{"id": "v3-1", "response": "B"}\n')
    with pytest.raises(DataError, match="line 2: unknown id 'v3-1'"):
        read_joined(task, tmp_path / "d.jsonl", tmp_path / "p.jsonl")


def test_json_with_the_same_key_twice_is_refused_by_line() -> None:
    assert load_json('{"a": {"b": 1}, "b": [{"a": 2}]}', "f") == {"a": {"b": 1}, "b": [{"a": 2}]}
    with pytest.raises(DataError, match="f line 3: duplicate key 'b'"):
        load_json('{"a": {"b": 1,\n"c": 2,\n"b": 3}}', "f")


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a":1,"b":"x","a":2}', '{"a" : 1, "a": 2}', '{"a": {"b": 1, "b": 2}}',
     '{"a": "\\":", "a": 1}', '{"a": "b:", "a": 2}', '{"a": "{", "a": 2}', '[{"a": 1, "a": 2}]'],
)  # fmt: skip
def test_a_key_that_stands_twice_is_found_wherever_colons_stand(text: str) -> None:
    with pytest.raises(DataError, match="duplicate key"):
        load_json(text, "f", line=1)


@pytest.mark.parametrize(
    "text",
    ["{}", '{"a": 1}', '{"a": "\\":"}', '{"a": ":", "b": "{"}', '{"a" : [1, "x:"]}', '{"a": {"a": 1}}'],
)
def test_objects_without_doubles_are_read_as_ever(text: str) -> None:
    assert load_json(text, "f", line=1) == json.loads(text)


def test_turns_without_brackets_are_found_by_the_begin_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(8)
    parts = [
        "assistant:", "user: ", "User:\n", "## Response:", "model\n", "the user said", "human : why",
        "system", "\n", "\n\n", " ", "B", "So C.", "*** Assistant: D", "#", "[", "response", "A:",
    ]  # fmt: skip
    replies = ["".join(draw.choices(parts, k=draw.randrange(1, 12))) for _ in range(4000)]
    short = [said.after_thinking(reply) for reply in replies]
    monkeypatch.setattr(said, "_has_role_line", lambda text: True)
    assert short == [said.after_thinking(reply) for reply in replies]
    assert any(read != reply for read, reply in zip(short, replies, strict=True))


def test_structures_before_a_last_line_are_found_by_their_signs() -> None:
    assert all(set(mark) & set(quick._SIGNS) for mark in quick._STRUCTURED)
    assert quick.declared_last("why\nQ: what?\nFinal answer: C", "ABCD") is None
    assert quick.declared_last("so\nFinal answer: C", "ABCD") == Choice("C", "declaration")


def test_scores_of_short_ways_are_those_of_the_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = video_rows(60)
    quickly = {mode: video_mme_v2.score(rows, mode, resamples=300) for mode in Mode}
    monkeypatch.setattr(grading, "letter_of", lambda text, options: None)
    monkeypatch.setattr(answers_official, "_SHORT", -1)
    monkeypatch.setattr(answers_official, "_LONGEST", 10**6)
    monkeypatch.setattr(parse, "declared_last", lambda reply, options: None)
    monkeypatch.setattr(quick, "_SORRY", NEVER)
    monkeypatch.setattr(said, "_has_role_line", lambda text: True)
    monkeypatch.setattr(ratios.statistics, "resampled_sums", resampled_plainly)
    for mode, result in quickly.items():
        plain = video_mme_v2.score(rows, mode, resamples=300)
        # tables hold bounds unrounded, and sums of thirds depend on their order
        tables, plain_tables = result.pop("tables"), plain.pop("tables")
        assert json.dumps(plain) == json.dumps(result)
        assert rounded(tables) == rounded(plain_tables)


def rounded(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return round(value, 9) if isinstance(value, float) else value


def resampled_plainly(columns: Sequence[Any], resamples: int, seed: int) -> Any:
    """One resample after the other, its clusters' sums added as they are drawn."""
    sums = np.array(columns, float).T
    generator = np.random.default_rng(seed)
    places = [generator.integers(0, len(sums), len(sums), np.int32) for _ in range(resamples)]
    return np.array([sums[each].sum(0) for each in places])


def video_rows(groups: int) -> list[dict[str, Any]]:
    """Videos with replies of many kinds."""
    draw = random.Random(2)
    thought = "The man walks to the door and looks at the option on the table. " * 30
    rows = []
    for video in range(1, groups + 1):
        kind, structure = draw.choice([("relevance", "None"), ("logic", "[1, [2, 3], 4]")])
        for number in range(1, 5):
            letter = draw.choice("ABCDEFGH")
            said_so = draw.choice(
                [letter, f"{letter}. thing", f"Final Answer: {letter}", f"{thought}\nFinal Answer: {letter}",
                 f"<think>{thought}</think>\n{letter}", "I'm sorry, I cannot tell.", "", f"user: x\n{letter}",
                 f"The best answer is {letter}", "none of them"]
            )  # fmt: skip
            row = {
                "video_id": f"{video:03d}", "question_id": f"{video:03d}-{number}", "group_type": kind,
                "group_structure": structure, "level": draw.choice((1, 2, 3)), "second_head": f"h{video % 3}",
                "third_head": f"t{draw.randrange(5)}", "answer": draw.choice("ABCDEFGH"),
                "options": "\n".join(f"{c}. thing {c}{number}" for c in "ABCDEFGH"), "prediction": said_so,
            }  # fmt: skip
            rows.append(row)
    return rows


def test_collection_goes_on_after_a_pause() -> None:
    with collection_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
