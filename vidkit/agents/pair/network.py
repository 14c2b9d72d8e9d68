"""The network of both models: picture and question in, two answer tokens and an action out.

Tokens: patches of the shrunk picture, the question, three read-outs (action, first and second answer token).
A crop adds a stage: its patches and three read-outs of its own, which attend to everything before them, so
that earlier stages are kept as keys and values, and one pass trains every depth. Halfway, the answer tokens
point at the one or two objects of the question, and the expected places come back to them as coordinates and
as products of their gap with the question's words. Without the products no relation was learned: whether one
object lies on the side asked for is a parity of two signs, of which neither alone tells anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidkit.synthetic.zoom_scenes.layout import CELLS, CELLS_PER_SIDE, CROP, MOST_CROPS, SIDE, STRIDE
from vidkit.synthetic.zoom_scenes.questions import LENGTH
from vidkit.synthetic.zoom_scenes.words import COLOURS, LETTERS, SHAPES, VOCABULARY_SIZE

PATCH = 8  # pixels of the shrunk picture in a token
CROP_PATCH = 16  # source pixels in a token of a crop
READOUTS = 3
LOOKS = len(COLOURS) + len(SHAPES) + len(LETTERS)
_FREQUENCIES = 6
_PRODUCTS = 32  # of a gap's features with the question's
_STEP = 0.03  # of the picture's side: a gap of this size counts as a side


@dataclass(frozen=True, slots=True)
class PairConfig:
    """Size of a model.

    Attributes:
        view: side of the shrunk picture it sees, a multiple of 8.
        width: of its tokens.
        depth: blocks.
        heads: of attention.
        can_zoom: whether it has actions and crops.
    """

    view: int = 96
    width: int = 128
    depth: int = 6
    heads: int = 4
    can_zoom: bool = False


SMALL = PairConfig()
LARGE = PairConfig(view=128, width=256, depth=8, heads=4, can_zoom=True)


@dataclass(slots=True)
class Stage:
    """What later stages need of the earlier ones, and what training looks at.

    Attributes:
        answer: logits of the two answer tokens [B, 2, VOCABULARY_SIZE], float32.
        action: logits [B, CELLS + 1]: zoom into a cell, or answer (last); [B, 1] without zoom: needs tools.
        past: keys and values by block.
        keys: of the picture's patches, for choosing a cell.
        looks: logits of every patch's object [B, T, LOOKS]; None when not training.
        pointers: logits over patches for the two objects of the question [B, 2, T]; None when not training.
    """

    answer: Tensor
    action: Tensor
    past: list[tuple[Tensor, Tensor]]
    keys: Tensor | None = None
    looks: Tensor | None = None
    pointers: Tensor | None = field(default=None)

    def rows(self, rows: Sequence[int] | Tensor) -> Stage:
        """Some questions of the batch, without what training looks at."""
        past = [(keys[rows], values[rows]) for keys, values in self.past]
        return Stage(
            self.answer[rows], self.action[rows], past, None if self.keys is None else self.keys[rows]
        )


def joined(stages: Sequence[Stage]) -> Stage:
    """Stages of the same depth as one batch."""
    if len(stages) == 1:
        return stages[0]
    past = [
        (torch.cat([stage.past[n][0] for stage in stages]), torch.cat([stage.past[n][1] for stage in stages]))
        for n in range(len(stages[0].past))
    ]
    kept = [stage.keys for stage in stages if stage.keys is not None]
    return Stage(
        torch.cat([stage.answer for stage in stages]),
        torch.cat([stage.action for stage in stages]),
        past,
        torch.cat(kept) if kept else None,
    )


class Block(nn.Module):
    """Attention to all earlier stages and this one, then an MLP; norms first."""

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for layer in (self.qkv, self.up):
            nn.init.trunc_normal_(layer.weight, std=0.02)
        for layer in (self.out, self.down):
            nn.init.trunc_normal_(layer.weight, std=0.02 / math.sqrt(2 * depth))
        for layer in (self.qkv, self.out, self.up, self.down):
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Tokens [B, T, width]; returns them and all keys and values so far [B, heads, T', D]."""
        batch, tokens, width = x.shape
        parts = self.qkv(self.norm_1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm_2(x)))), (k, v)


def waves(places: Tensor) -> Tensor:
    """Coordinates [..., 2] in 0..1 as sines and cosines [..., 24]."""
    turns = places[..., None] * math.pi * 2.0 ** torch.arange(_FREQUENCIES, device=places.device)
    return torch.cat([turns.sin(), turns.cos()], -1).flatten(-2)


def _centres(count: int, pixels: float) -> Tensor:
    """Centres of a square grid's patches [count^2, 2] in pixels."""
    place = torch.arange(count * count)
    return torch.stack([place % count, place // count], 1).add(0.5) * pixels


class PairNetwork(nn.Module):
    """One model of the pair.

    Args:
        config: its size.
    """

    grid: Tensor
    crop_grid: Tensor

    def __init__(self, config: PairConfig) -> None:
        super().__init__()
        self.config = config
        width, self.side = config.width, config.view // PATCH
        thin = max(24, width // 4)
        self.stem = nn.Sequential(
            nn.Conv2d(3, thin, 3, 2, 1), nn.GELU(), nn.Conv2d(thin, 2 * thin, 3, 2, 1),
            nn.GroupNorm(4, 2 * thin), nn.GELU(), nn.Conv2d(2 * thin, width, 3, 2, 1),
        )  # fmt: skip
        self.word = nn.Embedding(VOCABULARY_SIZE, width)
        nn.init.normal_(self.word.weight, std=0.3)
        self.word_place = nn.Parameter(torch.randn(LENGTH, width) * 0.02)
        self.view_place = nn.Parameter(torch.randn(self.side**2, width) * 0.02)
        self.place = nn.Linear(4 * _FREQUENCIES, width)
        self.readout = nn.Parameter(torch.randn(1 + MOST_CROPS, READOUTS, width) * 0.3)
        self.blocks = nn.ModuleList(Block(width, config.heads, config.depth) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width)
        self.answer_head = nn.Linear(width, VOCABULARY_SIZE)
        nn.init.trunc_normal_(self.answer_head.weight, std=0.01)
        self.action_head = nn.Linear(width, 1 + (CELLS if config.can_zoom else 0))
        # after these blocks patches must know looks, and answers their objects
        self.looks_after, self.points_after = max(0, config.depth // 3), config.depth // 2
        self.looks_norm, self.looks_head = nn.LayerNorm(width), nn.Linear(width, LOOKS)
        self.point_norm = nn.LayerNorm(width)
        self.point_query, self.point_key = nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.point_back = nn.Linear(3 * 4 * _FREQUENCIES, width)
        self.gap_features = nn.Linear(2, _PRODUCTS)
        self.asked_features = nn.Linear(width, _PRODUCTS)
        self.compared = nn.Linear(_PRODUCTS, width)
        nn.init.trunc_normal_(self.compared.weight, std=0.02)
        nn.init.zeros_(self.compared.bias)
        if config.can_zoom:
            self.crop_stem = nn.Sequential(nn.GELU(), nn.Conv2d(width, width, 3, 2, 1))
            self.crop_place = nn.Parameter(torch.randn((CROP // CROP_PATCH) ** 2, width) * 0.02)
            self.cell_query, self.cell_key = nn.Linear(width, width), nn.Linear(width, width)
            # half of the probability is on answering before anything is learned
            patches = (CROP * self.side // SIDE) ** 2
            nn.init.constant_(self.action_head.bias[-1:], math.log(CELLS * patches))
        self.register_buffer("grid", _centres(self.side, SIDE / self.side), persistent=False)
        self.register_buffer("crop_grid", _centres(CROP // CROP_PATCH, CROP_PATCH), persistent=False)

    def look(self, view: Tensor, question: Tensor) -> Stage:
        """The first stage: the shrunk picture [B, 3, view, view] in 0..1 and question tokens [B, LENGTH]."""
        patches = self.stem((view - 0.45) * 4).flatten(2).transpose(1, 2)
        patches = patches + self.view_place + self.place(waves(self.grid / SIDE))
        read = self.readout[0].expand(len(question), -1, -1)
        x = torch.cat([patches, self.word(question) + self.word_place, read], 1)
        return self._run(x, [None] * len(self.blocks), self.side**2, None, self.word(question).sum(1))

    def zoom(self, crop: Tensor, cell: Tensor, depth: int, before: Stage) -> Stage:
        """A further stage: a crop [B, 3, CROP, CROP] of cells [B], the `depth`-th from 1."""
        patches = self.crop_stem(self.stem((crop - 0.45) * 4)).flatten(2).transpose(1, 2)
        corner = torch.stack([cell % CELLS_PER_SIDE, cell // CELLS_PER_SIDE], 1)[:, None] * STRIDE
        patches = patches + self.crop_place + self.place(waves((self.crop_grid + corner) / SIDE))
        x = torch.cat([patches, self.readout[depth].expand(len(cell), -1, -1)], 1)
        return self._run(x, list(before.past), patches.shape[1], before.keys)

    def _run(
        self,
        x: Tensor,
        past: list[tuple[Tensor, Tensor] | None],
        patches: int,
        keys: Tensor | None,
        words: Tensor | None = None,
    ) -> Stage:
        kept, looks, pointers = [], None, None
        for place, (block, earlier) in enumerate(zip(self.blocks, past, strict=True)):
            x, both = block(x, earlier)
            kept.append(both)
            if place == self.looks_after and self.training:
                looks = self.looks_head(self.looks_norm(x[:, :patches])).float()
            if place == self.points_after and words is not None:
                x, pointers = self._pointed(x, patches, words)
        x = self.norm(x)
        if self.config.can_zoom and keys is None:
            keys = self.cell_key(x[:, :patches])
        answer, action = self._read(x[:, -READOUTS:], keys)
        return Stage(answer, action, kept, keys, looks, pointers if self.training else None)

    def _pointed(self, x: Tensor, patches: int, words: Tensor) -> tuple[Tensor, Tensor]:
        """Let the first answer token point at two objects, and give both answers where they lie."""
        y = self.point_norm(x)
        query = self.point_query(y[:, -2]).view(len(x), 2, -1)
        pointers = torch.einsum("bkd,btd->bkt", query, self.point_key(y[:, :patches])).float()
        pointers = pointers / math.sqrt(x.shape[-1])
        places = pointers.softmax(2) @ (self.grid / SIDE).float()
        gap = places[:, 0] - places[:, 1]
        waved = torch.cat([waves(places).flatten(1), waves((gap + 1) / 2)], 1)
        products = self.gap_features((gap / _STEP).tanh().to(x.dtype)) * self.asked_features(words)
        back = self.point_back(waved.to(x.dtype)) + self.compared(products)
        told = torch.cat([x[:, :-2], x[:, -2:] + back[:, None]], 1)
        return told, pointers

    def _read(self, x: Tensor, keys: Tensor | None) -> tuple[Tensor, Tensor]:
        """Answers and action from the read-outs [B, 3, width], in float32: gates must not see rounding."""
        with torch.autocast(x.device.type, enabled=False):
            answer, action = self.answer_head(x[:, -2:].float()), self.action_head(x[:, 0].float())
        if not self.config.can_zoom or keys is None:
            return answer, action
        # a cell is as good as the patches under it
        match = torch.einsum("bd,btd->bt", self.cell_query(x[:, 0]), keys).float() / math.sqrt(x.shape[-1])
        window, step = CROP * self.side // SIDE, STRIDE * self.side // SIDE
        cells = F.unfold(match.view(-1, 1, self.side, self.side), window, stride=step).logsumexp(1)
        return answer, torch.cat([action[:, :CELLS] + cells, action[:, CELLS:]], 1)
