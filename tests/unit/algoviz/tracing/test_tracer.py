"""Containers of a `Tracer`: they behave as plain ones, and the trace shows each of their states."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidkit.algoviz import render, trace
from vidkit.algoviz.trace import Tracer
from vidkit.algoviz.vta.state import ArrayView, ListView, TableView
from vidkit.errors import DataError

OPERATIONS: dict[str, Any] = {
    "append": lambda a, x: a.append(x),
    "pop": lambda a, x: a.pop() if a else None,
    "pop first": lambda a, x: a.pop(0) if a else None,
    "insert": lambda a, x: a.insert(x % (len(a) + 1), x),
    "remove": lambda a, x: a.remove(a[x % len(a)]) if a else None,
    "set": lambda a, x: a.__setitem__(x % len(a), x) if a else None,
    "delete": lambda a, x: a.__delitem__(x % len(a)) if a else None,
    "slice": lambda a, x: a.__setitem__(slice(0, x % 3), [x, x]),
    "sort": lambda a, x: a.sort(),
    "reverse": lambda a, x: a.reverse(),
    "extend": lambda a, x: a.extend([x, x + 1]),
    "clear": lambda a, x: a.clear(),
}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 9), max_size=5),
    st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9)), max_size=12),
    st.sampled_from(["list", "x-stack", "x-queue", "x-heap"]),
)
def test_list_is_a_list_and_each_state_is_shown(
    start: list[int], ops: list[tuple[str, int]], kind: str
) -> None:
    tracer = Tracer()
    ours, plain = tracer.sequence(start, "a", kind), list(start)
    states = [tuple(plain)]
    for name, number in ops:
        assert OPERATIONS[name](ours, number) == OPERATIONS[name](plain, number)
        assert ours == plain
        states.append(tuple(plain))
    made = tracer.trace
    assert not made.errors
    shown = [_row(state.main) for state in made.replay()]
    assert _distinct(shown) == _distinct(states)


def _row(view: Any) -> tuple[Any, ...]:
    return view.values if isinstance(view, ArrayView) else tuple(item.value for item in view.items)


def _distinct(states: list[Any]) -> list[Any]:
    return [state for place, state in enumerate(states) if place == 0 or state != states[place - 1]]


def test_sort_is_told_with_reads_swaps_pointers_and_notes() -> None:
    with Tracer("Bubble sort", "sorting", code="for ...\n  swap") as t:
        a = t.array([5, 2, 8], "a")
        for i in range(len(a) - 1):
            t.pointer("i", a, i)
            t.line(2)
            if a[i] > a[i + 1]:
                t.note(f"swap {a[i]} and {a[i + 1]}")
                a.swap(i, i + 1)
    states = t.trace.replay()
    assert [state.main.values for state in states] == [(5, 2, 8), (2, 5, 8), (2, 5, 8)]
    assert [element.style for element in states[1].main.elements] == ["swap", "swap", None]
    assert states[1].pointers["i"].at == 0
    assert states[1].marks.remarks[0].text == "swap 5 and 2"
    assert states[1].code == (2,)
    assert not t.trace.errors


def test_table_shows_where_a_value_comes_from() -> None:
    t = Tracer()
    grid = t.table([[1, 1], [1, 0]], "paths")
    grid[1][1] = grid[0][1] + grid[1][0]
    state = t.trace.replay()[-1]
    assert isinstance(state.main, TableView)
    assert state.main.rows == ((1, 1), (1, 2))
    assert state.marks.dependencies[0].from_cells == ((0, 1), (1, 0))


def test_more_containers_dicts_and_graphs() -> None:
    t = Tracer()
    graph = t.graph({"A": {"B": 4}, "B": {}}, "g")
    dist = t.mapping({"A": 0}, keys=["B"], title="dist")
    queue = t.sequence(["A"], "queue", "x-queue")
    graph.mark("A")
    graph.mark_edge("A", "B")
    with t.together():
        queue.pop(0)
        queue.append("B")
    dist["B"] = dist["A"] + 4
    t.variable("done", True)
    t.step()
    state = t.trace.replay()[-1]
    assert state.main.nodes["A"].style == "visited" and state.main.edges[0].label == 4
    assert state.aux["dist"].rows == ((0,), (4,))
    assert state.aux["queue"].values == ("B",)
    assert state.variables == {"done": True}
    assert not t.trace.errors


def test_an_array_keeps_its_length_and_strangers_are_refused() -> None:
    t = Tracer()
    a = t.array([1])
    with pytest.raises(DataError, match="changed its length"):
        a.append(2)
    with pytest.raises(DataError, match="does not belong to the tracer"):
        t.pointer("i", [1], 0)
    with pytest.raises(DataError, match="no kind of list 'heap'"):
        t.sequence([], kind="heap")
    assert type(copy.deepcopy(a)) is list


def test_a_fault_inside_is_told_in_the_last_step() -> None:
    t = Tracer()
    with pytest.raises(ZeroDivisionError), t:
        t.array([1])
        _ = 1 / 0
    remark = t.trace.replay()[-1].marks.remarks[0]
    assert (remark.text, remark.severity) == ("ZeroDivisionError: division by zero", "error")


def double_all(values: list[int], factor: int = 2) -> list[int]:
    for i in range(len(values)):
        if values[i] > 0:
            values[i] = values[i] * factor
    return values


def test_function_of_the_caller_is_traced_in_this_process() -> None:
    made = trace.run(double_all, [1, 0, 3], factor=3)
    assert made.name == "double all"
    states = made.replay()
    rows = _distinct([_row(state.main) for state in states])
    assert rows == [(1, 0, 3), (3, 0, 3), (3, 0, 9)]
    assert any(element.style == "compare" for state in states for element in state.main.elements)
    line = made.pseudocode[states[-1].code[0] - 1]
    assert "values[i]" in line or "return values" in line


def test_what_is_no_python_function_is_refused() -> None:
    with pytest.raises(DataError, match="not a function written in Python"):
        trace.run(len, [1])
    assert isinstance(trace.run(double_all, [2]).state(0).main, ArrayView | ListView)


def test_names_of_comprehensions_are_no_variables() -> None:
    from vidkit.algoviz.tracing.inside.rewrite import only_in_comprehensions

    text = "a = [x * y for x, y in b if x]\ny = 1\ndef f(z): return {z for z in a}\nc = [i for i in range(3)]"
    assert only_in_comprehensions(text) == {"x", "i"}


def test_notebooks_show_the_player_in_a_frame() -> None:
    made = trace.show(trace.run(double_all, [1, 2]), height=400)._repr_html_()
    assert made.startswith('<iframe srcdoc="&lt;!') and "height:400px" in made
    assert made.endswith('sandbox="allow-scripts"></iframe>')
    assert "double all" in made


def test_drawing_names_the_files_that_are_there(tmp_path: Path) -> None:
    written = render(trace.run(double_all, [1, 2]), output=tmp_path / "a.html")
    assert [path.name for path in written.files] == ["a.html"]
