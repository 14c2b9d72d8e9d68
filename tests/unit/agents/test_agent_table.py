"""The table of a run with agents: what counts as a question that a tool helped with."""

import json

import pytest

from vidkit.agents.gate import KINDS
from vidkit.commands.eval.agent_table import agent_summary
from vidkit.config import eval_schema

WORKED = {"call": {"name": "zoom"}, "tool": {"text": "", "pictures": 1}}
FAILED = {"call": {"name": "zoom"}, "tool": {"text": "", "pictures": 0, "problem": "the box is empty"}}


@pytest.mark.parametrize(
    ("steps", "count"), [([WORKED], 1), ([FAILED], 0), ([FAILED, WORKED], 1), ([{"reply": "A"}], 0)]
)
def test_a_question_whose_every_call_failed_was_answered_without_tools(tmp_path, steps, count) -> None:
    record = {"by": "agent", "agent": {"ending": "answered", "steps": steps}}
    log = tmp_path / "predictions.jsonl"
    log.write_text(json.dumps({"id": "1", "prediction": "A", "latency_s": 1.0, "meta": {"record": record}}))
    table = agent_summary(log).tables[0]
    assert table["rows"][-1][table["columns"].index("with tools")] == count


def test_settings_know_every_gate() -> None:
    assert eval_schema._GATES == KINDS
