"""Keeps the K most likely tokens of every step while transformers generates.

`generate(output_logits=True)` would keep whole vocabularies (150,000 floats per token); this keeps K. A hook
sees the raw logits of a step, and the stopping criterion called right after the choice sees the token taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from vidkit.serving.reply import Alternative, Token


class TopRecorder:
    """A stopping criterion that never stops, and a hook on the output embedding.

    Args:
        model: a transformers model.
        count: K, alternatives kept a token; 0 records nothing.
    """

    def __init__(self, model: Any, count: int) -> None:
        self._model = model
        self._count = count
        self._logits: Tensor | None = None
        self._top: list[tuple[Tensor, Tensor, Tensor]] = []  # values [B, K], ids [B, K], chosen [B]
        self._hook: Any = None

    def __enter__(self) -> Self:
        if self._count:
            self._hook = self._model.get_output_embeddings().register_forward_hook(self._keep)
        return self

    def __exit__(self, *_: object) -> None:
        if self._hook is not None:
            self._hook.remove()
        self._logits = None

    def _keep(self, _module: Any, _inputs: Any, logits: Tensor) -> None:
        self._logits = logits[:, -1].detach()

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Tensor:
        """Record the step that chose `input_ids[:, -1]`; no row is ever stopped."""
        if self._logits is not None:
            logprobs = torch.log_softmax(self._logits.float(), dim=-1)
            top = logprobs.topk(min(self._count, logprobs.shape[-1]), dim=-1)
            chosen = logprobs.gather(1, input_ids[:, -1:]).squeeze(1)
            self._top.append((top.values.cpu(), top.indices.cpu(), chosen.cpu()))
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    def tokens(self, row: int, ids: Sequence[int], tokenizer: Any) -> Iterator[Token]:
        """The recorded steps of one row of the batch; `ids` are its new tokens without the end token."""
        for step, taken in enumerate(ids):
            values, indices, chosen = self._top[step]
            pairs = zip(indices[row].tolist(), values[row].tolist(), strict=True)
            # a model may mask tokens with -inf; those are not alternatives
            top = tuple(
                Alternative(tokenizer.decode([token]), value)
                for token, value in pairs
                if math.isfinite(value)
            )
            yield Token(tokenizer.decode([taken]), float(chosen[row]), top)
