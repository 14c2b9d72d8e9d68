"""Styles made for tests, and the trace that they are for."""

from __future__ import annotations

from typing import Any

import made_traces as made
from made_traces import op

from vidkit.algoviz.vta.trace import Trace, trace_of


def rsl(version: str = "1.0", **parts: Any) -> made.Json:
    whole: made.Json = {"meta": {"rsl_version": version}, **parts}
    if version == "0.1":
        whole = {
            "layout": {"main": {"type": "horizontal_array"}},
            "rules": [],
            "timeline": {"transition": 0.5, "pause": 0.3},
            **whole,
        }
    return whole


def rule(when: made.Json, **do: Any) -> made.Json:
    return {"when": when, "do": do}


STEPS = (
    made.step(op("updateValues", updates=[{"index": 0, "value": 2}]), code=1),
    made.step(op("updateStyle", indices=[1], styleKey="done"), code=2),
    made.step(op("showComment", text="x" * 30), code=3),
    made.step(op("updateStyle", indices=[0], styleKey="done"), code=2),
    made.step(op("updateValues", updates=[{"index": 1, "value": 9}]), code=2),
)


def swaps(*, deltas: tuple[made.Json, ...] = STEPS, styles: Any = None) -> Trace:
    usual = {
        "elementStyles": {
            "idle": {"fill": "#eeeeee"},
            "done": {"fill": "#90ee90"},
            "far": {"fill": "#224488"},
        }
    }
    return trace_of(made.trace("array", [5, 2, 8], *deltas, styles=styles or usual))
