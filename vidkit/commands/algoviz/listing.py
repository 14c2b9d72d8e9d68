"""`vidkit algoviz list`: operations, types, codes, presets, layouts and the gallery, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc

from vidkit.errors import ConfigError
from vidkit.utils.naming import did_you_mean

LISTS = ("operations", "types", "codes", "presets", "layouts", "gallery")


@dataclass(frozen=True)
class Line:
    name: str
    note: str


def run(what: str | None) -> dict[str, tuple[Line, ...]]:
    """The lists that are asked for, all of them for None.

    Raises:
        ConfigError: no list of that name.
    """
    if what is not None and what not in LISTS:
        raise ConfigError(f"no list '{what}'", f"{did_you_mean(what, LISTS)}lists: {', '.join(LISTS)}")
    return {name: _MAKERS[name]() for name in LISTS if what in (None, name)}


@dataclass(frozen=True)
class OperationLine:
    """What an operation takes (`?`: may be left out) and does."""

    name: str
    takes: str
    about: str


def operation_lines() -> tuple[OperationLine, ...]:
    """All operations, from their models."""
    from vidkit.algoviz.vta.operations import PARAMS

    made = []
    for name, kind in PARAMS.items():
        takes = ", ".join(
            (field.alias or key) + ("" if field.is_required() else "?")
            for key, field in kind.model_fields.items()
        )
        made.append(OperationLine(name, takes, (getdoc(kind) or "").partition("\n")[0]))
    return tuple(made)


def _operations() -> tuple[Line, ...]:
    return tuple(Line(line.name, f"{line.takes}. {line.about}") for line in operation_lines())


def _types() -> tuple[Line, ...]:
    from vidkit.algoviz.vta.view_specs import SPECS

    return tuple(Line(name, "vidkit's own" if name.startswith("x-") else "core") for name in SPECS)


def _codes() -> tuple[Line, ...]:
    from vidkit.algoviz.rsl.codes import CODES as STYLE_CODES
    from vidkit.algoviz.vta.diagnostics import CODES

    of_traces = [Line(name, f"{code.severity}: {code.meaning}") for name, code in CODES.items()]
    of_styles = [
        Line(name, f"{'error' if is_error else 'warning'}: {meaning}")
        for name, (is_error, meaning) in STYLE_CODES.items()
    ]
    return (*of_traces, *of_styles)


def _presets() -> tuple[Line, ...]:
    from vidkit.algoviz.rsl.themes import PRESETS

    own = "styles of the trace get colours of the preset"
    return tuple(
        Line(name, f"{theme.text} on {theme.background}" + (f"; {own}" if theme.recolours else ""))
        for name, theme in PRESETS.items()
    )


def _layouts() -> tuple[Line, ...]:
    from vidkit.algoviz.rsl.choosing import FITTING

    made = []
    for kind, layouts in FITTING.items():
        told = (f"{name} ({', '.join(params) or 'no parameters'})" for name, params in layouts.items())
        made.append(Line(kind, "; ".join(told)))
    return tuple(made)


def _gallery() -> tuple[Line, ...]:
    from vidkit.algoviz.gallery.entries import entries

    return tuple(Line(entry.name, f"{entry.area}: {entry.title}. {entry.about}") for entry in entries())


_MAKERS: dict[str, Callable[[], tuple[Line, ...]]] = {
    "operations": _operations,
    "types": _types,
    "codes": _codes,
    "presets": _presets,
    "layouts": _layouts,
    "gallery": _gallery,
}
