"""RSL: what the grammar, or the trace, does not have is refused with code and place."""

from __future__ import annotations

from pathlib import Path

import made_traces as made
import pytest
from made_styles import rsl, rule, swaps

from vidkit.algoviz import style_of
from vidkit.algoviz.rsl.codes import CODES, StyleError
from vidkit.errors import DataError

WRONG: list[tuple[made.Json, str, str]] = [
    ({}, "R101", "/meta"),
    ({"meta": {}}, "R101", "/meta/rsl_version"),
    ({"meta": {"rsl_version": "2.0"}}, "R103", "/meta/rsl_version"),
    (rsl(colour="red"), "R102", "/colour"),
    (rsl(theme={"backgroud": "#fff"}), "R102", "/theme/backgroud"),
    (rsl(theme={"text": "blurple"}), "R103", "/theme/text"),
    (rsl(theme={"preset": "drak"}), "R103", "/theme/preset"),
    (rsl(theme={"preset": "light", "text": "#dddddd"}), "R301", "/theme/text"),
    (rsl(timeline={"transition": 3, "pause": 0}), "R103", "/timeline/transition"),
    (rsl(timeline={"transition": "1", "pause": 0}), "R103", "/timeline/transition"),
    (rsl(timeline={"transition": 1}), "R101", "/timeline/pause"),
    (
        rsl(timeline={"transition": 1, "pause": 0, "max_fps_for_changes": 31}),
        "R103",
        "/timeline/max_fps_for_changes",
    ),
    (
        rsl(timeline={"transition": 1, "pause": 0, "coalesce_minor_frames": 1}),
        "R103",
        "/timeline/coalesce_minor_frames",
    ),
    (rsl(layout={"main": {"type": "spiral"}}), "R103", "/layout/main/type"),
    (rsl(layout={"main": {"type": "force_directed"}}), "R201", "/layout/main/type"),
    (
        rsl(layout={"main": {"type": "horizontal_array", "params": {"edge_curve": 0.5}}}),
        "R202",
        "/layout/main/params/edge_curve",
    ),
    (
        rsl(layout={"main": {"type": "grid", "params": {"grid_cols": 0}}}),
        "R103",
        "/layout/main/params/grid_cols",
    ),
    (rsl(layout={"aux": {"slot": "middle"}}), "R103", "/layout/aux/slot"),
    (rsl(layout={"code": {"slot": "left", "max_share": 0.9}}), "R103", "/layout/code/max_share"),
    (rsl(rules=[rule({"op": "updateValue"})]), "R105", "/rules/0/when/op"),
    (rsl(rules=[rule({"op": "updateValues", "if": "x"})]), "R102", "/rules/0/when/if"),
    (rsl(rules=[rule({"code_highlight_in": [0]})]), "R103", "/rules/0/when/code_highlight_in/0"),
    (rsl(rules=[rule({"view_id": "dat_state"})]), "R203", "/rules/0/when/view_id"),
    (rsl(rules=[rule({"styleKey": "don"})]), "R207", "/rules/0/when/styleKey"),
    (rsl(rules=[rule({"step_range": [2, 9]})]), "R204", "/rules/0/when/step_range"),
    (rsl(rules=[rule({"step_range": [2, 1]})]), "R103", "/rules/0/when/step_range"),
    (rsl(rules=[rule({}, animation={"variant": "spin"})]), "R103", "/rules/0/do/animation/variant"),
    (rsl(rules=[rule({}, animation={"run_time": 0.05})]), "R103", "/rules/0/do/animation/run_time"),
    (rsl(rules=[rule({}, animation={"easing": "bounce"})]), "R103", "/rules/0/do/animation/easing"),
    (rsl(rules=[rule({}, style={"scale": 3})]), "R103", "/rules/0/do/style/scale"),
    (rsl(rules=[rule({}, style={"glow": "yes"})]), "R103", "/rules/0/do/style/glow"),
    (rsl(rules=[rule({}, style={"fill": "#ffffff", "text": "#eeeeee"})]), "R301", "/rules/0/do/style/text"),
    (rsl(rules=[rule({}, style={"stroke": "#16181d"})]), "R301", "/rules/0/do/style/stroke"),
    (
        rsl(annotations=[{"frame": 9, "type": "text", "label": "a", "position": [0, 0]}]),
        "R204",
        "/annotations/0/frame",
    ),
    (rsl(annotations=[{"frame": 0, "type": "text", "label": "a"}]), "R205", "/annotations/0"),
    (rsl(annotations=[{"frame": 0, "type": "arrow", "from": 0}]), "R205", "/annotations/0"),
    (rsl(annotations=[{"frame": 0, "type": "circle", "from": 0, "to": 1}]), "R205", "/annotations/0/to"),
    (rsl(annotations=[{"frame": 0, "type": "circle", "from": 7}]), "R206", "/annotations/0/from"),
    (rsl(annotations=[{"frame": 0, "type": "square"}]), "R103", "/annotations/0/type"),
    (
        rsl(annotations=[{"frame": 0, "type": "circle", "from": 0, "color": "#202020"}]),
        "R301",
        "/annotations/0/color",
    ),
    (rsl(pacing={"target_duration": 0}), "R103", "/pacing/target_duration"),
    (rsl(lang="english please"), "R103", "/lang"),
    ({"meta": {"rsl_version": "0.1"}}, "R101", "/layout"),
    (rsl("0.1", layout={}), "R101", "/layout/main"),
    (rsl("0.1", lang="en"), "R104", "/lang"),
    (rsl("0.1", theme={"preset": "dark"}), "R104", "/theme/preset"),
    (
        rsl("0.1", rules=[rule({"op": "updateValues", "view_id": "data_state"})]),
        "R104",
        "/rules/0/when/view_id",
    ),
    (
        rsl("0.1", rules=[rule({"op": "updateValues"}, style={"fill": "#fff"})]),
        "R104",
        "/rules/0/do/style/fill",
    ),
    ({"algorithm_info": {}, "layout_strategy": {}}, "R102", ""),
]


@pytest.mark.parametrize(("style", "code", "pointer"), WRONG, ids=[f"{c}{p}" for _, c, p in WRONG])
def test_what_the_grammar_or_the_trace_does_not_have_is_refused(
    style: made.Json, code: str, pointer: str
) -> None:
    with pytest.raises(StyleError) as caught:
        style_of(swaps(), style)
    assert (caught.value.finding.code, caught.value.finding.pointer) == (code, pointer)
    assert caught.value.hint and caught.value.exit_code == 2


def test_every_error_code_is_met_by_a_test() -> None:
    met = {code for _, code, _ in WRONG}
    assert met == {code for code, (is_error, _) in CODES.items() if is_error}


def test_near_names_and_fields_are_named() -> None:
    with pytest.raises(StyleError) as caught:
        style_of(swaps(), rsl(theme={"backgroud": "#fff"}))
    assert "did you mean 'background'? fields: preset, background" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"meta": 1,}', r":1:\d+: "),
        ('{"meta": {}, "meta": {}}', "V110"),
        ('{"x": NaN}', ":1:7: NaN"),
        ("[]", "a style is an object"),
    ],
)
def test_files_that_are_no_style(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "style.json"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        style_of(swaps(), str(path))


def test_unknown_presets_have_a_near_name() -> None:
    with pytest.raises(DataError, match="no style 'ligth'") as caught:
        style_of(swaps(), "ligth")
    assert "did you mean 'light'?" in caught.value.hint
