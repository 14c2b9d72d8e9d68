"""RSL: every field of the grammar has its effect."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import made_traces as made
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_styles import rsl, rule, swaps
from made_traces import op

from vidkit.algoviz import load, style_of, trace_of
from vidkit.algoviz.rsl.codes import StyleError
from vidkit.algoviz.rsl.colours import LINE_RATIO, TEXT_RATIO, contrast
from vidkit.algoviz.rsl.themes import PRESETS
from vidkit.algoviz.rsl.timing import SHORTEST

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "algoviz"


def test_theme_colours_reach_what_is_drawn() -> None:
    said = {
        "background": "#ffffff",
        "text": "#102030",
        "primary": "#1d5fd0",
        "secondary": "#0f7a4d",
        "accent": "#a85a00",
    }
    resolved = style_of(swaps(), rsl(theme=said))
    assert {role: getattr(resolved.theme, role) for role in said} == said
    assert resolved.step(0).look("element", "data_state", 0).text == "#102030"
    assert resolved.step(0).look("boundary", "", 0).stroke == "#0f7a4d"
    assert resolved.step(0).look("pointer", "", "i").stroke == "#a85a00"
    assert resolved.step(0).look("dependency", "data_state", 0).stroke == "#1d5fd0"


def test_rules_meet_by_all_that_they_give_and_the_later_wins_by_property() -> None:
    rules = [
        rule({"op": "updateValues"}, style={"scale": 1.2, "glow": True}, animation={"variant": "shake"}),
        rule(
            {"op": "updateValues", "code_highlight_in": [2]},
            style={"scale": 1.5},
            animation={"easing": "linear"},
        ),
        rule({"step_range": [2, 2], "styleKey": "done", "view_id": "data_state"}, style={"stroke_width": 9}),
    ]
    resolved = style_of(swaps(), rsl(rules=rules))
    first, last = resolved.step(1), resolved.step(5)
    assert first.look("element", "data_state", 0).scale == 1.2
    look, motion = last.look("element", "data_state", 1), last.motion("element", "data_state", 1)
    assert (look.scale, look.glow) == (1.5, True)
    assert motion is not None and (motion.variant, motion.easing) == ("shake", "linear")
    assert resolved.step(2).look("element", "data_state", 1).stroke_width == 9
    assert resolved.step(4).look("element", "data_state", 0).stroke_width != 9
    assert last.motion("element", "data_state", 0) is None


def test_rules_give_colours_that_stay_readable() -> None:
    resolved = style_of(swaps(), rsl(rules=[rule({"op": "updateValues"}, style={"fill": "#0b3d91"})]))
    look = resolved.step(1).look("element", "data_state", 0)
    assert look.fill == "#0b3d91" and contrast(look.text, look.fill) >= TEXT_RATIO
    assert resolved.step(1).look("element", "data_state", 2).fill != "#0b3d91"


def test_layout_and_its_parameters_are_passed_on() -> None:
    params = {"cell_size": 1.5, "spacing": 0.3, "grid_cols": 2}
    resolved = style_of(swaps(), rsl(layout={"main": {"type": "grid", "params": params}}))
    layout = resolved.layout(resolved.states[0].main)
    assert (layout.type, layout.cell_size, layout.spacing, layout.grid_cols) == ("grid", 1.5, 0.3, 2)
    graph = trace_of(made.trace("graph", made.GRAPH))
    params = {"node_spacing": 6, "edge_curve": -0.5}
    resolved = style_of(graph, rsl(layout={"main": {"type": "circular", "params": params}}))
    layout = resolved.layout(resolved.states[0].main)
    assert (layout.type, layout.node_spacing, layout.edge_curve) == ("circular", 6, -0.5)


def test_slots_are_passed_on() -> None:
    said = {
        "code": {"slot": "right", "max_share": 0.25},
        "aux": {"slot": "right"},
        "comment": {"slot": "none"},
    }
    resolved = style_of(swaps(), rsl(layout=said, lang="en"))
    assert resolved.slots.code == ("right", 0.25)
    assert resolved.slots.aux[0] == "right" and resolved.slots.comment[0] == "none"


def test_annotations_are_at_their_parts_in_their_step_alone() -> None:
    said = [
        {"frame": 2, "type": "arrow", "from": 0, "to": "2", "label": "swap"},
        {"frame": 2, "type": "text", "label": "hello", "position": [0.5, -0.2], "color": "#ffcc00"},
        {"frame": 0, "type": "highlight", "from": 1},
        {"frame": 0, "type": "circle", "from": 1},
    ]
    resolved = style_of(
        swaps(), rsl(annotations=said, timeline={"transition": 1, "pause": 0, "coalesce_minor_frames": True})
    )
    arrow, text = resolved.step(2).annotations
    assert (
        arrow.source is not None
        and arrow.source.key == 0
        and arrow.target is not None
        and arrow.target.key == 2
    )
    assert (text.label, text.position, text.colour) == ("hello", (0.5, -0.2), "#ffcc00")
    assert len(resolved.step(0).annotations) == 2 and resolved.step(1).annotations == ()
    assert not resolved.times[2].is_merged


def timed(**timeline: Any) -> made.Json:
    return rsl(timeline={"transition": 1.0, "pause": 0.5, **timeline})


def test_a_step_takes_transition_operations_and_pause_and_reading() -> None:
    times = style_of(swaps(), timed()).times
    assert times[1].move_s == pytest.approx(1.3) and times[1].hold_s == 0.5
    assert times[2].move_s == pytest.approx(1.4)
    assert times[3].hold_s == pytest.approx(0.5 + 30 / 15)
    assert all(a.end_s == pytest.approx(b.start_s) for a, b in zip(times, times[1:], strict=False))  # noqa: RUF007


def test_run_time_of_a_rule_is_the_time_of_its_operation() -> None:
    style = timed()
    style["rules"] = [rule({"op": "updateValues"}, animation={"run_time": 2.0})]
    times = style_of(swaps(), style).times
    assert times[1].move_s == pytest.approx(3.0) and times[2].move_s == pytest.approx(1.4)


def test_minor_steps_are_merged_with_the_next_and_value_changes_never() -> None:
    times = style_of(swaps(), timed(coalesce_minor_frames=True)).times
    assert [time.is_merged for time in times] == [False, False, True, False, True, False]


def test_the_cap_of_changes_per_second_holds() -> None:
    style = rsl(timeline={"transition": 0.1, "pause": 0, "max_fps_for_changes": 2})
    assert all(time.end_s - time.start_s >= 0.5 - 1e-9 for time in style_of(swaps(), style).times)


@pytest.mark.parametrize("target", [3.0, 30.0])
def test_the_duration_asked_for_is_met(target: float) -> None:
    style = rsl(pacing={"target_duration": target})
    assert style_of(swaps(), style).duration_s == pytest.approx(target, rel=1e-3)


def test_a_duration_too_short_merges_minor_steps_and_keeps_the_shortest_step() -> None:
    resolved = style_of(swaps(), rsl(pacing={"target_duration": 0.3}))
    shown = [time for time in resolved.times if not time.is_merged]
    assert len(shown) == 4
    assert all(time.end_s - time.start_s == pytest.approx(SHORTEST) for time in shown)


def test_reading_speed_and_its_longest() -> None:
    style = timed()
    style["pacing"] = {"reading_speed": 30, "longest_reading": 1.5}
    assert style_of(swaps(), style).times[3].hold_s == pytest.approx(1.5)
    style["pacing"]["longest_reading"] = 0.25
    assert style_of(swaps(), style).times[3].hold_s == pytest.approx(0.75)


@pytest.mark.parametrize(("steps", "pace"), [(3, (0.5, 0.3)), (30, (0.4, 0.2)), (60, (0.3, 0.15))])
def test_short_traces_go_slower_by_themselves(steps: int, pace: tuple[float, float]) -> None:
    times = style_of(swaps(deltas=(made.step(code=1),) * steps)).times
    assert (times[1].move_s, times[1].hold_s) == pace


def test_cell_marks_and_paths_and_buckets_have_their_style_for_a_step() -> None:
    styles = {"elementStyles": {"hot": {"fill": "#ff8800", "color": "#000"}}}
    raw = made.trace(
        "table",
        [[1, 2]],
        made.step(op("highlightTableCell", cells=[{"row": 0, "col": 1}], styleKey="hot")),
        made.step(),
        styles=styles,
    )
    resolved = style_of(trace_of(raw))
    assert resolved.step(1).look("cell", "data_state", (0, 1)).fill == "#ff8800"
    assert resolved.step(2).look("cell", "data_state", (0, 1)).fill == resolved.theme.cell
    raw = made.trace(
        "tree",
        made.TREE,
        made.step(op("highlightPath", from_id="d", to_id="c", styleKey="hot")),
        styles=styles,
    )
    assert style_of(trace_of(raw)).step(1).look("node", "data_state", "a").fill == "#ff8800"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "style",
    [
        {"fill": "#4CAF50", "textColor": "#FFFFFF"},
        {"backgroundColor": "rgb(10,10,10)", "labelColor": "black", "opacity": 0.3},
        {"fill": 7, "stroke": "nonsense", "strokeWidth": "thick", "opacity": [1]},
        {"borderColor": "#fefefe", "lineWidth": 1e9},
    ],
)
def test_whatever_a_trace_says_of_colours_can_be_read(preset: str, style: made.Json) -> None:
    resolved = style_of(
        swaps(styles={"elementStyles": {"done": style}, "edgeStyles": {"done": style}}), preset
    )
    for kind in ("element", "edge", "boundary", "dependency", "bucket", "node"):
        look = resolved.looks.of(kind, "done")
        assert contrast(look.text, look.fill) >= TEXT_RATIO
        for ground in (resolved.theme.background, resolved.theme.panel):
            assert contrast(look.stroke, ground) >= LINE_RATIO
        assert 0.5 <= look.stroke_width <= 10


def test_styles_have_badges_beside_colours_and_plain_ones_none() -> None:
    looks = style_of(swaps(), "colour-blind-safe").looks
    assert [looks.of("element", name).badge for name in ("idle", "done", "far", None)] == [None, 0, 1, None]
    assert looks.of("element", "done").fill != looks.of("element", "far").fill


def test_colours_that_cannot_be_read_are_told_and_mended_ones_too() -> None:
    styles = {
        "elementStyles": {"done": {"fill": "#4CAF50", "textColor": "#FFFFFF"}, "odd": {"fill": "blurple"}}
    }
    found = style_of(swaps(styles=styles)).findings
    assert [(f.code, f.pointer.rpartition("/")[2], f.is_error) for f in found] == [
        ("R302", "done", False),
        ("R303", "odd", False),
    ]


def test_operations_that_cannot_be_read_touch_nothing() -> None:
    wrong = made.step({"op": "updateValues", "params": {"updates": 3}}, {"op": "updateStyle"}, op("what"))
    assert style_of(swaps(deltas=(wrong,))).step(1).touched == ()


def test_a_rule_that_nothing_meets_is_told() -> None:
    found = style_of(swaps(), rsl(rules=[rule({"op": "addNode"})])).findings
    assert [f.code for f in found] == ["R208"]


def test_failing_colours_of_version_0_1_are_mended_and_told() -> None:
    resolved = style_of(swaps(), rsl("0.1", theme={"background": "#ffffff", "accent": "#f59e0b"}))
    assert [f.code for f in resolved.findings] == ["R302"]
    assert contrast(resolved.theme.accent, "#ffffff") >= LINE_RATIO


@few
@given(made.traces(), st.sampled_from(sorted(PRESETS)))
def test_a_style_changes_no_state_and_answers_for_every_part_of_every_step(
    raw: made.Json, preset: str
) -> None:
    given_ = copy.deepcopy(raw)
    trace = trace_of(raw)
    before = trace.hashes()
    resolved = style_of(trace, preset)
    for k in range(len(trace) + 1):
        now = resolved.step(k)
        for target in now.touched:
            look = now.look(*target)
            assert contrast(look.text, look.fill) >= TEXT_RATIO
            assert now.motion(*target) is not None
    assert trace.hashes() == before and raw == given_
    assert resolved.duration_s > 0


def test_the_published_style_fits_its_trace() -> None:
    path = SHARED / "rsl" / "dp_leetcode_823_seed_01_rsl.json"
    if not path.is_file():
        pytest.skip("the published style is not beside the checkout (it has no licence)")
    trace = load(next((SHARED / "traces").glob("CASE*823*")))
    resolved = style_of(trace, path)
    assert {found.code for found in resolved.findings} == {"R209", "R302"}
    assert resolved.theme.background == "#ffffff"
    now = resolved.step(4)
    touched = next(target for target in now.touched if target.view_id == "data_state")
    motion = now.motion(*touched)
    assert motion is not None and (motion.variant, motion.run_time_s) == ("pulse", 0.8)
    config = json.loads((SHARED / "rsl" / "dp_leetcode_823_seed_01_render_config.json").read_text())
    with pytest.raises(StyleError, match="render config"):
        style_of(trace, config)
