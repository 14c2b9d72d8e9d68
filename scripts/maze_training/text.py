"""The prompt side: a word-level tokenizer of the words mazes are described with, and a small UMT5 encoder."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from vidkit.mazes.drawing.skins import SKINS
from vidkit.mazes.embedded.board_levels import BOARD_DIFFICULTIES
from vidkit.mazes.embedded.levels import Levels
from vidkit.mazes.embedded.skins import BALLS, EXTRAS, SPEEDS, STYLES

MAX_LENGTH = 20
TEXT_DIM = 64
FILLERS = ("a", "an", "the", "ball", "solves", "maze", "with", "and", "in", ",", ".")
_FIRST = (
    "<pad>",
    "</s>",
    "<unk>",
    *FILLERS,
    *BALLS,
    *STYLES,
    *(f"{n}x{n}" for n in range(4, 9)),
    *SPEEDS,
    *EXTRAS,
)
_BOARDS = (
    *map(str, BOARD_DIFFICULTIES),
    "easy",
    "medium",
    *(skin for kind in BOARD_DIFFICULTIES for skin in SKINS[kind]),
)
#: new words come last, so that the first edition's keep their numbers
WORDS = (*_FIRST, *dict.fromkeys(word for word in _BOARDS if word not in _FIRST))


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Lower-case words and punctuation; a word it does not know becomes `<unk>`."""
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=MAX_LENGTH,
    )


def build_encoder() -> UMT5EncoderModel:
    config = UMT5Config(
        vocab_size=len(WORDS),
        d_model=TEXT_DIM,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        dropout_rate=0.0,
        pad_token_id=0,
        eos_token_id=1,
    )
    return UMT5EncoderModel(config)


def training_prompts(
    levels: Levels, chooser: random.Random, drop: float = 0.1, unnamed: list[bool] | None = None
) -> list[str]:
    """Captions with clauses left out at random, so that short prompts are understood; `drop` are empty.

    `unnamed`: which levels have colours without a name; their captions say neither style nor ball.
    """
    prompts = []
    for index, caption in enumerate(levels.captions()):
        if unnamed and unnamed[index]:
            caption = without_colours(caption)
        if chooser.random() < drop:
            prompts.append("")
        elif chooser.random() < 0.6:
            prompts.append(caption)
        else:
            prompts.append(_shortened(caption, chooser))
    return prompts


def without_colours(caption: str) -> str:
    """A caption of a regular maze without style and colour of the ball."""
    words = [word for word in caption.split(" ") if word not in (*BALLS, *STYLES)]
    return " ".join(["a", *words[1:]])


def _shortened(caption: str, chooser: random.Random) -> str:
    head, speed, *extras = caption.split(", ")
    ball, maze = head.split(" solves a ")
    *style, size, _ = maze.split(" ")
    parts = []
    if chooser.random() < 0.7:
        parts.append(ball)
    described = [word for word in (*style, size) if chooser.random() < 0.6]
    if described:
        parts.append(" ".join((["solves a"] if parts else ["a"]) + described + ["maze"]))
    clauses = ([" ".join(parts)] if parts else []) + [c for c in (speed, *extras) if chooser.random() < 0.6]
    return ", ".join(clauses)


def encode(encoder: UMT5EncoderModel, ids: torch.Tensor) -> torch.Tensor:
    """Embeddings [B, MAX_LENGTH, TEXT_DIM], zeros after the end, as the diffusers pipelines pass them on."""
    mask = (ids != 0).long()
    states = encoder(ids, mask).last_hidden_state
    return states * mask[..., None]


def tokenise(tokenizer: PreTrainedTokenizerFast, prompts: list[str]) -> torch.Tensor:
    """Token ids [B, MAX_LENGTH]."""
    batch = tokenizer(
        prompts,
        padding="max_length",
        max_length=MAX_LENGTH,
        truncation=True,
        return_tensors="pt",
        return_attention_mask=False,
    )
    return batch["input_ids"]


def save(tokenizer: PreTrainedTokenizerFast, encoder: UMT5EncoderModel, folder: Path) -> None:
    tokenizer.save_pretrained(folder / "tokenizer")
    encoder.save_pretrained(folder / "text_encoder")
