"""Between words and the pair's tensors: what a conversation asks, and what a model's answer says in words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vidkit.agents.tools.zoom import ZoomTool
from vidkit.serving.messages import Image, Message, Request, Text
from vidkit.serving.reply import Alternative, Token
from vidkit.synthetic.zoom_scenes.layout import CELLS_PER_SIDE, CROP, SIDE, STRIDE
from vidkit.synthetic.zoom_scenes.questions import LENGTH
from vidkit.synthetic.zoom_scenes.single import question_tokens
from vidkit.synthetic.zoom_scenes.words import END, WORDS

_OPTION = re.compile(r"^([A-Z])\. (.+)$")
_CALL = re.compile(r"<tool_call>(.*?)(?:</tool_call>|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Crop:
    """A cell that was zoomed into, and what was shown of it."""

    cell: int
    shown: Image


@dataclass(frozen=True, slots=True)
class Asked:
    """What a conversation asks.

    Attributes:
        picture: the first one.
        tokens: of the question [LENGTH].
        options: texts by letter.
        crops: so far.
        has_tool: whether the zoom tool is offered.
        key: of picture, question and crops.
    """

    picture: Image
    tokens: Tensor
    options: Mapping[str, str]
    crops: tuple[Crop, ...] = ()
    has_tool: bool = False
    key: str = ""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.picture.data)
        digest.update(json.dumps([self.tokens.tolist(), [one.cell for one in self.crops]]).encode())
        object.__setattr__(self, "key", digest.hexdigest())

    def up_to(self, depth: int) -> Asked:
        """The same with its first crops alone."""
        return self if depth == len(self.crops) else replace(self, crops=self.crops[:depth])

    def pixels(self) -> Tensor:
        """The picture [SIDE, SIDE, 3] in 0..1; another size is brought to it."""
        return _pixels(self.picture, SIDE)

    def crop_pixels(self, place: int) -> Tensor:
        """A crop [3, CROP, CROP] in 0..1."""
        return _pixels(self.crops[place].shown, CROP).permute(2, 0, 1)


def _pixels(image: Image, side: int) -> Tensor:
    picture = image.to_pil()
    if picture.size != (side, side):
        picture = picture.resize((side, side))
    return torch.from_numpy(np.array(picture, dtype=np.float32) / 255)


def read_conversation(request: Request) -> Asked:
    """What a request asks of the pair.

    Raises:
        ValueError: no picture, no question, a word that the models do not know, a crop that is no cell.
    """
    system = "\n".join(_text(message) for message in request.messages if message.role == "system")
    turns = [message for message in request.messages if message.role != "system"]
    first = turns[0] if turns else Message("user", ())
    pictures = [part for part in first.parts if isinstance(part, Image)]
    if not pictures:
        raise ValueError("there is no picture")
    lines = _text(first).splitlines()
    question = next((line for line in lines if line.rstrip().endswith("?")), "")
    if not question:
        raise ValueError("there is no question")
    options = {found[1]: found[2].strip() for line in lines if (found := _OPTION.match(line.strip()))}
    tokens = question_tokens(question.removeprefix("Question:"), tuple(options.values()), LENGTH)
    has_tool = ZoomTool.name in system
    return Asked(pictures[0], tokens, options, tuple(_crops(turns[1:])), has_tool)


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text))


def _crops(turns: list[Message]) -> list[Crop]:
    found, cell = [], None
    for turn in turns:
        if turn.role == "assistant":
            call = _CALL.search(_text(turn))
            cell = None if call is None else _cell_of(call[1])
            continue
        shown = [part for part in turn.parts if isinstance(part, Image)]
        if shown and cell is not None:
            found.append(Crop(cell, shown[0]))
    return found


def _cell_of(call: str) -> int:
    try:
        left, top, _, _ = json.loads(call)["arguments"]["bbox_2d"]
        return int(top) // STRIDE * CELLS_PER_SIDE + int(left) // STRIDE
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("an earlier call of the zoom tool cannot be read") from error


def cell_box(cell: int) -> list[int]:
    """Left, top, right, bottom of a cell in source pixels."""
    left, top = cell % CELLS_PER_SIDE * STRIDE, cell // CELLS_PER_SIDE * STRIDE
    return [left, top, left + CROP, top + CROP]


def said(answer: Tensor, asked: Asked, top: int, cell: int | None) -> tuple[str, tuple[Token, ...]]:
    """A model's reply in words: a call of the tool, or the answer's letter; and the answer's tokens.

    Args:
        answer: logits of the two answer tokens [2, V].
        asked: the question.
        top: alternatives per token.
        cell: into which it zooms, None to answer.
    """
    words, tokens = _answer(answer, top)
    if cell is not None:
        call = {"name": ZoomTool.name, "arguments": {"bbox_2d": cell_box(cell)}}
        thought = f"It looks like {words}, but that is not certain from here."
        return f"<think>{thought}</think><tool_call>{json.dumps(call)}</tool_call>", tokens
    letter = next((letter for letter, text in asked.options.items() if text == words), None)
    text = letter or ("none of the options" if asked.options else words)
    if not asked.has_tool:
        return text, tokens
    return f"<think>It is {words}.</think><answer>{text}</answer>", tokens


def _answer(answer: Tensor, top: int) -> tuple[str, tuple[Token, ...]]:
    logs = answer.float().log_softmax(-1).cpu()
    best = logs.argmax(-1).tolist()
    count = 1 if best[1] == END else 2
    tokens = []
    for row, place in zip(logs[:count], best[:count], strict=True):
        values, places = row.topk(min(max(top, 1), len(row)))
        listed = tuple(
            Alternative(WORDS[which], value)
            for which, value in zip(places.tolist(), values.tolist(), strict=True)
        )
        tokens.append(Token(WORDS[place], float(row[place]), listed))
    return " ".join(WORDS[place] for place in best[:count]), tuple(tokens)
