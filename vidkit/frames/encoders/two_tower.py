"""CLIP, SigLIP and SigLIP 2: pictures and texts in one space; frames are encoded once for any query."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.encoders.base import Encoded, Picture, Rows, Scored
from vidkit.frames.encoders.loaded import LoadedModel, pooled, sigmoid, to_rows
from vidkit.frames.types import FloatArray


class TwoTowerEncoder:
    """Rows are image embeddings; relevance is the cosine (CLIP) or sigmoid(scale cos + bias) (SigLIP)."""

    needs_query = False
    is_relevance = True

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self.identity = loaded.identity
        self.short_side: int | None = 2 * loaded.side  # the model's own processor does the final resize

    def encode(self, pictures: Sequence[Picture], query: str) -> Encoded:
        """Image embeddings [B, D]."""
        import torch

        with torch.inference_mode():
            return Encoded(
                to_rows(pooled(self._loaded.model.get_image_features(**self._loaded.pixels(pictures))))
            )

    def score(self, rows: Rows, scores: NDArray[np.float32] | None, times: FloatArray, query: str) -> Scored:
        """Match of every row with the query; a query of several windows counts as their mean unit vector."""
        if not query.strip():
            return Scored(None)
        windows = self._windows(query)
        texts = self.encode_texts(windows)
        mean = (texts / np.linalg.norm(texts, axis=1, keepdims=True)).mean(axis=0)
        mean /= np.linalg.norm(mean)
        lengths = np.maximum(np.linalg.norm(rows.astype(np.float64), axis=1), 1e-12)
        relevance = rows.astype(np.float64) @ mean / lengths
        if self._loaded.kind.startswith("siglip"):
            model = self._loaded.model
            scale, bias = math.exp(model.logit_scale.item()), model.logit_bias.item()
            relevance = sigmoid(scale * relevance + bias)
        return Scored(relevance, mean, {"query_truncated": False, "query_chunks": len(windows)})

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Text embeddings [T, D]."""
        import torch

        with torch.inference_mode():
            found = pooled(self._loaded.model.get_text_features(**self._loaded.tokens(texts)))
        return to_rows(found).astype(np.float64)

    def _windows(self, query: str) -> list[str]:
        """The query cut at words into pieces that the text tower takes whole."""
        longest = int(self._loaded.model.config.text_config.max_position_embeddings)
        tokenizer = self._loaded.tokenizer
        assert tokenizer is not None
        windows: list[str] = []
        for word in query.split():
            longer = f"{windows[-1]} {word}" if windows else word
            if windows and len(tokenizer(longer)["input_ids"]) <= longest:
                windows[-1] = longer
            else:
                windows.append(word)
        return windows
