"""Text is measured without any font of the system, and fits its box whatever it says."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vidkit.algoviz as algoviz
from vidkit.algoviz.renderers.rendering import film_of
from vidkit.algoviz.scene.colours import contrast, parse, readable
from vidkit.algoviz.scene.fonts import lacking
from vidkit.algoviz.scene.look import THEMES, Look
from vidkit.algoviz.scene.text import clusters, cut, fit, width, wrap
from vidkit.algoviz.scene.values import show

EXAMPLES = 300 if os.environ.get("VIDKIT_LONG_TESTS") else 20  # new ones in every run


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=80), st.floats(0, 300), st.sampled_from(["sans", "bold", "mono"]))
def test_fitted_text_is_never_wider_than_its_room(text, room, font):
    fitted = fit(text, room, 16, font)
    assert fitted.width <= room + 1e-6
    assert fitted.size >= 9


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=200), st.floats(20, 300))
def test_wrapped_lines_fit(text, room):
    lines = wrap(text, room, 14, most=3)
    assert len(lines) <= 3
    # a single character may be wider than the room
    assert all(width(line, 14) <= room or len(clusters(line)) <= 1 for line in lines)


def test_cut_keeps_letters_and_their_marks_together():
    assert clusters("e\u0301👩‍👩‍👧🇩🇪x") == ("e\u0301", "👩‍👩‍👧", "🇩🇪", "x")
    assert cut("e\u0301" * 30, 60, 16).endswith("e\u0301…")


def test_wide_characters_count_double():
    assert width("汉", 16) == 16.0
    assert width("\u0301", 16) == 0.0


def test_characters_without_a_glyph_are_named():
    assert lacking(["a汉é", "汉\u200d"]) == "汉"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "∅"), (True, "True"), (1.0 / 3, "0.333333"), (10**40, "1.00e40"), (-(10**12), "-1.00e12"),
     ([1, [2, {"a": 3}]], '[1,[2,{"a":3}]]'), ("a\nb\x00", "a↵b\\x00"),
     (list(range(40)), "[0,1,2,3,4,5,6,7,8,9,10…"),
     ("שלום", "\u2068שלום\u2069"), (float("nan"), "NaN"), ("\u202e", "\\u202e")],
)  # fmt: skip
def test_values_are_written_in_one_short_line(value, shown):
    assert show(value) == shown


@given(
    st.sampled_from(["#ffd700", "#777777", "#000000", "#ffffff", "#4caf50"]),
    st.sampled_from(["#ffffff", "#14181f"]),
)
def test_colours_are_made_readable(colour, background):
    assert contrast(readable(colour, background), background) >= 4.5


def test_colours_are_read_in_all_spellings():
    assert [parse(c) for c in ("#abc", "RGB(1, 2,3)", "rgba(255,0,0,.5)", "teal", "#12345678", "odd")] == [
        "#aabbcc", "#010203", "#ff0000", "#008080", "#123456", None,
    ]  # fmt: skip


@pytest.mark.parametrize("name", THEMES)
def test_themes_can_be_read(name):
    theme, look = THEMES[name], Look(THEMES[name])
    for colour in (theme.text, theme.muted):
        assert contrast(colour, theme.panel) >= 4.5
        assert contrast(colour, theme.background) >= 4.5
    assert contrast(theme.outline, theme.panel) >= 3
    for style in ("", "current", "sorted", "visited", "pivot", "wrong", "path"):
        paint = look.paint(style)
        assert contrast(paint.text, paint.fill) >= 4.5
        assert contrast(paint.stroke, theme.panel) >= 3


def test_text_that_cannot_be_read_becomes_black_or_white():
    look = Look(THEMES["dark"], styles={"loud": {"backgroundColor": "#ffd700"}})
    assert look.paint("loud").text == "#000000"


def test_text_of_a_style_is_kept_readable():
    look = Look(styles={"loud": {"backgroundColor": "#ffff00", "textColor": "#ffffff"}})
    assert contrast(look.paint("loud").text, "#ffff00") >= 4.5


def test_tuples_in_a_heap_are_written_without_their_signs():
    heap = {"type": "x-heap", "data": ["(4, 'B')", "(12, 0, 3)", "7"]}
    trace = algoviz.trace_of({"svl_version": "5.0", "initial_frame": {"data_state": heap}, "deltas": []})
    texts = {shape.text for shape in film_of(trace).scene(0).shapes}
    assert {"4 B", "12 0 3", "7"} <= texts
