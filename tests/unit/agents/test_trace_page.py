"""The page of an agent's runs: what it shows, and that nothing a model says becomes markup."""

import json
import re

import PIL.Image
import pytest

from vidkit.agents.trace_page import MOST, TracedRun, trace_block

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def run(record, **more) -> TracedRun:
    picture = PIL.Image.new("RGB", (800, 400), "red")
    values = {"id": "q1", "question": "Which?", "options": (("A", "red"), ("B", "blue")), "gold": "A"}
    values |= {"answer": "B", "is_right": False, "record": record, "pictures": [picture]} | more
    return TracedRun(**values)


def agent(*steps):
    return {"by": "agent", "agent": {"ending": "answered", "reason": "", "steps": list(steps)}}


STEP = {"reply": "I look", "model_s": 0.5, "tokens": 7, "call": {"name": "zoom", "arguments": {}},
        "tool_s": 0.1, "tool": {"text": "", "pictures": 1, "box": [0, 200, 100, 400, 300]}}  # fmt: skip


def test_boxes_stand_where_the_crops_were_cut() -> None:
    html = trace_block([run(agent(STEP, {"reply": "<answer>B</answer>"}))], 1)
    assert "left: 25.000%; top: 25.000%; width: 25.000%; height: 50.000%" in html
    assert "I look" in html and "&lt;answer&gt;B&lt;/answer&gt;" in html and "agent, 2 steps" in html
    pictures = json.loads(re.search(r'id="trace-pictures">(.*?)</script>', html)[1])
    assert len(pictures) == 2  # the picture and the crop
    assert set(re.findall(r'data-picture="(\w+)"', html)) == set(pictures)


def test_gate_screen_and_outcome_are_told() -> None:
    gate = {"believed": False, "score": 0.5, "reason": "score 0.5 is not above 0.9"}
    record = {**agent(), "gate": gate, "tool_free": 0.75, "draft": "A"}
    html = trace_block([run(record)], 5)
    for told in ("passed on to the agent", "score 0.5 is not above 0.9", "0.750", "The first 1 of 5 runs"):
        assert told in html
    assert 'data-gate="rejected"' in html and 'data-right="wrong"' in html
    believed = trace_block([run({**record, "by": "draft", "gate": {**gate, "believed": True}})], 1)
    assert 'data-gate="believed"' in believed and 'data-by="draft"' in believed


def test_nothing_that_was_said_becomes_markup() -> None:
    step = {
        **STEP,
        "reply": EVIL,
        "call": {"name": EVIL},
        "problem": EVIL,
        "tool": {"text": EVIL, "problem": EVIL},
    }
    record = {**agent(step), "draft": EVIL, "gate": {"believed": True, "reason": EVIL}, "draft_problem": EVIL}
    record["agent"] |= {"ending": EVIL, "reason": EVIL}
    html = trace_block(
        [run(record, id=EVIL, question=EVIL, options=((EVIL, EVIL),), gold=EVIL, answer=EVIL)], 1
    )
    assert "alert(1)</script>" not in html and "<img src=x" not in html
    assert html.count("<script") == 2


@pytest.mark.parametrize(
    "box",
    [
        None,
        [1, 0, 0, 5, 5],
        [0, 5, 5, 5, 9],
        [0, 0, 0, 900, 9],
        [0, "1", 2, 3, 4],
        [0, 1, 2],
        "x",
        [True] * 5,
    ],
)
def test_boxes_that_are_none_are_left_out(box) -> None:
    html = trace_block([run(agent({**STEP, "tool": {"box": box}}))], 1)
    assert 'class="box"' not in html


@pytest.mark.parametrize(
    "record", [{}, {"agent": 3, "gate": 3}, {"agent": {"steps": [3, {"call": 3, "tool": 3}]}}]
)
def test_odd_records_are_shown_as_far_as_they_go(record) -> None:
    assert "q1" in trace_block([run(record, pictures=[], seconds=float("nan"), problem="timeout")], 1)


def test_a_page_has_a_bound() -> None:
    assert MOST <= 1000
