"""A model in place: how encoders feed it, and how they read what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidkit.frames.encoders.base import Picture, Rows
from vidkit.frames.types import FloatArray


@dataclass(frozen=True)
class LoadedModel:
    """A model in place and how to feed it."""

    model: Any
    images: Any  # image processor
    tokenizer: Any | None
    spec: str
    revision: str
    kind: str  # model_type
    side: int  # pixels of the model's own input

    @property
    def identity(self) -> str:
        return f"{self.spec}@{self.revision}#{self.kind}-{self.model.dtype}-1"

    def pixels(self, pictures: Sequence[Picture]) -> dict[str, Any]:
        """Model inputs of a batch, on the model's device and in its number type."""
        batch = self.images(images=list(pictures), return_tensors="pt", input_data_format="channels_last")
        return {name: self._placed(value) for name, value in batch.items()}

    def tokens(self, texts: Sequence[str]) -> dict[str, Any]:
        """Token inputs of some texts that fit the model; SigLIP learnt with full-length, unmasked padding."""
        assert self.tokenizer is not None
        if self.kind.startswith("siglip"):
            batch = self.tokenizer(
                [text.lower() for text in texts],
                padding="max_length",
                max_length=64,
                truncation=True,
                return_tensors="pt",
            )
            batch.pop("attention_mask", None)  # tokenizers differ in giving one; training had none
        else:
            batch = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        return {name: value.to(self.model.device) for name, value in batch.items()}

    def _placed(self, value: Any) -> Any:
        value = value.to(self.model.device)
        return value.to(self.model.dtype) if value.is_floating_point() else value


def pooled(output: Any) -> Any:
    """The embedding in what `get_image_features` returns: a tensor, or an object that holds one."""
    for name in ("pooler_output", "image_embeds", "text_embeds"):
        value = getattr(output, name, None)
        if value is not None:
            return value
    return output


def to_rows(tensor: Any) -> Rows:
    """A tensor as float32 rows on the host."""
    return np.asarray(tensor.detach().float().cpu().numpy(), dtype=np.float32)


def sigmoid(values: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-values)))
