"""Reading traces: the published ones where present, those made here, and what is wrong with others."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stopwatch import quick

from vidkit.algoviz import load, trace_of
from vidkit.algoviz.vta.diagnostics import StrictError
from vidkit.algoviz.vta.limits import HOSTILE, Limits
from vidkit.algoviz.vta.state import ArrayView, GraphView, HashView, TableView, TreeView
from vidkit.errors import DataError

PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "data" / "algoviz" / "traces"


def published(name: str) -> Path:
    found = sorted(PUBLISHED.glob(f"*{name}*")) if PUBLISHED.is_dir() else []
    if not found:
        pytest.skip("the published traces are not beside the checkout (they have no licence)")
    return found[0]


def array(*values: object, **frame: Any) -> dict[str, Any]:
    """A trace of an array, without deltas."""
    elements = [{"index": i, "value": value, "styleKey": "idle"} for i, value in enumerate(values)]
    initial = {
        "data_state": {"type": "array", "structure": elements},
        "styles": {"elementStyles": {"idle": {"backgroundColor": "#eee"}, "done": {}}},
        "pseudocode": ["for i", "  swap"],
        **frame,
    }
    return {"svl_version": "5.0", "initial_frame": initial, "deltas": []}


def step(*ops: tuple[str, dict[str, Any]], code: Any = None) -> dict[str, Any]:
    return {
        "code_highlight": code,
        "operations": [[{"op": name, "params": params} for name, params in ops]],
    }


@pytest.mark.parametrize("name", ["mergesort", "lcs", "mst", "924", "1804", "3137", "1818", "549", "823"])
def test_published_traces_survive_a_round_trip_and_seek(name: str) -> None:
    path = published(name)
    trace = load(path)
    states = trace.replay()
    assert len(states) == len(trace) + 1
    assert trace.as_dict() == json.loads(path.read_text(encoding="utf-8"))
    assert [trace.state(k) for k in reversed(range(len(states)))] == states[::-1]


FINAL: dict[str, Callable[[Any], bool]] = {
    "mergesort": lambda main: main.values == (13, 27, 38, 49, 65, 76, 97),
    "lcs": lambda main: [str(cell) for cell in main.rows[-1]] == list("0122344"),
    "1818": lambda main: main.values == (1, 5, 7),
    "823": lambda main: main.rows == ((1, "2"),),
    "1804": lambda main: len(main.nodes) == 12,
    "3137": lambda main: main.buckets[2].items[0].value == 2 and main.buckets[3].items[0].key == "code",
    "924": lambda main: main.nodes["D"].properties["distance"] is None,
}


@pytest.mark.parametrize("name", FINAL)
def test_published_traces_end_in_the_known_state(name: str) -> None:
    assert FINAL[name](load(published(name)).replay()[-1].main)


def test_backward_edges_of_the_published_tree_are_found() -> None:
    trace = load(published("mst"))
    assert [d.code for d in trace.diagnostics].count("V301") == 3
    assert [item.value for item in trace.state(len(trace)).aux["mst_edges"].items] == [  # type: ignore[union-attr]
        "A-C(2)",
        "C-B(1)",
        "B-D(5)",
        "D-E(2)",
        "E-F(3)",
    ]


def test_a_swap_is_one_operation_of_two_entries() -> None:
    made = array(5, 2)
    made["deltas"] = [
        step(("updateValues", {"updates": [{"index": 0, "value": 2}, {"index": 1, "value": 5}]}))
    ]
    states = trace_of(made).replay()
    assert [state.main.values for state in states if isinstance(state.main, ArrayView)] == [(5, 2), (2, 5)]


def test_a_bad_operation_is_skipped_whole_and_ends_a_strict_run(tmp_path: Path) -> None:
    made = array(5, 2)
    made["deltas"] = [
        step(("updateValues", {"updates": [{"index": 0, "value": 9}, {"index": 7, "value": 5}]}))
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(made))
    trace = load(path)
    assert trace.state(1).main == trace.state(0).main
    (found,) = trace.diagnostics
    assert (found.code, found.pointer) == ("V306", "/deltas/0/operations/0/0")
    with pytest.raises(StrictError, match="V306") as caught:
        load(path, strict=True)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("kind", "payload", "view"),
    [
        ("array", [1, 2], ArrayView),
        ("x-stack", [1], ArrayView),
        ("table", [[1, 2], [3]], TableView),
        ("dp", [[1]], TableView),
        ("graph", {"nodes": [{"id": 1}], "edges": [{"from": 1, "to": "1"}]}, GraphView),
        ("tree", {"root": "a", "nodes": [{"id": "a", "children": [None, "b"]}, {"id": "b"}]}, TreeView),
        ("hashtable", {"size": 3, "buckets": []}, HashView),
    ],
)
def test_every_type_of_main_view_is_read(kind: str, payload: object, view: type) -> None:
    made = array(data_state={"type": kind, "structure": payload})
    assert isinstance(trace_of(made).state(0).main, view)


DEEP = "[" * 70 + "]" * 70


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"svl_version": "5.0",\n  "deltas": [1,,2]}', r":2:16: expecting value"),
        ('{"a": 1,\n "b": {"c": 1, "c": 2}}', r"V110.*line 2.*'c'"),
        ('{"svl_version": "5.0", "initial_frame": {}, "deltas": [{"meta": {"x": NaN}}]}', r":1:71: NaN"),
        ('{"svl_version": "5.0", "initial_frame": {}, "deltas": [{"meta": {"x": 1e999}}]}', r":1:71: 1e999"),
        ("[" * 100_000, r"nested deeper than 64"),
        (
            '{"svl_version": "5.0", "initial_frame": {}, "deltas": [], "x": ' + DEEP + "}",
            r":1:\d+: nested deeper",
        ),
        ("", r":1:1: expecting value"),
        ('{"svl_version": "4.0"}', r"svl_version '4.0'"),
        ('{"hello": 1}', r"no svl_version"),
        ("[1]", r"an object, not a list"),
        ("null", r"an object, not null"),
        ("5", r"an object, not a number"),
        (
            '{"svl_version": "5.0", "deltas": [],'
            ' "initial_frame": {"data_state": {"type": "table", "data": [5]}}}',
            r"data/0: input should be a list",
        ),
        ('{"svl_version": "5.0", "deltas": []}', r"/initial_frame: field required"),
        ('{"svl_version": "5.0", "initial_frame": {}, "deltas": [3]}', r"/deltas/0: "),
        ('{"svl_version": "5.0", "initial_frame": {}, "deltas": ' + "9" * 5000 + "}", r"digits"),
    ],
)
def test_what_is_no_trace_is_told_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(DataError, match=says) as caught:
        load(path)
    assert caught.value.exit_code == 2


def swaps(steps: int) -> dict[str, Any]:
    """A trace of an array of 50, of so many steps with four operations each."""
    draw = random.Random(1)
    made = array(
        *range(50), auxiliary_views=[{"view_id": "vars_panel", "type": "table", "data": [["i", None]]}]
    )
    for k in range(steps):
        i, j = draw.sample(range(50), 2)
        made["deltas"].append(
            step(
                ("updateValues", {"updates": [{"index": i, "value": k}, {"index": j, "value": k + 1}]}),
                ("updateStyle", {"indices": [i, j], "styleKey": "done"}),
                ("updateTableCell", {"view_id": "vars_panel", "updates": [{"row": 0, "col": 1, "value": i}]}),
                ("showComment", {"text": f"swap {i} and {j}"}),
                code=1,
            )
        )
    return made


def test_ten_thousand_steps_are_read_in_two_seconds_and_any_is_found_in_twenty_milliseconds(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.json"
    path.write_text(json.dumps(swaps(10_000)))
    trace = quick(lambda: load(path), 2.0)
    assert trace.diagnostics == ()
    for k in random.Random(2).sample(range(10_001), 60):
        quick(lambda k=k: trace.state(k), 0.02, tries=1)


def test_limits_of_what_untrusted_code_wrote(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(swaps(3)))
    assert len(load(path, limits=HOSTILE)) == 3
    for limits, says in (
        (Limits(steps=2), "3 steps"),
        (Limits(characters=5), "a string of"),
        (Limits(bytes=100), "at most 100|bytes"),
    ):
        with pytest.raises(DataError, match=says):
            load(path, limits=limits)


def test_many_thousand_steps_are_read_and_any_is_found() -> None:
    steps = 100_000 if os.environ.get("VIDKIT_LONG_TESTS") else 20_000
    made = array(0, 1)
    write = ("updateValues", {"updates": [{"index": 0, "value": 7}]})
    made["deltas"] = [step(write, code=1) if k % 10 == 0 else step(code=2) for k in range(steps)]
    trace = trace_of(made)
    assert trace.diagnostics == () and len(trace) == steps
    assert trace.state(steps - 1).code == (2,) and trace.state(1).main.values == (7, 1)  # type: ignore[union-attr]


def test_unknown_type_of_a_view_names_the_known_ones():
    raw = {"svl_version": "5.0", "initial_frame": {"data_state": {"type": "spaceship"}}, "deltas": []}
    with pytest.raises(DataError, match="no type 'spaceship'; types: array, x-heap"):
        trace_of(raw)
