"""A page (`--html`) never takes the place of a file that the run reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkit.cli.result_file import is_same_file, texts_of
from vidkit.errors import OutputError


def check_page(settings: Any, config: str) -> None:
    """Refuse a page that would overwrite an input; what an earlier run wrote there is replaced.

    Args:
        settings: of the run; each text among them may be the name of a file that is read.
        config: name or path of the entry config.

    Raises:
        OutputError: the page is the same file as an input.
    """
    page = getattr(settings, "html", None)
    if not page:
        return
    for key, value in (("config", config), *texts_of(settings)):
        if key != "html" and is_same_file(Path(page), value):
            raise OutputError(
                f"--html would overwrite '{value}', which this run reads", "name another file for --html"
            )
