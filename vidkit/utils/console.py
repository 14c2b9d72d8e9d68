"""Where tables of results are printed."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from vidkit.utils.plain import visible

_WIDTH = 124  # columns assumed where there is no terminal


def wide_console(stderr: bool = False) -> Console:
    """A console that does not fold tables where nobody looks at a terminal."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_WIDTH)


def shown(text: str, keep: str = "") -> str:
    """A text of others for `Console.print`: no markup, and nothing that steers the terminal."""
    return escape(visible(text, keep))
