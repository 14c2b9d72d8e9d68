"""`vidkit list`: what there is to choose from, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidkit.cli.options import ConfigDir, Json
from vidkit.cli.table import print_table, write_json
from vidkit.errors import ConfigError

if TYPE_CHECKING:
    from vidkit.config.listing import Listed

LISTS = ("configs", "methods", "tasks", "presets", "models", "skins")


def complete_list(incomplete: str) -> Sequence[str]:
    return [name for name in LISTS if name.startswith(incomplete)]


What = Annotated[
    str | None,
    typer.Argument(
        metavar="[" + "|".join(LISTS) + "]",
        help="What to list; everything if not given.",
        show_default=False,
        autocompletion=complete_list,
    ),
]


def list(what: What = None, json: Json = None, config_dir: ConfigDir = None) -> None:
    """List what can be chosen by name.

    Methods of installed packages are listed with the package that brings them.

    \b
    vidkit list methods
    vidkit list tasks --json -
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    from vidkit.config.naming import did_you_mean

    if what is not None and what not in LISTS:
        raise ConfigError(f"no list '{what}'", did_you_mean(what, LISTS, "lists"))
    made = {name: _lines(name, config_dir) for name in LISTS if what in (None, name)}
    if json is not None:
        write_json(json, made)
    if json != "-":
        for name, lines in made.items():
            _print(name, lines, heading=what is None)


def _lines(name: str, config_dir: Path | None) -> tuple[Listed, ...]:
    from vidkit.cli.commands import WITH_SETTINGS
    from vidkit.config import listing

    makers: dict[str, Callable[[], object]] = {
        "configs": lambda: listing.configs([*WITH_SETTINGS], config_dir),
        "methods": listing.method_lines,
        "tasks": lambda: listing.tasks(config_dir),
        "presets": lambda: listing.presets(config_dir),
        "models": lambda: listing.models(config_dir),
        "skins": listing.skins,
    }
    return tuple(makers[name]())  # type: ignore[arg-type]


def _print(name: str, lines: tuple[Listed, ...], heading: bool) -> None:
    if heading:
        typer.echo(f"\n{name.capitalize()}")
    rows = []
    for line in lines:
        origin = "" if line.origin == "vidkit" else f" [{line.origin}]"
        rows.append((line.of, line.name, line.note + origin))
    print_table(rows)
