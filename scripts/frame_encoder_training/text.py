"""The words of the captions and their ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from vidkit.synthetic import scenes

TOKENS = 24  # longest text, with <start> and <end>
SPECIAL = ("<pad>", "<start>", "<unk>", "<end>")  # <end> is not 2: CLIP reads that id by an old rule
PAD, START, UNKNOWN, END = range(4)
_SENTENCE = (
    "a an and with in on of over the there is that says picture frame scene background text title word no "
    "maze ball goal walls moving still dark light center"
)


@lru_cache(maxsize=1)
def vocabulary() -> tuple[str, ...]:
    """Every word a caption can hold, in the order of their ids."""
    words = set(_SENTENCE.split())
    for group in (scenes.COLOURS, scenes.SHAPES, scenes.SIZES, scenes.PLACES, scenes.WORDS):
        words.update(group)
    words.update(scenes.COUNTS.values())
    words.update(scenes.plural(shape, 2) for shape in scenes.SHAPES)
    words.update(word for name in scenes.SETTINGS for word in name.split())
    return tuple(sorted(words))


@lru_cache(maxsize=1)
def _table() -> dict[str, int]:
    return {word: i for i, word in enumerate((*SPECIAL, *vocabulary()))}


def encode(texts: Sequence[str]) -> Tensor:
    """Ids int16 [T, 24], padded; the end token is kept when a text is cut. Equal to the tokenizer's."""
    table, rows = _table(), []
    for text in texts:
        ids = [START, *(table.get(word, UNKNOWN) for word in text.split())][: TOKENS - 1]
        rows.append([*ids, END] + [PAD] * (TOKENS - 1 - len(ids)))
    return torch.tensor(rows, dtype=torch.int16)


def make_tokenizer() -> Any:
    """The transformers tokenizer that ships: word-level, every text ended by <end>, where CLIP reads it."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel(_table(), unk_token="<unk>"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation()])
    inner.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", START), ("<end>", END)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        bos_token="<start>",
        eos_token="<end>",
        unk_token="<unk>",
        model_max_length=TOKENS,
    )
