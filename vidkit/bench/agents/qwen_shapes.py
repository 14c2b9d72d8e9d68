"""Two vision-language models of real shapes, random weights: what a funnel's schedule is worth in seconds.

Shapes of Qwen3-VL-2B (drafts) and Qwen2.5-VL-7B (agents), in transformers. Random weights answer nothing, so
which queries are tool-free and believed is set, and so is the agent's depth; every second is real.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from vidkit.agents.funnel import AgentAnswer, Draft, Funnel, FunnelReport
from vidkit.agents.gate import Decision
from vidkit.agents.scripted import ScriptedQuery, scripted_queries

IMAGE, VISION_START, VISION_END = 151655, 151652, 151653


@dataclass(frozen=True, slots=True)
class Work:
    """What every call reads and writes.

    Attributes:
        picture_side: of the picture in patches; a visual token is 2 x 2 of them.
        screen_side: of the shrunk picture that a screen on the small model sees.
        crop_side: of a crop.
        words: tokens of text in a prompt.
        draft: new tokens of a draft.
        step: new tokens of an agent's step.
        depth: steps of an agent.
    """

    picture_side: int = 64
    screen_side: int = 24
    crop_side: int = 24
    words: int = 96
    draft: int = 4
    step: int = 32
    depth: int = 2


TINY = Work(picture_side=8, screen_side=4, crop_side=4, words=6, draft=2, step=2)


def random_model(size: str, device: torch.device) -> Any:
    """A model of random weights: `2b`, `7b`, or `tiny` for tests; bfloat16 on a GPU."""
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
    )

    kind: Any
    text: dict[str, Any]
    vision: dict[str, Any]
    if size == "7b":
        text = {
            "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
            "intermediate_size": 18944, "vocab_size": 152064,
        }  # fmt: skip
        vision = {"depth": 32, "hidden_size": 1280, "num_heads": 16, "intermediate_size": 3420,
                  "out_hidden_size": 3584}  # fmt: skip
        kind = Qwen2_5_VLForConditionalGeneration
        config: Any = Qwen2_5_VLConfig(text_config=text, vision_config=vision)
    else:
        text = {
            "hidden_size": 2048, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8,
            "head_dim": 128, "intermediate_size": 6144, "vocab_size": 151936,
        }  # fmt: skip
        vision = {"depth": 24, "hidden_size": 1024, "num_heads": 16, "intermediate_size": 4096,
                  "out_hidden_size": 2048, "deepstack_visual_indexes": [5, 11, 17]}  # fmt: skip
        if size == "tiny":
            text |= {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
                     "num_key_value_heads": 1, "head_dim": 16, "intermediate_size": 32}  # fmt: skip
            vision |= {"depth": 2, "hidden_size": 32, "num_heads": 2, "intermediate_size": 32,
                       "out_hidden_size": 32, "deepstack_visual_indexes": [0]}  # fmt: skip
        kind = Qwen3VLForConditionalGeneration
        config = Qwen3VLConfig(text_config=text, vision_config=vision)
    torch.manual_seed(0)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = kind(config)
    finally:
        torch.set_default_dtype(before)
    return model.eval()


class Caller:
    """Makes calls of one model on its own thread.

    Args:
        model: of `random_model`.
    """

    def __init__(self, model: Any) -> None:
        self._model, self._pool = model, ThreadPoolExecutor(1)
        vision = model.config.vision_config
        self._pixels = 3 * vision.temporal_patch_size * vision.patch_size**2

    async def call(self, count: int, sides: Sequence[int], words: int, new: int) -> None:
        """Read pictures of these sides and words, write `new` tokens, for `count` queries at once."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self.run, count, sides, words, new)

    @torch.no_grad()
    def run(self, count: int, sides: Sequence[int], words: int, new: int) -> float:
        """The same at once; seconds it took."""
        device = self._model.device
        row: list[int] = []
        for side in sides:
            row += [VISION_START, *[IMAGE] * (side * side // 4), VISION_END]
        row += [100 + place for place in range(words)]
        ids = torch.tensor([row] * count, device=device)
        grid = torch.tensor([[1, side, side] for side in sides] * count, device=device)
        patches = count * sum(side * side for side in sides)
        pixels = torch.zeros(patches, self._pixels, device=device, dtype=self._model.dtype)
        kinds = (ids == IMAGE).long()
        start = time.perf_counter()
        self._model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels, image_grid_thw=grid,
            mm_token_type_ids=kinds, max_new_tokens=new, min_new_tokens=new, do_sample=False, pad_token_id=0,
        )  # fmt: skip
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    def close(self) -> None:
        """Stop the thread."""
        self._pool.shutdown(wait=False)


class ShapeStages:
    """Stages whose calls are the models' own; words and beliefs are the queries'.

    Args:
        small: drafts.
        large: runs the agents.
        work: of a call.
        together: agents that share the large model's calls.
        large_screens: the large model screens, on the whole picture.
    """

    def __init__(self, small: Caller, large: Caller, work: Work, together: int, large_screens: bool) -> None:
        self._small, self._large, self._work = small, large, work
        self._together, self._large_screens = together, large_screens
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None

    async def screen(self, queries: Sequence[ScriptedQuery]) -> list[bool]:
        """One new token a query."""
        caller = self._large if self._large_screens else self._small
        side = self._work.picture_side if self._large_screens else self._work.screen_side
        await caller.call(len(queries), [side], self._work.words, 1)
        return [query.tool_free for query in queries]

    async def draft(self, queries: Sequence[ScriptedQuery]) -> list[Draft]:
        """A few new tokens a query."""
        work = self._work
        await self._small.call(len(queries), [work.picture_side], work.words, work.draft)
        return [Draft(query.name, Decision(query.believed, 1.0, "set")) for query in queries]

    async def agent(self, query: ScriptedQuery) -> AgentAnswer:
        """All steps; agents that wait begin together."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._serve())
        await done
        return AgentAnswer(query.name, self._work.depth)

    async def _serve(self) -> None:
        work = self._work
        await asyncio.sleep(0)  # those that come in the same moment begin together
        while self._waiting:
            now, self._waiting = self._waiting[: self._together], self._waiting[self._together :]
            try:
                for step in range(work.depth):
                    sides = [work.picture_side, *[work.crop_side] * step]
                    await self._large.call(len(now), sides, work.words + step * work.step, work.step)
            except Exception as error:
                for one in now:
                    one.set_exception(error)
                continue
            for one in now:
                one.set_result(None)


def shape_rows(
    sizes: tuple[str, str],
    device: torch.device,
    work: Work,
    count: int,
    alpha: float,
    beta: float,
    together: int,
    seed: int,
    tell: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """Seconds of single calls, then of whole schedules over the same queries.

    Args:
        sizes: of the small and the large model.
        device: to run on.
        work: of a call.
        count: queries.
        alpha: share of drafts that are believed.
        beta: share of queries that need no tool.
        together: agents that share calls.
        seed: of the order of queries.
        tell: told what is done.
    """
    tell(f"making models of {sizes[0]} and {sizes[1]}")
    start = time.perf_counter()
    small, large = (Caller(random_model(size, device)) for size in sizes)
    made_s = time.perf_counter() - start
    yield {"what": "making both models", "seconds": made_s, "a_query_s": None}
    try:
        for name, caller, counts in (("draft", small, (1, 6)), ("agent step", large, (1, together))):
            for batch in counts:
                new = work.draft if name == "draft" else work.step
                caller.run(batch, [work.picture_side], work.words, new)  # a first call is slower
                seconds = caller.run(batch, [work.picture_side], work.words, new)
                yield {"what": f"{name}, {batch} at once", "seconds": seconds, "a_query_s": seconds / batch}
        queries = scripted_queries(count, alpha, beta, seed)
        few = max(1, count // _PART)
        tell("agent, one by one")
        report = _run(queries[:few], small, large, work, speculate=False)
        # one agent after another: as many take as many times as long
        alone_s = report.seconds / few
        yield _schedule_row(f"agent, one by one (of {few})", report, alone_s)
        for name, plan in _plans(together).items():
            tell(name)
            yield _schedule_row(name, _run(queries, small, large, work, **plan), alone_s)
    finally:
        small.close()
        large.close()


_PART = 4  # of the queries, this part is enough to time agents one by one


def _schedule_row(what: str, report: FunnelReport, alone_s: float) -> dict[str, Any]:
    """Seconds of a schedule; how much faster than one agent after another, a query."""
    a_query = report.seconds / len(report.outcomes)
    return {
        "what": what,
        "queries": len(report.outcomes),
        "seconds": report.seconds,
        "a_query_s": a_query,
        "speedup": alone_s / a_query,
        "failed": sum(one.answer is None for one in report.outcomes),
    }


def _plans(together: int) -> dict[str, dict[str, Any]]:
    """Schedules, those that matter most first: a run may be cut short."""
    return {
        "ours: small screens, overlapped, agents batched": {"together": together},
        "published: large screens, agents one by one": {"overlap": False, "large_screens": True},
        "agents, batched": {"speculate": False, "together": together},
        "published schedule, small screens": {"overlap": False},
    }


def _run(
    queries: list[ScriptedQuery],
    small: Caller,
    large: Caller,
    work: Work,
    *,
    together: int = 1,
    overlap: bool = True,
    speculate: bool = True,
    large_screens: bool = False,
) -> FunnelReport:
    async def main() -> FunnelReport:
        stages = ShapeStages(small, large, work, together, large_screens)
        funnel = Funnel(stages, batch=6, workers=together, overlap=overlap, speculate=speculate)
        return await funnel.run(queries)

    return asyncio.run(main())
