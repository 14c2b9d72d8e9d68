"""BLIP and BLIP-2 image-text matching: the probability that a picture and a text belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.frames.encoders.base import Encoded, Picture, Rows, Scored
from vidkit.frames.encoders.loaded import LoadedModel, to_rows
from vidkit.frames.types import FloatArray


class ItmEncoder:
    """One forward pass per picture and query; rows are the image tower's class token (WFS-SB's features)."""

    needs_query = True
    is_relevance = True

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self.identity = loaded.identity
        self.short_side: int | None = 2 * loaded.side

    def encode(self, pictures: Sequence[Picture], query: str) -> Encoded:
        """Features [B, D] and match probabilities [B].

        Raises:
            ConfigError: there is no query.
        """
        import torch

        if not query.strip():
            raise ConfigError(
                "an image-text matching encoder needs a query", "give one, or choose another encoder"
            )
        inputs = self._loaded.pixels(pictures)
        text = self._text(query)
        count = len(pictures)
        text = {name: value.expand(count, -1) for name, value in text.items()}
        with torch.inference_mode():
            if self._loaded.kind == "blip-2":
                out = self._loaded.model(**inputs, **text, use_image_text_matching_head=True)
                logits, tokens = out.logits_per_image, out.image_embeds
            else:
                out = self._loaded.model(**inputs, **text, use_itm_head=True)
                logits, tokens = out.itm_score, out.last_hidden_state
        probability = torch.softmax(logits.float(), dim=-1)[:, 1]
        return Encoded(to_rows(tokens[:, 0]), to_rows(probability))

    def _text(self, query: str) -> dict[str, Any]:
        tokens = self._loaded.tokens([query])
        if self._loaded.kind == "blip-2":
            tokens.pop("token_type_ids", None)
            image_token = getattr(self._loaded.model.config, "image_token_index", None)
            # the retrieval head adds query tokens itself; a placeholder in the text would count twice
            if image_token is not None and "input_ids" in tokens:
                keep = tokens["input_ids"][0] != image_token
                tokens = {name: value[:, keep] for name, value in tokens.items()}
        return {name: value for name, value in tokens.items() if name in ("input_ids", "attention_mask")}

    def score(self, rows: Rows, scores: NDArray[np.float32] | None, times: FloatArray, query: str) -> Scored:
        """The probabilities that `encode` gave."""
        return Scored(None if scores is None else scores.astype(np.float64))
