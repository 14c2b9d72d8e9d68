"""From what a style says of colours to a theme whose every pair can be told apart."""

from __future__ import annotations

from dataclasses import replace

from vidkit.algoviz.rsl.codes import StyleFinding
from vidkit.algoviz.rsl.colours import luminance, mixed
from vidkit.algoviz.rsl.grammar import Rsl
from vidkit.algoviz.rsl.themes import DEFAULT, PRESETS, Theme, failing, mended

_ROLES = ("background", "text", "primary", "secondary", "accent")
_MIDDLE = 0.18  # luminance that black and white are equally far from


def theme_of(rsl: Rsl) -> tuple[Theme, tuple[StyleFinding, ...]]:
    """The theme of a style, and its colours that had to be mended.

    What the style does not say comes from its preset; without one from `light` or `dark`, whichever fits its
    background. A colour that the style does say and that fails is an error in version 1.0; version 0.1 has no
    such rule, so there the nearest passing colour is taken and told.
    """
    said = {name: value for name in _ROLES if (value := getattr(rsl.theme, name)) is not None}
    base = PRESETS[rsl.theme.preset or _fitting(said.get("background"))]
    theme = replace(base, **said)
    if "background" in said:
        panel = mixed(theme.background, theme.text, 0.05)
        cell = mixed(theme.background, theme.text, 0.1)
        theme = replace(theme, panel=panel, cell=cell)
    made = mended(theme)
    old = rsl.meta.rsl_version == "0.1"
    found = [
        StyleFinding(
            "R302" if old else "R301",
            f"/theme/{pair.role}",
            f"{pair.colour} on {pair.behind} has {pair.ratio:.2f}:1, needs {pair.needed:g}:1",
            f"{'taken' if old else 'nearest'}: {pair.nearest}",
        )
        for pair in failing(theme)
        if pair.role in said
    ]
    return made, tuple(found)


def _fitting(background: str | None) -> str:
    if background is None:
        return DEFAULT
    return "light" if luminance(background) > _MIDDLE else "dark"
