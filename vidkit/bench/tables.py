"""One writer of tables: the same cells on the terminal and in the docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text

from vidkit.utils.console import Terminal, wide_console
from vidkit.utils.plain import visible


@dataclass
class TextTable:
    """A table of texts.

    Attributes:
        headings: of the columns.
        title: above it, on the terminal.
        caption: below it, on the terminal: what it was measured on.
        left: columns from the left that hold words; the others hold figures and go to the right.
        rows: cells, as many as headings.
    """

    headings: Sequence[str]
    title: str = ""
    caption: str = ""
    left: int = 1
    rows: list[list[str]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row.

        Raises:
            ValueError: another number of cells than of headings.
        """
        if len(cells) != len(self.headings):
            raise ValueError(f"{len(cells)} cells for {len(self.headings)} columns of '{self.title}'")
        self.rows.append(list(cells))

    def show(self, console: Terminal | None = None) -> None:
        """Print it; text in it is never markup."""
        title, caption = (Text(text) if text else None for text in (self.title, self.caption))
        table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
        for number, heading in enumerate(self.headings):
            words = number < self.left or not heading
            table.add_column(Text(heading), justify="left" if words else "right")
        for row in self.rows:
            table.add_row(*map(Text, row))
        (console or wide_console()).print(table)

    def markdown(self) -> str:
        """The same for the docs, without title and caption."""
        marks = ["---" if number < self.left else "---:" for number in range(len(self.headings))]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in [self.headings, marks, *self.rows])


def say(line: str, console: Terminal | None = None) -> None:
    """A line as it is."""
    (console or wide_console()).print(Text(visible(line, keep="\n\t")), soft_wrap=True)
