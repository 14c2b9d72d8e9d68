"""Scripts the tracer was not made for: the main view that people expect, and the states of all views."""

from typing import Any

import pytest
import script_oracle as oracle
from everyday_scripts import DATA, path_of
from view_states import GRID, PAIRS, ROW, Expected, same, shown

from vidkit.algoviz.tracing.here import record_source
from vidkit.algoviz.tracing.telling import tell
from vidkit.algoviz.vta.trace import Trace, trace_of

FOLDER = "more_scripts"
MAIN = {
    "a_star": ("grid", "table"),
    "adjacency_matrix_bfs": ("matrix", "table"),
    "bipartite": ("graph", "graph"),
    "class_bank": ("a.history", "list"),
    "cocktail_sort": ("x", "array"),
    "coin_memo_cache": ("coins", "array"),
    "combination_sum": ("candidates", "array"),
    "dutch_flag": ("nums", "array"),
    "floodfill_recursive": ("image", "table"),
    "iterative_inorder": ("TreeNode", "tree"),
    "josephus": ("people", "x-queue"),
    "kahn_dict": ("rev", "graph"),
    "knight_tour": ("board", "table"),
    "max_subarray_matrix": ("total", "table"),
    "merge_lists": ("ListNode", "x-linkedlist"),
    "monotonic_stack": ("temps", "array"),
    "prefix_sum": ("prefix", "list"),
    "rabin_karp": ("text", "x-string"),
    "roman": ("vals", "array"),
    "simple_hash_open": ("h.keys", "array"),
    "skyline_priority": ("pq._data", "x-heap"),
    "ternary_dp_1row": ("best", "array"),
    "two_pointers": ("nums", "array"),
    "z_function": ("z", "array"),
    "add_two_numbers": ("ListNode", "x-linkedlist"),
    "build_order": ("deps", "graph"),
    "count_bits": ("bits", "array"),
    "heaps_permutations": ("arr", "array"),
    "knapsack_row": ("dp", "array"),
    "merge_k_lists": ("lists", "table"),
    "union_by_size": ("dsu.p", "array"),
}
FORMS: dict[str, Any] = {
    "tree": (oracle.structure("left", "right", "children"), same),
    "x-linkedlist": (oracle.structure("next"), same),
    "graph": (None, oracle.links),
    "x-set": (None, oracle.elements),
}


def traced(name: str) -> Trace:
    source = path_of(name, FOLDER).read_text()
    return trace_of(tell(record_source(source, str(path_of(name, FOLDER))), name))


def states_by_view(trace: Trace) -> dict[tuple[str, str], list[Any]]:
    """Distinct states of each view, one after the other, as the oracle has them."""
    found: dict[tuple[str, str], list[Any]] = {}
    for state in trace.replay():
        for view in state.views:
            if view.view_id not in ("vars_panel", "output", "call_stack"):
                states = found.setdefault((view.title, view.kind), [])
                made = shown(view, _expected(view.title, view.kind, view).form)
                if not states or states[-1] != made:
                    states.append(made)
    return found


def _expected(title: str, kind: str, view: Any) -> Expected:
    if kind == "table":
        return Expected(title, kind, title, PAIRS if view.col_headers == ("value",) else GRID)
    what, form = FORMS.get(kind, (None, ROW))
    return Expected(title, kind, what or title, form)


@pytest.mark.parametrize("name", MAIN)
def test_script_has_its_main_view_and_all_states(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    trace = traced(name)
    assert not trace.errors, trace.errors[0]
    main = trace.state(0).main
    assert (main.title, main.kind) == MAIN[name]
    views = {(view.title, view.kind): view for state in trace.replay() for view in state.views}
    for (title, kind), states in states_by_view(trace).items():
        expected = _expected(title, kind, views[title, kind])
        real = oracle.states(path_of(name, FOLDER), expected.what, expected.form)
        assert states == real[real.index(states[0]) :], f"{title}: {len(states)} states of {len(real)}"


def test_all_scripts_of_the_folder_are_tried() -> None:
    assert {path.stem for path in (DATA / FOLDER).glob("*.py")} <= MAIN.keys()
    assert all(path_of(name, FOLDER).is_file() for name in MAIN)
