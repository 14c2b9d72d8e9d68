"""Where tables, lines and bars are printed: nothing but vidkit's own colours and bars steers the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from vidkit.utils.plain import visible

_WIDTH = 124  # columns assumed where there is no terminal


class Terminal(Console):
    """A console that writes control characters of what it prints out; every console of vidkit is one.

    Whoever prints a text of others need not think of it. Texts whose width decides a layout are better made
    visible before (see `shown`).
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text, keep="\n\t"))

    @property
    def file(self) -> IO[str]:
        # what comes from here is harmless already; the streams would write out the colours as well
        stream: Any = Console.file.__get__(self)
        return getattr(stream, "with_colours", stream)  # type: ignore[no-any-return]

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file


def terminal(stderr: bool = False, width: int | None = None) -> Terminal:
    """A console.

    Args:
        stderr: on standard error.
        width: columns where there is no terminal; None: 80.
    """
    made = Terminal(stderr=stderr)
    return made if made.is_terminal or width is None else Terminal(stderr=stderr, width=width)


def wide_console(stderr: bool = False) -> Terminal:
    """A console that does not fold tables where nobody looks at a terminal."""
    return terminal(stderr, _WIDTH)


def shown(text: str, keep: str = "") -> str:
    """A text of others for `Console.print`: no markup, and nothing that steers the terminal."""
    return escape(visible(text, keep))
