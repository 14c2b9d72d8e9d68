"""`vidkit config`: the settings of a command, with type, default, unit, meaning and choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from vidkit.cli.options import Json
from vidkit.cli.table import print_table, write_json
from vidkit.errors import ConfigError

if TYPE_CHECKING:
    from vidkit.config.describe import KeyDescription


def complete_words(ctx: typer.Context, incomplete: str) -> list[str]:
    """Commands, then keys of the command."""
    from vidkit.cli.commands import WITH_SETTINGS

    words = [str(word) for word in ctx.params.get("words") or []]
    command, _ = _split(words)
    if not command:
        start = " ".join([*words, ""]) if words else ""
        found = (name[len(start) :] for name in WITH_SETTINGS if name.startswith(start))
        return sorted({name.split()[0] for name in found if name.startswith(incomplete)})
    from vidkit.config.describe import describe_keys

    return [key.name for key in describe_keys(command) if key.name.startswith(incomplete)]


Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="COMMAND [KEY]",
        help="A command, such as generate or bench attention, and a setting or section of it.",
        show_default=False,
        autocompletion=complete_words,
    ),
]


def config(words: Words = None, json: Json = None) -> None:
    """Show the settings of a command.

    KEY is a setting (steps), a section (frames) or the end of a name (alpha).

    \b
    vidkit config generate
    vidkit config select-frames frames.alpha
    vidkit config bench attention --json -
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    command, rest = _split(words or [])
    if not command:
        raise _no_command(words or [])
    from vidkit.config.describe import describe_keys

    described = describe_keys(command)
    found = _matching(described, rest, command)
    if json is not None:
        write_json(json, {"command": command, "settings": found})
    if json == "-":
        return
    if rest and len(found) == 1:
        _print_one(found[0], command)
    else:
        print_table([(key.name, _summary(key)) for key in found])


def _split(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command that the words begin with, and what follows; the empty text for none."""
    from vidkit.cli.commands import WITH_SETTINGS

    for length in (2, 1):
        name = " ".join(words[:length])
        if name in WITH_SETTINGS and len(words) >= length:
            return name, [*words[length:]]
    return "", [*words]


def _no_command(words: Sequence[str]) -> ConfigError:
    from vidkit.cli.commands import WITH_SETTINGS
    from vidkit.config.naming import did_you_mean

    if not words:
        return ConfigError(
            "no command given", f"vidkit config COMMAND [KEY]; commands: {', '.join(WITH_SETTINGS)}"
        )
    name = " ".join(words[:2]) if words[0] == "bench" else words[0]
    return ConfigError(f"no command '{name}' with settings", did_you_mean(name, WITH_SETTINGS, "commands"))


def _matching(described: list[KeyDescription], rest: Sequence[str], command: str) -> list[KeyDescription]:
    """What the words after the command name: a setting, a section, or the last word of some settings."""
    if not rest:
        return described
    if len(rest) > 1:
        raise ConfigError(
            f"more than one setting: {', '.join(rest)}", "ask for one setting, or for a section"
        )
    name = rest[0].partition("=")[0].rstrip(".")
    for found in (
        [key for key in described if key.name == name or key.name.startswith(name + ".")],
        [key for key in described if key.name.rpartition(".")[2] == name],
    ):
        if found:
            return found
    from vidkit.config.naming import did_you_mean

    known = [key.name for key in described]
    listed = list(dict.fromkeys(key.partition(".")[0] for key in known))
    raise ConfigError(f"no setting '{name}' of '{command}'", did_you_mean(name, known, "settings", listed))


def _summary(key: KeyDescription) -> str:
    unit = f" ({key.unit})" if key.unit and key.unit not in key.meaning else ""
    return f"{key.takes}{unit}, default {key.default}" + (f": {key.meaning}" if key.meaning else "")


def _print_one(key: KeyDescription, command: str) -> None:
    typer.echo(key.name)
    rows = [
        ("takes", key.takes),
        ("default", key.default),
        ("unit", key.unit),
        ("meaning", key.meaning),
        ("methods", ", ".join(key.methods)),
    ]
    print_table([(name, text) for name, text in rows if text])
    typer.echo(f"\n  vidkit {command} {key.name}=VALUE")
