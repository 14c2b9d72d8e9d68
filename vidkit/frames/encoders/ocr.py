"""Text in pictures through Tesseract, ranked by BM25. Slow, half a second a frame: never tried unasked."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.errors import MissingDependency
from vidkit.frames.encoders.base import Encoded, Picture, Rows, Scored
from vidkit.frames.relevance.bm25 import bm25_scores
from vidkit.frames.types import FloatArray

_BYTES = 4096  # of text a frame that are kept


class OcrEncoder:
    """Rows are the bytes of the recognised text, so that they are cached like any others.

    Raises:
        MissingDependency: the program `tesseract` is not installed.
    """

    identity = "ocr-tesseract-1"
    short_side: int | None = 720
    needs_query = False
    is_relevance = True

    def __init__(self) -> None:
        program = shutil.which("tesseract")
        if program is None:
            raise MissingDependency(
                "relevance=ocr needs the program 'tesseract', which is not installed",
                "install it (Debian: apt install tesseract-ocr), or use another relevance=",
            )
        self._program = program
        self._seen: dict[str, str] = {}

    def encode(self, pictures: Sequence[Picture], query: str) -> Encoded:
        """Text of each picture as byte values [B, 4096]."""
        rows = np.zeros((len(pictures), _BYTES), dtype=np.float32)
        for row, picture in zip(rows, pictures, strict=True):
            data = self._read(picture).encode("utf-8")[:_BYTES]
            row[: len(data)] = np.frombuffer(data, dtype=np.uint8)
        return Encoded(rows)

    def _read(self, picture: Picture) -> str:
        key = hashlib.sha256(picture.tobytes()).hexdigest()
        if key not in self._seen:
            done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
            assert done
            result = subprocess.run(
                [self._program, "stdin", "stdout", "--psm", "11"],
                input=data.tobytes(),
                capture_output=True,
                timeout=60,
            )
            self._seen[key] = result.stdout.decode("utf-8", errors="replace")
        return self._seen[key]

    def score(self, rows: Rows, scores: NDArray[np.float32] | None, times: FloatArray, query: str) -> Scored:
        """BM25 of each frame's text, divided by the largest."""
        texts = [bytes(row[row > 0].astype(np.uint8)).decode("utf-8", errors="replace") for row in rows]
        found = bm25_scores(texts, query)
        top = float(found.max(initial=0.0))
        facts: dict[str, object] = {
            "frames_with_text": sum(bool(t.strip()) for t in texts),
            "knows": "written words",
        }
        return Scored(found / top if top > 0 else None, None, facts)
