"""Prompts as MAGI-1 was trained on them: cleaned, encoded by T5, with learned tokens before each chunk's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import ftfy
import numpy as np
import torch
from torch import Tensor

from vidkit.errors import ConfigError, ModelError
from vidkit.models.magi.transformer import MagiText
from vidkit.utils.damaged import DAMAGED_ARRAYS
from vidkit.utils.plain import unescaped

SPECIAL_TOKENS = "special_tokens.npz"  # of the authors' repository, example/assets
QUALITY_ROW = 1  # of `other_tokens`: high quality
DURATION_ROWS = range(7, 15)  # 1 to 8 and more chunks are still to come, this one included
_LONGEST = 100_000  # characters; the text encoder reads some hundred words

_DASHES = (
    "\u002d\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0"
    "\ufe31\ufe32\ufe58\ufe63\uff0d"
)
_FILE_END = re.compile(r"\.(?:png|jpg|jpeg|bmp|webp|eps|pdf|apk|mp4)")


def _without_file_name(word: re.Match[str]) -> str:
    """A word without what ends like a file; its last end is looked for, so that time is linear."""
    ends = [found.end() for found in _FILE_END.finditer(word[0], 1)]
    return word[0][ends[-1] :] if ends else word[0]


# what to look for, and what to write instead; in order
_RULES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"<person>", "person"),
    (r"\b(?:https?://|www\.)\S+", ""),  # addresses
    (r"<[^<>]*>", " "),  # tags
    (r"@\w+\b", ""),  # names of users
    ("[\u31c0-\u31ef\u31f0-\u31ff\u3200-\u32ff\u3300-\u33ff\u3400-\u4dbf\u4dc0-\u4dff\u4e00-\u9fff]+", ""),
    (f"[{_DASHES}]+", "-"),
    ("[`\u00b4\u00ab\u00bb\u201c\u201d\u00a8]", '"'),
    ("[\u2018\u2019]", "'"),
    (r"\d{1,3}(?:\.\d{1,3}){3}", " "),  # network addresses
    (r"\\n", " "),
    (r"#\d{1,3}\b|#\d{5,}\b|\b\d{6,}\b", ""),  # numbers of articles
    (r"\S+", _without_file_name),
    (r"[\"']{2,}", '"'),
    (r"\.{2,}", " "),
    ("[#\u00ae\u2022\u00a9\u2122&@\u00b7\u00ba\u00bd\u00be\u00bf\u00a1\u00a7~()\\[\\]{}|\\\\/*]+", " "),
    (r"\s\.\s+", " "),  # blanks before it are joined below
)


def clean_caption(text: str) -> str:
    """Lower case, without addresses, tags, Chinese characters and ornaments, as captions in training.

    Raises:
        ConfigError: it is longer than any caption.
    """
    if len(text) > _LONGEST:
        raise ConfigError(
            f"the prompt has {len(text):,} characters, of which {_LONGEST:,} can be read",
            "describe the clip in a paragraph",
        )
    text = unquote_plus(text).strip().lower()
    for pattern, instead in _RULES:
        text = re.sub(pattern, instead, text)
    if len(re.findall(r"[-_]", text)) > 3:
        text = re.sub(r"[-_]", " ", text)
    text = unescaped(unescaped(ftfy.fix_text(text)))
    return re.sub(r"\s+", " ", text).strip()


@dataclass(frozen=True)
class LearnedTokens:
    """Vectors of the text encoder's width that were learned beside the captions.

    Attributes:
        quality: `[1, text_dim]`.
        durations: `[8, text_dim]`, of one chunk left (this one), two, and so on.
    """

    quality: Tensor
    durations: Tensor


def read_learned_tokens(path: Path, text_dim: int) -> LearnedTokens:
    """Read the authors' `special_tokens.npz`.

    Raises:
        ModelError: no such array in it, or one of another width.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            rows = file["other_tokens"]
    except DAMAGED_ARRAYS as error:
        raise ModelError(f"cannot read 'other_tokens' in '{path}'", "copy the file again") from error
    if rows.ndim != 2 or rows.shape[0] <= DURATION_ROWS[-1] or rows.shape[1] != text_dim:
        raise ModelError(
            f"'{path}' holds tokens of shape {'x'.join(map(str, rows.shape))}, not 15 or more of {text_dim}",
            "copy the file again",
        )
    table = torch.from_numpy(rows.astype(np.float16)).float()  # the precision that the authors round to
    return LearnedTokens(table[QUALITY_ROW : QUALITY_ROW + 1], table[list(DURATION_ROWS)])


@torch.no_grad()
def encode_caption(tokenizer: Any, encoder: Any, prompt: str, limit: int) -> Tensor:
    """States of the text encoder `[1, S, text_dim]`, padding left out; S is at most `limit`."""
    found = tokenizer([clean_caption(prompt)], max_length=limit, truncation=True, return_tensors="pt")
    ids = found["input_ids"].to(encoder.device)
    states: Tensor = encoder(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
    return states


def chunk_texts(states: Tensor, chunks: int, tokens: LearnedTokens | None, limit: int) -> list[MagiText]:
    """The text of every chunk: how many are still to come, that quality is high, then the caption.

    Args:
        states: `[1, S, text_dim]`.
        chunks: of the clip.
        tokens: None: the caption alone, the same for all.
        limit: text tokens at the most; the caption's end is cut.
    """
    if tokens is None:
        return [MagiText(states[:, :limit])] * chunks
    found = []
    for chunk in range(chunks):
        left = min(chunks - chunk, len(tokens.durations)) - 1
        front = torch.cat((tokens.durations[left : left + 1], tokens.quality)).unsqueeze(0).to(states)
        found.append(MagiText(torch.cat((front, states), dim=1)[:, :limit]))
    return found
