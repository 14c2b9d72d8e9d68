"""Presets of colours: what each role of a picture has."""

from __future__ import annotations

from dataclasses import dataclass, fields

from vidkit.algoviz.rsl.colours import LINE_RATIO, TEXT_RATIO, contrast, passing


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by role, all `#rrggbb`.

    Args:
        name: of the preset it began with.
        background: of the whole picture.
        panel: behind code and auxiliary views.
        text: on background and panels.
        muted: second text: indices, headers, code lines that are not highlighted.
        outline: of cells, nodes and edges without a style.
        cell: filling of cells and nodes without a style; `text` is readable on it.
        primary: the highlighted code line, arrows, what an operation touches.
        secondary: boundaries and what is done.
        accent: pointers and changed values.
        palette: fillings for named styles, in the order in which a trace names them; `text` or black or white
            is readable on each.
        recolours: whether named styles get colours of `palette` instead of those that the trace gives.
        is_print: whether it is for paper: no glow, thicker lines.
    """

    name: str
    background: str
    panel: str
    text: str
    muted: str
    outline: str
    cell: str
    primary: str
    secondary: str
    accent: str
    palette: tuple[str, ...]
    recolours: bool = False
    is_print: bool = False


_OKABE_ITO = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#bbbbbb")
PRESETS = {
    "dark": Theme(
        "dark",
        background="#16181d",
        panel="#20242c",
        text="#f2f4f8",
        muted="#a8b0be",
        outline="#8b95a7",
        cell="#2c323d",
        primary="#6cb6ff",
        secondary="#57d59a",
        accent="#ffb454",
        palette=("#ffd166", "#7bdff2", "#90e39a", "#f7a6c8", "#c3a6ff", "#ffab76", "#d0d6e0", "#8fd3c8"),
    ),
    "light": Theme(
        "light",
        background="#ffffff",
        panel="#f4f6fa",
        text="#1b1f27",
        muted="#5b6472",
        outline="#6f7a8a",
        cell="#e9edf4",
        primary="#1d5fd0",
        secondary="#0f7a4d",
        accent="#a85a00",
        palette=("#ffd970", "#9bdcf5", "#a5e3ae", "#f9bcd4", "#d3c1ff", "#ffc59e", "#d5dae2", "#b0e2da"),
    ),
    "high-contrast": Theme(
        "high-contrast",
        background="#000000",
        panel="#000000",
        text="#ffffff",
        muted="#ffffff",
        outline="#ffffff",
        cell="#000000",
        primary="#ffff00",
        secondary="#00ffff",
        accent="#ff9cff",
        palette=("#ffff00", "#00ffff", "#00ff5e", "#ff9cff", "#ffffff", "#ffb000", "#9ecbff", "#d4ff8a"),
        recolours=True,
    ),
    "colour-blind-safe": Theme(
        "colour-blind-safe",
        background="#ffffff",
        panel="#f5f5f5",
        text="#111111",
        muted="#595959",
        outline="#666666",
        cell="#ececec",
        primary="#0072b2",
        secondary="#00775a",
        accent="#b34e00",
        palette=_OKABE_ITO,
        recolours=True,
    ),
    "print": Theme(
        "print",
        background="#ffffff",
        panel="#ffffff",
        text="#000000",
        muted="#404040",
        outline="#404040",
        cell="#ffffff",
        primary="#000000",
        secondary="#404040",
        accent="#000000",
        palette=("#dedede", "#c2c2c2", "#a6a6a6", "#8a8a8a", "#ebebeb", "#d0d0d0", "#b4b4b4", "#989898"),
        recolours=True,
        is_print=True,
    ),
}
DEFAULT = "dark"
# role: what it stands on, and the least contrast
_PAIRS = {
    "text": (("background", "panel", "cell"), TEXT_RATIO),
    "muted": (("background", "panel"), TEXT_RATIO),
    "outline": (("background", "panel"), LINE_RATIO),
    "primary": (("background", "panel"), LINE_RATIO),
    "secondary": (("background", "panel"), LINE_RATIO),
    "accent": (("background", "panel"), LINE_RATIO),
}


@dataclass(frozen=True, slots=True)
class Failing:
    """A role whose contrast is too small.

    Args:
        role: of the theme.
        colour: its colour.
        behind: the role it stands on.
        ratio: the contrast that it has.
        needed: the least that is needed.
        nearest: the nearest colour that suffices.
    """

    role: str
    colour: str
    behind: str
    ratio: float
    needed: float
    nearest: str


def failing(theme: Theme) -> tuple[Failing, ...]:
    """Pairs of a theme that cannot be told apart well enough."""
    made = []
    for role, (grounds, needed) in _PAIRS.items():
        colour = getattr(theme, role)
        behind = {name: getattr(theme, name) for name in grounds}
        worst = min(behind, key=lambda name: contrast(colour, behind[name]))
        ratio = contrast(colour, behind[worst])
        if ratio < needed:
            nearest = passing(colour, behind.values(), needed)
            made.append(Failing(role, colour, worst, ratio, needed, nearest))
    return tuple(made)


def mended(theme: Theme) -> Theme:
    """The theme with the nearest colours that suffice."""
    changes = {found.role: found.nearest for found in failing(theme)}
    values = {field.name: getattr(theme, field.name) for field in fields(theme)}
    return Theme(**{**values, **changes})
