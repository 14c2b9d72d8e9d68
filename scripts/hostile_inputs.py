"""What the fuzzers share: pieces that break JSON, cutting and putting in, and the clock that ends a hang."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SLOWEST_S = 1.0  # of processor time; an input of a few kilobytes that takes longer counts as a hang
JSON_PIECES = ("{", "}", "[", "]", ",", ":", '"', "\\", "NaN", "1e999", "\n", "\x00")


def in_text(draw: random.Random, text: str, pieces: Sequence[str]) -> str:
    """The text with pieces, characters or parts of itself put in at one to five places, some taken out."""
    for _ in range(draw.choice((1, 1, 2, 5))):
        at, length = draw.randrange(len(text) + 1), draw.choice((1, 1, 2, 8, 40))
        known, any_character = draw.choice(pieces), chr(draw.randrange(1, 0x3000))
        piece = draw.choice((known, known, any_character, text[at : at + length], ""))
        cut = draw.choice((0, 0, 1, length, length))
        text = text[:at] + piece + text[at + cut :]
    return text


def _hung(signum: int, frame: object) -> None:
    raise TimeoutError(f"more than {10 * SLOWEST_S:g} s")


@contextmanager
def ended_when_hung() -> Iterator[None]:
    """`TimeoutError` after ten times as much processor time as an input may take; in the main thread."""
    signal.signal(signal.SIGPROF, _hung)
    signal.setitimer(signal.ITIMER_PROF, 10 * SLOWEST_S)  # others may keep the machine busy
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
