"""Third-party loading bars and advice, kept out of the terminal; errors still come as exceptions."""

from __future__ import annotations

import importlib
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from typing import Any

from vidkit.utils.plain import visible

_MOVES = re.compile(r"(\r|\x1b\[A)")  # what bars move the cursor with: to the line's start, a line up


@contextmanager
def quiet_libraries(
    progress: bool = False, libraries: Sequence[str] = ("transformers", "diffusers")
) -> Iterator[None]:
    """Silence transformers, diffusers and the hub's client inside the block.

    Args:
        progress: leave their progress bars on, for downloads.
        libraries: which; they are imported. transformers first, since importing diffusers makes it give
            advice on packages that vidkit does not use.
    """
    with ExitStack() as stack:
        stack.enter_context(_quiet_hub())
        if progress and hasattr(sys.stderr, "with_colours"):
            stack.enter_context(redirect_stderr(_Bars(sys.stderr.with_colours)))
        for library in libraries:
            stack.enter_context(_quiet(f"{library}.utils.logging", progress))
        yield


class _Bars:
    """Standard error for the bars of others: they move the cursor, and the names in them do not."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        for number, piece in enumerate(_MOVES.split(text)):
            self._stream.write(piece if number % 2 else visible(piece, keep="\n\t"))
        return len(text)


@contextmanager
def _quiet_hub() -> Iterator[None]:
    # a server that cannot be reached gives two lines an attempt, to a handler of its own and to the root's;
    # the reason comes with the exception (see `root_cause`)
    with suppress(ImportError):  # sets its own level when it is imported, so that comes first
        importlib.import_module("huggingface_hub.utils.logging")
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def root_cause(error: BaseException) -> str:
    """First line of the innermost exception behind an error; empty where it says nothing new."""
    last, seen = error, {id(error)}
    while (deeper := last.__cause__ or last.__context__) is not None and id(deeper) not in seen:
        last = deeper
        seen.add(id(last))
    text = str(last).strip().splitlines()
    first = text[0].strip() if text else type(last).__name__
    return "" if last is error or first in str(error) else first


@contextmanager
def _quiet(name: str, progress: bool) -> Iterator[None]:
    module: Any = importlib.import_module(name)
    level, bars = module.get_verbosity(), module.is_progress_bar_enabled()
    module.set_verbosity_error()
    if not progress:
        module.disable_progress_bar()
    try:
        yield
    finally:
        module.set_verbosity(level)
        if bars:
            module.enable_progress_bar()
