"""The laws of traces: what holds for any of them, whatever its operations are."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import os
import subprocess
import sys
from typing import Any

import made_traces as made
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidkit.algoviz.vta.beside import beside
from vidkit.algoviz.vta.composing import compose
from vidkit.algoviz.vta.diagnostics import Severity, StrictError
from vidkit.algoviz.vta.differences import apply, diff
from vidkit.algoviz.vta.document import Document
from vidkit.algoviz.vta.engine.apply import HANDLERS, apply_delta
from vidkit.algoviz.vta.engine.context import Context
from vidkit.algoviz.vta.hashing import state_hash
from vidkit.algoviz.vta.lowering import lower
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.operations import CORE, PARAMS
from vidkit.algoviz.vta.state import NO_MARKS, ArrayView, View
from vidkit.algoviz.vta.trace import Trace, trace_of
from vidkit.errors import DataError

# new ones in every run; VIDKIT_LONG_TESTS=1 tries many at once
EXAMPLES = 300 if os.environ.get("VIDKIT_LONG_TESTS") else 10
few = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def cut(raw: made.Json, *places: int) -> list[made.Json]:
    """The trace in parts, each with the same initial frame."""
    ends = (0, *places, len(raw["deltas"]))
    return [{**raw, "deltas": raw["deltas"][a:b]} for a, b in itertools.pairwise(ends)]


def test_there_are_34_operations_and_each_is_drawn_by_the_tests() -> None:
    assert len(CORE) == 34
    assert set(made.PARAMS) == set(PARAMS) == set(HANDLERS)


@few
@given(made.traces())
def test_identity_no_deltas_change_nothing(raw: made.Json) -> None:
    whole, nothing = trace_of(raw), trace_of({**raw, "deltas": []})
    after = compose(whole, nothing, rebase=True)
    before = compose(nothing, whole)
    assert after.hash() == before.hash() == whole.hash()
    assert after.replay() == before.replay() == whole.replay()


@few
@given(made.traces(), st.integers(0, 6), st.integers(0, 6))
def test_composition_is_associative(raw: made.Json, i: int, j: int) -> None:
    places = sorted(min(place, len(raw["deltas"])) for place in (i, j))
    a, b, c = map(trace_of, cut(raw, *places))
    left = compose(compose(a, b, True), c, True)
    right = compose(a, compose(b, c, True), True)
    assert left.as_dict() == right.as_dict() == trace_of(raw).as_dict()
    assert left.replay() == right.replay()


@few
@given(made.traces(), st.integers(0, 6))
def test_replay_of_a_sequence_is_replay_of_its_parts_in_turn(raw: made.Json, place: int) -> None:
    whole = trace_of(raw)
    place = min(place, len(whole))
    state = whole.replay()[place]
    ctx = Context(whole.styles, Notes())
    states = [state]
    for delta in whole.deltas[place:]:
        states.append(apply_delta(states[-1], delta, len(whole.pseudocode), ctx))
    assert whole.replay()[place:] == states


@few
@given(made.traces())
def test_equal_bytes_give_equal_states_whatever_their_layout(raw: made.Json) -> None:
    other = json.loads(json.dumps(raw, sort_keys=True, indent=3))
    assert trace_of(raw).hashes() == trace_of(other).hashes()
    assert trace_of(raw).hash() == trace_of(other).hash()


def test_hashes_do_not_depend_on_the_process() -> None:
    raw = made.trace("graph", made.GRAPH, made.step(made.op("updateNodeStyle", ids=["a"], styleKey="done")))
    code = f"from vidkit.algoviz import trace_of; print(*trace_of({raw!r}).hashes())"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout.split()[-1]
        for seed in ("1", "2")
    }
    assert told == {trace_of(raw).hashes()[-1]}


@few
@given(made.traces(most=6), st.lists(st.integers(0, 120), min_size=1, max_size=8), st.integers(1, 20))
def test_any_step_is_the_one_of_replay_in_any_order(raw: made.Json, order: list[int], times: int) -> None:
    raw = {**raw, "deltas": raw["deltas"] * times}  # beyond the distance of checkpoints
    trace = trace_of(raw)
    states = trace.replay()
    for k in (min(place, len(trace)) for place in order):
        assert trace.state(k) == states[k]
        assert state_hash(trace.state(k)) == state_hash(states[k])


@few
@given(made.traces())
def test_nothing_is_shared_with_what_went_in_and_nothing_can_be_changed(raw: made.Json) -> None:
    given_ = copy.deepcopy(raw)
    trace = trace_of(given_)
    before = trace.hashes()
    wreck(given_)
    wreck(trace.as_dict())
    assert trace.hashes() == before
    for state in trace.replay():
        with pytest.raises(dataclasses.FrozenInstanceError):
            state.code = (9,)  # type: ignore[misc]
        with pytest.raises(TypeError):
            state.aux["x"] = state.main


def wreck(value: Any) -> None:
    """Change every list and object, however deep."""
    for entry in list(value.values()) if isinstance(value, dict) else list(value):
        if isinstance(entry, dict | list):
            wreck(entry)
    value.clear()


@few
@given(made.traces())
def test_changes_can_be_made_and_undone(raw: made.Json) -> None:
    states = trace_of(raw).replay()
    for before, after in zip(states, [*states[1:], states[0]], strict=True):
        changes = diff(before, after)
        assert apply(before, changes) == after
        assert state_hash(apply(after, changes, backwards=True)) == state_hash(before)
        assert changes or state_hash(before) == state_hash(after)


@few
@given(made.traces(), st.sampled_from(["", "x-"]))
def test_reading_what_was_written_gives_the_same_and_keeps_unknown_fields(raw: made.Json, mark: str) -> None:
    raw = trace_of(raw).as_dict()  # elements as objects
    raw[f"{mark}more"] = {"a": [1, None]}
    raw["initial_frame"][f"{mark}more"] = "b"
    for delta in raw["deltas"]:
        delta[f"{mark}more"] = 1
        for group in delta["operations"]:
            for op in group:
                op[f"{mark}more"] = True
                op["params"][f"{mark}more"] = []
    trace = trace_of(raw)
    assert trace.as_dict() == raw
    assert trace_of(trace.as_dict()).document == trace.document
    assert ("V104" in {found.code for found in trace.diagnostics}) == (mark == "")


@few
@given(made.traces())
def test_marks_of_a_step_are_gone_in_the_next_and_the_rest_stays(raw: made.Json) -> None:
    raw = {**raw, "deltas": [d for delta in raw["deltas"] for d in (delta, {"operations": []})]}
    states = trace_of(raw).replay()
    for marked, after in zip(states[1::2], states[2::2], strict=True):
        assert after.marks == NO_MARKS
        assert after == dataclasses.replace(marked, marks=NO_MARKS)


@few
@given(made.traces())
def test_an_operation_that_fails_leaves_the_state_as_it_was(raw: made.Json) -> None:
    ops = [op for delta in raw["deltas"] for group in delta["operations"] for op in group]
    alone = trace_of({**raw, "deltas": [{"operations": [[op]]} for op in ops]})
    states = alone.replay()
    skipped = {f.delta for f in alone.errors if not f.message.endswith("; made")}
    for place in (place for place in skipped if place is not None):
        assert states[place + 1] == dataclasses.replace(states[place], marks=NO_MARKS)


@few
@given(made.traces())
def test_strict_runs_end_at_the_first_error(raw: made.Json) -> None:
    trace = trace_of(raw)
    if trace.errors:
        with pytest.raises(StrictError, match=trace.errors[0].code):
            trace.check()
    else:
        trace.check()
    assert all(found.severity is Severity.ERROR for found in trace.errors)


@few
@given(st.permutations(range(4)), st.integers(1, 4), st.lists(st.integers(0, 3), unique=True, min_size=4))
def test_moves_are_permutations_and_one_pair_is_a_swap(order: list[int], count: int, to: list[int]) -> None:
    pairs = [{"fromIndex": a, "toIndex": b} for a, b in list(zip(order, to, strict=True))[:count]]
    raw = made.trace("array", [5, 2, 8, 1], made.step(made.op("moveElements", pairs=pairs)))
    before, after = (state.main for state in trace_of(raw).replay())
    assert isinstance(before, ArrayView) and isinstance(after, ArrayView)
    assert sorted(after.values) == sorted(before.values)
    for pair in pairs:
        assert after.values[pair["toIndex"]] == before.values[pair["fromIndex"]]
    if count == 1:
        assert after.values[pairs[0]["fromIndex"]] == before.values[pairs[0]["toIndex"]]


@few
@given(made.traces())
def test_lowered_traces_have_core_operations_alone_and_the_same_data(raw: made.Json) -> None:
    try:
        low = lower(trace_of(raw))
    except DataError as error:
        assert "vars_panel" in error.message
        return
    names = {op.op for delta in low.deltas for op in delta.ops}
    assert not [name for name in names if name.startswith("x-")]
    for before, after in zip(trace_of(raw).replay(), low.replay(), strict=True):
        if isinstance(before.main, ArrayView):
            assert isinstance(after.main, ArrayView) and after.main.kind == "array"
            length = len(before.main.values)
            assert after.main.values[:length] == before.main.values
            assert set(after.main.values[length:]) <= {None}
        for name, value in before.variables.items():
            assert after.variables[name] == value
        calls = before.aux.get("call_stack")
        assert calls is None or calls == after.aux["call_stack"]
    assert lower(low) is low


def test_a_trace_composes_only_where_the_one_before_ends() -> None:
    swap = made.op("updateValues", updates=[{"index": 0, "value": 1}])
    first = trace_of(made.trace("array", [5, 2], made.step(swap)))
    fits = trace_of(made.trace("array", [1, 2], made.step(swap)))
    assert len(compose(first, fits)) == 2
    with pytest.raises(DataError, match=r"main/elements/0/value is 1, then 5"):
        compose(first, first)
    assert len(compose(first, first, rebase=True)) == 2


def test_documents_are_immutable_models() -> None:
    document = trace_of(made.trace("array", [1])).document
    assert isinstance(document, Document)
    with pytest.raises(ValueError, match="frozen"):
        document.svl_version = "4.0"
    assert isinstance(Trace(document).state(0).main, ArrayView)


@few
@given(made.traces(), made.traces())
def test_two_traces_beside_each_other_have_the_views_of_both(one: made.Json, other: made.Json) -> None:
    try:
        low = [lower(trace_of(raw)) for raw in (one, other)]
        both = beside(*map(trace_of, (one, other)))
    except DataError as error:
        assert "vars_panel" in error.message
        return
    ours, theirs = (trace.replay() for trace in low)
    states = both.replay()
    assert len(states) == max(len(ours), len(theirs))
    for k, state in enumerate(states):
        a, b = ours[min(k, len(ours) - 1)], theirs[min(k, len(theirs) - 1)]
        assert content(state.main) == content(a.main)
        assert {name: content(view) for name, view in state.aux.items()} == {
            "b:data_state": content(b.main),
            **{f"a:{name}": content(view) for name, view in a.aux.items()},
            **{f"b:{name}": content(view) for name, view in b.aux.items()},
        }


def content(view: View) -> View:
    return dataclasses.replace(view, view_id="", title="")


def test_styles_and_comments_of_two_traces_do_not_hide_each_other() -> None:
    say = made.op("showComment", text="hello")
    paint = made.op("updateStyle", indices=[0], styleKey="done")
    one = trace_of(made.trace("array", [1], made.step(say, paint, code=1)))
    styles = {"elementStyles": {"done": {"fill": "#123456"}}}
    other = trace_of(made.trace("array", [2], made.step(say, paint, code=2), styles=styles))
    both = beside(one, other)
    assert both.diagnostics == ()
    state = both.state(1)
    assert [comment.text for comment in state.marks.comments] == ["made: hello | made: hello"]
    assert state.code == (1, 5)
    assert made.pick(state, "main.elements.0.style") == "done"
    assert made.pick(state, "aux.b:data_state.elements.0.style") == "b:done"
    assert both.styles.element["b:done"] == {"fill": "#123456"}
    with pytest.raises(DataError, match="both prefixes"):
        beside(one, other, ("x", "x"))
