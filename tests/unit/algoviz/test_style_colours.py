"""Colours and presets: what can be read on what, by WCAG 2 contrast."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidkit.algoviz.rsl.colours import LINE_RATIO, TEXT_RATIO, contrast, mixed, parse_colour, passing
from vidkit.algoviz.rsl.themes import PRESETS, failing

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#FFF", "#ffffff"),
        ("#1a2B3c", "#1a2b3c"),
        ("#00000080", "#7f7f7f"),
        ("rgb(255, 0, 128)", "#ff0080"),
        ("rgba(0,0,0,.5)", "#808080"),
        ("rgb(100%, 0%, 50%)", "#ff0080"),
        (" Gold ", "#ffd700"),
        ("transparent", "#ffffff"),
        ("blurple", None),
        ("#12", None),
        ("rgb(1,2)", None),
        (7, None),
        (None, None),
        ("#٣٣٣", None),
    ],
)
def test_colours_are_read_as_files_write_them(text: object, colour: str | None) -> None:
    assert parse_colour(text) == colour


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#ffffff", "#4caf50", 2.78),
        ("#123456", "#123456", 1.0),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@given(colours, colours)
def test_a_passing_colour_passes_and_one_that_does_is_kept(colour: str, ground: str) -> None:
    made = passing(colour, (ground,), TEXT_RATIO)
    assert contrast(made, ground) >= TEXT_RATIO
    if contrast(colour, ground) >= TEXT_RATIO:
        assert made == colour


@given(colours)
def test_a_passing_colour_is_the_nearest_on_its_way(colour: str) -> None:
    made = passing(colour, ("#ffffff",), TEXT_RATIO)
    if made != colour:
        assert contrast(mixed(made, colour, 0.1), "#ffffff") < TEXT_RATIO * 1.02


@pytest.mark.parametrize("name", PRESETS)
def test_every_pair_of_a_preset_can_be_told_apart(name: str) -> None:
    theme = PRESETS[name]
    assert failing(theme) == ()
    for colour in theme.palette:
        best = max(contrast(theme.text, colour), contrast("#000000", colour), contrast("#ffffff", colour))
        assert best >= TEXT_RATIO
    for role in ("outline", "primary", "secondary", "accent"):
        assert contrast(getattr(theme, role), theme.panel) >= LINE_RATIO


def test_high_contrast_has_seven_to_one() -> None:
    theme = PRESETS["high-contrast"]
    for role in ("text", "muted", "outline", "primary", "secondary", "accent"):
        assert contrast(getattr(theme, role), theme.background) >= 7


def test_the_safe_palette_differs_in_lightness_or_hue_for_every_kind_of_sight() -> None:
    # simulated by dropping one kind of cone (Viénot, Brettel and Mollon 1999, protan and deutan, linear RGB)
    matrices = (
        ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1)),
        ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
    )
    palette = PRESETS["colour-blind-safe"].palette
    for matrix in matrices:
        seen = [_seen(colour, matrix) for colour in palette]
        for place, one in enumerate(seen):
            for other in seen[place + 1 :]:
                assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 0.08


def _seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    linear = [(int(colour[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5)]
    made = (sum(weight * value for weight, value in zip(row, linear, strict=True)) for row in matrix)
    return tuple(max(0.0, value) ** (1 / 2.2) for value in made)
