"""Third-party loading bars and advice, kept out of the terminal; errors still come as exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def quiet_libraries(
    progress: bool = False, libraries: Sequence[str] = ("transformers", "diffusers")
) -> Iterator[None]:
    """Silence transformers and diffusers inside the block.

    Args:
        progress: leave their progress bars on, for downloads.
        libraries: which; they are imported. transformers first, since importing diffusers makes it give
            advice on packages that vidkit does not use.
    """
    with ExitStack() as stack:
        for library in libraries:
            stack.enter_context(_quiet(f"{library}.utils.logging", progress))
        yield


@contextmanager
def _quiet(name: str, progress: bool) -> Iterator[None]:
    import importlib

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
