"""The command `vidkit`: collects the commands, runs one, turns what ends it into lines and an exit status.

To add a command: a file `vidkit/cli/<command>.py` with a function or a Typer group of that name, and the name
in `COMMANDS` of `commands.py`.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn

import typer

from vidkit import __version__
from vidkit.cli.commands import COMMANDS, LOOK_UPS, TWO_WORDS
from vidkit.cli.help import CommandAsTyped, CommandWithConfigs
from vidkit.cli.report import INTERRUPTED, report_error
from vidkit.errors import OutputError
from vidkit.utils import ending
from vidkit.utils.redaction import guard_streams

app = typer.Typer(
    name="vidkit",
    rich_markup_mode=None,  # Rich panels double the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vidkit {__version__}")
        raise typer.Exit


@app.callback()
def vidkit(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Research toolkit for video generation and understanding."""


for _name in COMMANDS:
    _module = _name.replace("-", "_")
    _found = getattr(importlib.import_module(f"vidkit.cli.{_module}"), _module)
    if isinstance(_found, typer.Typer):
        app.add_typer(_found, name=_name)
    else:
        app.command(_name, cls=CommandAsTyped if _name in LOOK_UPS else CommandWithConfigs)(_found)


for _name in TWO_WORDS:
    _module = _name.replace(" ", "_")
    _found = getattr(importlib.import_module(f"vidkit.cli.{_module}"), _module)
    app.command(_name, cls=CommandWithConfigs, hidden=True)(_found)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    words, after_dashes = _split_at_dashes(list(arguments))
    if " ".join(words[:2]) in TWO_WORDS:
        words = [" ".join(words[:2]), *words[2:]]
    if words[:1] and words[0] in LOOK_UPS:
        words = _with_target(words)
    command = next((word for word in words if word in COMMANDS), "")
    try:
        status = _parser()(words or ["--help"], prog_name="vidkit", standalone_mode=False, obj=after_dashes)
        if status == INTERRUPTED:  # the parser turns Ctrl-C into this status
            print("interrupted", file=sys.stderr)
        return status if isinstance(status, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `vidkit ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        usage_help = f"'vidkit {command} --help'" if command else "'vidkit --help'"
        return report_error(error, usage_help, words)


@functools.cache
def _parser() -> Callable[..., Any]:
    """The commands and their options as a parser; made once, since that takes as long as a small command."""
    return typer.main.get_command(app)


def _with_target(words: list[str]) -> list[str]:
    """A look-up's `--json` without a file is `--json -`."""
    made: list[str] = []
    for word, following in zip(words, [*words[1:], "--"], strict=True):
        made += [word, "-"] if word == "--json" and following.startswith("--") else [word]
    return made


def _split_at_dashes(arguments: list[str]) -> tuple[list[str], list[str]]:
    # the parser drops `--`, after which a word with `=` is not a setting
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def main() -> NoReturn:
    """Entry point of the script `vidkit` and of `python -m vidkit`."""
    ending.listen()
    guard_streams()
    # threads of an operator otherwise wait for the slowest in a loop, and take the processor from it where
    # another process has one of the cores; torch reads this when it is imported
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    status = _told(run(sys.argv[1:]))
    ending.close()
    sys.exit(status)


def _told(status: int) -> int:
    """The exit status once standard output has all: a buffer may find out now that the disk is full."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OutputError as error:
        status = status or report_error(error, "'vidkit --help'", [])
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == "__main__":
    main()
