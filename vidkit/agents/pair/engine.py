"""The embedded models as engines: they are asked in words and answer in words, like any served model.

The large one speaks `hermes_text`: it calls the zoom tool or answers. Its earlier looks are kept, so that a
step costs its own crop alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from vidkit.agents.pair.conversation import Asked, read_conversation, said
from vidkit.agents.pair.folder import WEIGHTS, load_model
from vidkit.agents.pair.network import CROP_PATCH, READOUTS, PairNetwork, Stage, joined
from vidkit.errors import ConfigError
from vidkit.serving.batching import Batcher
from vidkit.serving.engine import Capabilities, EngineError, ErrorKind
from vidkit.serving.messages import Request
from vidkit.serving.reply import Reply, Usage
from vidkit.synthetic.zoom_scenes.drawing import shrunk
from vidkit.synthetic.zoom_scenes.layout import CELLS, CROP, MOST_CROPS
from vidkit.synthetic.zoom_scenes.questions import LENGTH
from vidkit.synthetic.zoom_scenes.words import VOCABULARY_SIZE

GRID = 16
"""Pixels of a token's side in a crop."""
NAMES = ("small", "large")


class PairEngine:
    """One of the two embedded models.

    Args:
        name: `small` or `large`.
        folder: folder with its weights; those that ship with vidkit if not given.
        device: torch device, `auto` for a GPU where there is one.
        batch_size: questions per forward pass.
        keep: questions of which the large model keeps its earlier looks for the next step.

    Raises:
        ConfigError: an unknown name.
        ModelError: no weights.
    """

    def __init__(
        self,
        name: str,
        folder: str | Path | None = None,
        device: str = "auto",
        batch_size: int = 8,
        keep: int = 32,
    ) -> None:
        if name not in NAMES:
            raise ConfigError(f"the pair has no model '{name}'", f"pair:{' or pair:'.join(NAMES)}")
        from vidkit.utils.device import resolve_device

        file = Path(folder or WEIGHTS) / f"{name}.safetensors"
        self._device = torch.device(resolve_device(device))
        self._model: PairNetwork = load_model(file, self._device)
        self._sha = hashlib.sha256(file.read_bytes()).hexdigest()
        self.name, self.concurrency = f"pair:{name}", 2 * batch_size
        self.capabilities = Capabilities(top_logprobs=VOCABULARY_SIZE, grid=GRID)
        self._looks: OrderedDict[str, Stage] = OrderedDict()
        self._keep, self._running = keep + batch_size, asyncio.Lock()
        self._batcher = Batcher(self._run, lambda first, other: True, batch_size, 0.001)
        self.forwards = 0

    def identity(self) -> Mapping[str, str]:
        """Name and weights."""
        return {"engine": "pair", "model": self.name, "weights": self._sha[:16]}

    async def generate(self, request: Request) -> Reply:
        """Answer, or call the zoom tool where the conversation offers it.

        Raises:
            EngineError: a question in words that the model does not know, or no picture.
        """
        began = time.perf_counter()
        reply: Reply = await self._batcher.submit(request)
        seconds = time.perf_counter() - began
        return replace(reply, latency_s=seconds, total_s=seconds)

    async def tool_free(self, request: Request) -> float:
        """Probability that the question needs no tool; the look is kept for the draft."""
        asked = self._read(request)
        if isinstance(asked, EngineError):
            raise asked
        async with self._running:
            await asyncio.to_thread(self._look_at, [asked])
            action = self._looks[asked.key].action[0]
        if self._model.config.can_zoom:
            return float(action.softmax(0)[-1])
        return float(torch.sigmoid(-action[0]))

    async def aclose(self) -> None:
        """Stop the batches."""
        await self._batcher.aclose()

    async def _run(self, requests: Sequence[Request]) -> list[Reply | EngineError]:
        asked = [self._read(request) for request in requests]
        known = [one for one in asked if not isinstance(one, EngineError)]
        async with self._running:
            await asyncio.to_thread(self._look_at, known)
            return [
                one if isinstance(one, EngineError) else self._reply(one, request)
                for one, request in zip(asked, requests, strict=True)
            ]

    @staticmethod
    def _read(request: Request) -> Asked | EngineError:
        try:
            return read_conversation(request)
        except ValueError as error:
            return EngineError(
                ErrorKind.REJECTED, f"the pair cannot be asked this: {error}", "ask v-star-mini"
            )

    @torch.no_grad()
    def _look_at(self, asked: Sequence[Asked]) -> None:
        """Make the looks that are missing, depth by depth, all questions of a depth in one pass."""
        for one in asked:
            if one.key in self._looks:
                self._looks.move_to_end(one.key)
        todo = {one.key: one for one in asked if one.key not in self._looks}
        deepest = max((len(one.crops) for one in todo.values()), default=-1)
        for depth in range(deepest + 1):
            due = {
                part.key: part
                for one in todo.values()
                if len(one.crops) >= depth and (part := one.up_to(depth)).key not in self._looks
            }
            if due:
                self._forward(list(due.values()), depth)
        while len(self._looks) > max(self._keep, len(asked)):
            self._looks.popitem(last=False)

    def _forward(self, asked: Sequence[Asked], depth: int) -> None:
        self.forwards += 1
        if depth == 0:
            views = torch.cat([shrunk(one.pixels()[None], self._model.config.view) for one in asked])
            tokens = torch.stack([one.tokens for one in asked])
            stage = self._model.look(views.to(self._device), tokens.to(self._device))
        else:
            before = [self._looks[one.up_to(depth - 1).key] for one in asked]
            crops = torch.stack([one.crop_pixels(depth - 1) for one in asked]).to(self._device)
            cells = torch.tensor([one.crops[depth - 1].cell for one in asked], device=self._device)
            stage = self._model.zoom(crops, cells, depth, joined(before))
        for place, one in enumerate(asked):
            self._looks[one.key] = stage.rows([place])

    def _reply(self, asked: Asked, request: Request) -> Reply:
        stage = self._looks[asked.key]
        cell = self._wanted_cell(asked, stage)
        text, tokens = said(stage.answer[0], asked, request.top_logprobs, cell)
        return Reply(
            text,
            usage=self._usage(asked, max(1, len(tokens))),
            tokens=tokens if request.top_logprobs and cell is None else None,
            model=self.name,
        )

    def _usage(self, asked: Asked, new: int) -> Usage:
        """Visual tokens, words and read-outs of all looks so far; all but the last look's are kept."""
        first, later = self._model.side**2 + LENGTH + READOUTS, (CROP // CROP_PATCH) ** 2 + READOUTS
        read = first + len(asked.crops) * later
        kept = read - (later if asked.crops else first)
        return Usage(prompt_tokens=read, completion_tokens=new, cached_tokens=kept)

    def _wanted_cell(self, asked: Asked, stage: Stage) -> int | None:
        """Where it zooms next; None to answer."""
        if not (self._model.config.can_zoom and asked.has_tool) or len(asked.crops) >= MOST_CROPS:
            return None
        chances = stage.action[0].softmax(0)
        if chances[-1] >= 0.5:
            return None
        taken = [crop.cell for crop in asked.crops]
        cells: Tensor = chances[:CELLS].clone()
        cells[taken] = -1.0
        return int(cells.argmax())
