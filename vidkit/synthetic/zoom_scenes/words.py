"""The words of the questions and answers, each one token."""

from __future__ import annotations

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "cyan", "white")
RGB = (
    (0.85, 0.15, 0.15), (0.15, 0.65, 0.20), (0.20, 0.30, 0.90), (0.95, 0.85, 0.15),
    (0.60, 0.20, 0.75), (0.98, 0.50, 0.10), (0.15, 0.80, 0.85), (0.95, 0.95, 0.95),
)  # fmt: skip
SHAPES = ("circle", "square", "triangle", "star", "cross", "diamond")
LETTERS = ("A", "C", "E", "H", "L", "T", "U", "X")
SIDES = ("left", "right", "above", "below")
ENDS = ("leftmost", "rightmost", "topmost", "bottommost")
OTHERS = (
    "<pad>", "<end>", "?", "what", "which", "colour", "shape", "letter", "is", "the", "object", "there", "a",
    "on", "small", "big", "of", "yes", "no",
)  # fmt: skip
VOCABULARY_SIZE = 96
"""More than the words, so that 64 best tokens are a choice."""

_USED = (*OTHERS, *SIDES, *ENDS, *COLOURS, *SHAPES, *LETTERS)
WORDS: tuple[str, ...] = (*_USED, *(f"<unused {n}>" for n in range(len(_USED), VOCABULARY_SIZE)))
ID: dict[str, int] = {word: place for place, word in enumerate(WORDS)}
PAD, END, YES, NO = ID["<pad>"], ID["<end>"], ID["yes"], ID["no"]
FIRST_COLOUR, FIRST_SHAPE, FIRST_LETTER = ID[COLOURS[0]], ID[SHAPES[0]], ID[LETTERS[0]]

# five columns by seven rows, read from the top
_BITMAPS = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "C": "01111 10000 10000 10000 10000 10000 01111",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "U": "10001 10001 10001 10001 10001 10001 01110",
    "X": "10001 10001 01010 00100 01010 10001 10001",
}


def bitmaps() -> list[list[list[float]]]:
    """Ink of every letter, [letters, 7, 5], 0 or 1."""
    return [[[float(ink) for ink in row] for row in _BITMAPS[letter].split()] for letter in LETTERS]


def text_of(ids: list[int]) -> str:
    """Words of token ids, without padding and end."""
    return " ".join(WORDS[one] for one in ids if one not in (PAD, END))
