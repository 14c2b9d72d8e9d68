"""`vidkit algoviz list`: operations, types, codes, presets and whatever draws, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc

LISTS = ("operations", "types", "codes")


@dataclass(frozen=True)
class Line:
    name: str
    note: str


def run(what: str | None) -> dict[str, tuple[Line, ...]]:
    """The lists that are asked for, all of them for None."""
    return {name: _MAKERS[name]() for name in LISTS if what in (None, name)}


def _operations() -> tuple[Line, ...]:
    from vidkit.algoviz.vta.operations import PARAMS

    made = []
    for name, kind in PARAMS.items():
        takes = ", ".join(
            (field.alias or key) + ("" if field.is_required() else "?")
            for key, field in kind.model_fields.items()
        )
        about = (getdoc(kind) or "").partition("\n")[0] if "__doc__" in vars(kind) and kind.__doc__ else ""
        made.append(Line(name, f"{takes}. {about}".rstrip()))
    return tuple(made)


def _types() -> tuple[Line, ...]:
    from vidkit.algoviz.vta.view_specs import SPECS

    return tuple(Line(name, "vidkit's own" if name.startswith("x-") else "core") for name in SPECS)


def _codes() -> tuple[Line, ...]:
    from vidkit.algoviz.vta.diagnostics import CODES

    return tuple(Line(name, f"{code.severity}: {code.meaning}") for name, code in CODES.items())


_MAKERS: dict[str, Callable[[], tuple[Line, ...]]] = {
    "operations": _operations,
    "types": _types,
    "codes": _codes,
}
