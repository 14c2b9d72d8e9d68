"""Trackers: examples of the prompt, entries, salvage, answers, prompts, replies."""

import json

import pytest
from made_trackers import ANSWER, DATA, GOOD

from vidkit import sandbox
from vidkit.algoviz.asking.answers import read_answer, same_answer
from vidkit.algoviz.asking.findings import Finding, fingerprint, told
from vidkit.algoviz.asking.judging import Task, judge
from vidkit.algoviz.asking.mechanical import mended_operations, mended_text
from vidkit.algoviz.asking.prompt import EXAMPLES, FAMILIES, again, messages
from vidkit.algoviz.asking.reply import program_in
from vidkit.algoviz.asking.salvage import kept_text, up_to_fault
from vidkit.algoviz.asking.static import check_source
from vidkit.algoviz.asking.tracker import Conditions
from vidkit.algoviz.vta.operations import PARAMS

SANDBOXED = pytest.mark.skipif(
    not any(backend.works for backend in sandbox.backends()), reason="no sandbox works here"
)
INPUTS = {
    "array": ({"numbers": [5, 2, 8, 1]}, [1, 2, 5, 8]),
    "table": ({"rows": 3, "cols": 4}, 10),
    "graph": (
        {"graph": {"A": ["B", "C"], "B": ["A", "D"], "C": ["A"], "D": ["B"]}, "start": "A"},
        list("ABCD"),
    ),
    "tree": ({"keys": [5, 2, 8, 2, 9]}, 4),
    "hashtable": ({"words": ["a", "b", "a", "fig"]}, {"a": 2, "b": 1, "fig": 1}),
}


@SANDBOXED
@pytest.mark.parametrize("family", FAMILIES)
def test_example_of_the_prompt_reaches_the_highest_level(family):
    data, answer = INPUTS[family]
    source = (EXAMPLES / f"{family}.py").read_text()
    judged = judge(source, Task("", data, answer), "tracker", Conditions())
    assert (judged.level, judged.findings) == (5, ())


@SANDBOXED
@pytest.mark.parametrize(
    "source",
    [
        GOOD + 'json.dump(trace(json.load(open("input.json"))), open("trace.json", "w"))\n',
        'import json\nfrom vidkit.algoviz.trace import Tracer\nwith Tracer("Sort") as t:\n'
        '    a = t.array(json.load(open("input.json"))["numbers"], "a")\n'
        "    a[:] = sorted(a)\n    t.answer(list(a))\n",
    ],
    ids=["file", "Tracer"],
)
def test_every_way_to_make_a_trace_is_taken(source):
    judged = judge(source, Task("", DATA, ANSWER), "tracker", Conditions(), draw=False)
    assert judged.semantic == "pass" and judged.level == 4, judged.findings


@SANDBOXED
def test_answers_of_solve_and_trace_must_agree():
    source = GOOD.replace("return sorted(", "return list(")
    judged = judge(source, Task("", DATA), "tracker", Conditions(), draw=False)
    assert "solve(data) gives [5, 2, 8, 1]" in judged.findings[-1].message and not judged.is_whole


def test_prompt_has_every_operation_and_is_short():
    text = messages(Task("Sort", DATA))[0]
    assert all(f"- {name}(" in text for name in PARAMS)
    assert all(len(messages(Task("Sort", DATA, family=name))[0]) < 4 * 2000 for name in FAMILIES)
    assert len(text) < 4 * 2500  # some 2,000 tokens; the authors' has 43 kB
    assert "insertIntoBucket" not in messages(Task("", family="graph"))[0]
    assert '"numbers": [5, 2, 8, 1]' in messages(Task("Sort", DATA))[1]


def test_request_for_repair_is_bounded_and_names_the_line():
    found = [Finding("run", f"E{n}: {'x' * 900}", "", "", "line 2") for n in range(40)]
    text = again("a\nbad line\n", found)
    assert len(text) < 2600 and "line 2: bad line" in text and "more" in text
    assert told([Finding("replay", "w", is_error=False), Finding("run", "e")]).startswith("- [run] e")
    assert fingerprint(found) != fingerprint(found[1:])


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ((1, 2), [1, 2], True),
        (1.0000000001, 1, True),
        (True, 1, False),
        ("1", 1, False),
        ({1: [2.0]}, {"1": [2]}, True),
        ([1, 2], [2, 1], False),
        (None, None, True),
        (None, 0, False),
        (float("inf"), float("inf"), True),
        (float("nan"), 1, False),
    ],
)
def test_answers_are_compared_as_values(given, expected, same):
    assert same_answer(given, expected) is same


@pytest.mark.parametrize(
    ("text", "value"),
    [("[1, 2]", [1, 2]), ("(1, 'a')", (1, "a")), ("True", True), ("two words", "two words")],
)
def test_answer_is_read_from_a_line(text, value):
    assert read_answer(text) == value


def test_a_very_long_answer_is_read_as_json_alone():
    numbers = list(range(100_000))
    assert read_answer(str(numbers)) == numbers
    literal = str(tuple(numbers))
    assert len(literal) > 500_000 and read_answer(literal) == literal


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("```python\na = 1\n```\nor\n```py\na = 2\n```", "a = 2\n"),
        ("<think>```python\nno\n```</think>```python\nyes\n```", "yes\n"),
        ("```\nshort\n```\n```\nthe longer one\n```", "the longer one\n"),
        ("```json\n{}\n```", ""),
        ("import json\nprint(1)", "import json\nprint(1)\n"),
        ("```python\nnever closed", "never closed"),
        ("no program", ""),
    ],
)
def test_program_is_found_in_a_reply(text, program):
    assert program_in(text) == program


def test_slips_are_put_right_and_told():
    text, done = mended_text('{"a": NaN, // NaN\n "b": "NaN, ] // x", "c": [-Infinity,],}')
    assert json.loads(text) == {"a": None, "b": "NaN, ] // x", "c": [None]} and len(done) == 3
    raw = {"deltas": [{"operations": [{"op": "showComment", "params": {"message": "hi"}}, [5]]}, None]}
    assert mended_operations(raw) == ["'message' of showComment is read as 'text'"]
    assert raw["deltas"][0]["operations"][0]["params"] == {"text": "hi"}


def test_broken_trace_is_kept_up_to_its_fault():
    step = {"operations": [[{"op": "updateValues", "params": {"updates": [{"index": 0, "value": 1}]}}]]}
    whole = {
        "svl_version": "5.0",
        "initial_frame": {"data_state": {"type": "array", "data": [0]}},
        "deltas": [],
    }
    text = json.dumps({**whole, "deltas": [step, step, step]})
    assert len(kept_text(text[:-60])["deltas"]) == 2
    assert kept_text('{"deltas": [') == {"deltas": []} and kept_text("{") is None
    wrong = {"operations": [[{"op": "updateValues", "params": {"updates": [{"index": 7, "value": 1}]}}]]}
    assert len(up_to_fault({**whole, "deltas": [step, wrong, step]})) == 1
    assert len(up_to_fault({**whole, "deltas": [step, {"operations": 5}, step]})) == 1
    assert up_to_fault({**whole, "initial_frame": 5}) is None


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(:", "SyntaxError"),
        ("x = 1", "nothing here makes a trace"),
        ("import no_such_package\ndef trace(d): pass", "'no_such_package' is not installed"),
        ("import socket\ndef trace(d): pass", "there is no network"),
        ("def trace(d): pass\n" + "(" * 5000, "Python"),
    ],
)
def test_static_check_says_what_is_wrong(source, told):
    found = check_source(source)
    assert told in found[0].message or told in str(found[0]) or "nested" in str(found[0])
