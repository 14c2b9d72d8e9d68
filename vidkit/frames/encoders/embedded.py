"""The small text-image encoder that ships, trained on drawn scenes by `scripts/train_frame_encoder.py`."""

from __future__ import annotations

from pathlib import Path

from vidkit.errors import ModelError
from vidkit.frames.encoders.base import Encoder
from vidkit.frames.relevance.words import stem, words_of

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "frame_encoder"
KNOWS = "colours, shapes, sizes, counts, positions, mazes and text overlays of drawn scenes"
BLIND = "real footage (it was trained on drawings alone; there it is close to chance)"


def is_available() -> bool:
    """Whether the weights are in this installation."""
    return (FOLDER / "config.json").is_file() and (FOLDER / "model.safetensors").is_file()


def vocabulary() -> frozenset[str]:
    """Words the text tower was trained on."""
    file = FOLDER / "words.txt"
    return frozenset(file.read_text(encoding="utf-8").split()) if file.is_file() else frozenset()


def knows_some_of(query: str) -> bool:
    """Whether a word of the query, function words apart, was in the training captions."""
    known = vocabulary() if is_available() else frozenset()
    return any(word in known or stem(word) in known for word in words_of(query, drop_stop_words=True))


def load() -> Encoder:
    """The encoder, on the CPU.

    Raises:
        ModelError: the weights are not in this installation.
    """
    if not is_available():
        raise ModelError(
            "the embedded text-image encoder is not in this installation",
            "make it with scripts/train_frame_encoder.py, or use relevance=lexicon or encoder=HUB_ID",
        )
    from vidkit.frames.encoders.models import load_encoder

    return load_encoder(str(FOLDER), device="cpu", dtype="fp32")
