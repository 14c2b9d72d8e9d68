"""The pair behind a funnel: screens and drafts in batches, agents whose steps are batched as they come.

One call of a model answers every query that waits for the same step: the screen and the draft of a query are
one look of the small model, and the large model's looks and crops of different queries share its passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from vidkit.agents.funnel import AgentAnswer, Draft
from vidkit.agents.gate import Decision
from vidkit.agents.pair.network import PairNetwork, Stage, joined
from vidkit.synthetic.zoom_scenes.drawing import shrunk
from vidkit.synthetic.zoom_scenes.layout import CELLS, CROP, MOST_CROPS, cell_corners
from vidkit.synthetic.zoom_scenes.words import text_of

Gate = Callable[[Tensor, Tensor], Sequence[Decision]]
"""Says of drafts, by their logits [B, 2, V] and probabilities of needing no tool [B], which are believed."""


@dataclass(frozen=True, slots=True)
class Set:
    """Questions that are drawn, on a device: pictures [N, SIDE, SIDE, 3], tokens [N, LENGTH].

    Places beyond the last begin anew, so that a stream may be longer than the set.
    """

    pictures: Tensor
    tokens: Tensor

    def rows(self, places: Sequence[int]) -> list[int]:
        """Rows of places.

        Raises:
            IndexError: a negative place.
        """
        if any(place < 0 for place in places):
            raise IndexError(f"places must be >= 0, got {min(places)}")
        return [place % len(self.tokens) for place in places]

    def words(self, places: Sequence[int]) -> Tensor:
        """Tokens of some questions [B, LENGTH]."""
        return self.tokens[self.rows(places)]

    def views(self, places: Sequence[int], side: int) -> Tensor:
        """Shrunk pictures of some questions [B, 3, side, side]."""
        return shrunk(self.pictures[self.rows(places)], side)

    def crops(self, places: Sequence[int], cell: Tensor) -> Tensor:
        """Cells [B] of some questions' pictures [B, 3, CROP, CROP]."""
        left, top = (corner[cell] for corner in cell_corners(cell.device))
        steps = torch.arange(CROP, device=cell.device)
        rows, columns = top[:, None] + steps, left[:, None] + steps
        batch = torch.tensor(self.rows(places), device=cell.device)[:, None, None]
        return self.pictures[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


@dataclass(slots=True)
class _Job:
    place: int
    done: asyncio.Future[AgentAnswer]
    taken: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """Jobs that stand at the same depth, with their stage and the cells they want next."""

    jobs: list[_Job]
    stage: Stage
    cells: Tensor


class LargeRunner:
    """Runs agents; their steps are batched as they come.

    Args:
        model: the large one.
        questions: that can be asked.
        batch: queries a pass, at most.
    """

    def __init__(self, model: PairNetwork, questions: Set, batch: int) -> None:
        self._model, self._questions, self._batch = model, questions, batch
        self._fresh: list[_Job] = []
        self._groups: dict[int, list[_Group]] = {}
        self._pool = ThreadPoolExecutor(1, "vidkit-pair-large")
        self._task: asyncio.Task[None] | None = None
        self.passes = 0

    async def run(self, place: int) -> AgentAnswer:
        """One question's agent: look, zoom until it would rather answer, answer."""
        job = _Job(place, asyncio.get_running_loop().create_future())
        self._fresh.append(job)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._serve())
        return await job.done

    async def _serve(self) -> None:
        """Passes, one after the other, until nothing waits; a failed pass fails its jobs alone."""
        loop = asyncio.get_running_loop()
        while self._fresh or self._groups:
            depth = max(self._groups, key=lambda each: (self._waiting(each), each), default=0)
            if self._fresh and (depth == 0 or len(self._fresh) >= self._waiting(depth)):
                jobs, self._fresh = self._fresh[: self._batch], self._fresh[self._batch :]
                call, depth = partial(self._look, jobs), 0
            else:
                group = self._merged(depth)
                jobs = group.jobs
                call = partial(self._zoom, group, depth)
            try:
                answers, rest = await loop.run_in_executor(self._pool, call)
            except Exception as error:
                for job in jobs:
                    if not job.done.done():
                        job.done.set_exception(error)
                continue
            for job, answer in answers:
                if not job.done.done():
                    job.done.set_result(answer)
            if rest is not None:
                self._groups.setdefault(depth + 1, []).append(rest)

    def _waiting(self, depth: int) -> int:
        return sum(len(group.jobs) for group in self._groups.get(depth, []))

    def _merged(self, depth: int) -> _Group:
        """As many groups of a depth as fit into a pass; at least one."""
        groups = self._groups.pop(depth)
        taken = [groups.pop(0)]
        while groups and sum(len(one.jobs) for one in (*taken, groups[0])) <= self._batch:
            taken.append(groups.pop(0))
        if groups:
            self._groups[depth] = groups
        jobs = [job for one in taken for job in one.jobs]
        if len(taken) == 1:
            return taken[0]
        return _Group(jobs, joined([one.stage for one in taken]), torch.cat([one.cells for one in taken]))

    @torch.no_grad()
    def _look(self, jobs: list[_Job]) -> tuple[list[tuple[_Job, AgentAnswer]], _Group | None]:
        places = [job.place for job in jobs]
        view = self._questions.views(places, self._model.config.view)
        return self._after(jobs, self._model.look(view, self._questions.words(places)), 0)

    @torch.no_grad()
    def _zoom(self, group: _Group, depth: int) -> tuple[list[tuple[_Job, AgentAnswer]], _Group | None]:
        crops = self._questions.crops([job.place for job in group.jobs], group.cells)
        return self._after(group.jobs, self._model.zoom(crops, group.cells, depth, group.stage), depth)

    def _after(
        self, jobs: list[_Job], stage: Stage, depth: int
    ) -> tuple[list[tuple[_Job, AgentAnswer]], _Group | None]:
        self.passes += 1
        chances = stage.action.softmax(1)
        used = torch.zeros(len(jobs), CELLS, dtype=torch.bool)
        for row, job in enumerate(jobs):
            used[row, job.taken] = True
        cells = chances[:, :CELLS].masked_fill(used.to(chances.device), -1.0).argmax(1)
        stops = (chances[:, -1] >= 0.5).tolist() if depth < MOST_CROPS else [True] * len(jobs)
        said = stage.answer.argmax(-1).tolist()
        ended = [
            (job, AgentAnswer(text_of(said[row]), depth + 1)) for row, job in enumerate(jobs) if stops[row]
        ]
        going = [row for row in range(len(jobs)) if not stops[row]]
        if not going:
            return ended, None
        for row, cell in zip(going, cells[going].tolist(), strict=True):
            jobs[row].taken.append(cell)
        return ended, _Group([jobs[row] for row in going], stage.rows(going), cells[going])

    def close(self) -> None:
        """Stop the thread."""
        self._pool.shutdown(wait=False)


class PairStages:
    """Stages of a funnel whose queries are places in a set.

    Args:
        small: drafts.
        runner: of the large model.
        questions: the set.
        gate: of the drafts.
        screen: `small`, `large` or `none`.
        screen_above: probability of "no tools needed" above which a question is drafted.
        large: needed where it screens.
    """

    def __init__(
        self,
        small: PairNetwork,
        runner: LargeRunner,
        questions: Set,
        gate: Gate,
        screen: str = "small",
        screen_above: float = 0.5,
        large: PairNetwork | None = None,
    ) -> None:
        self._small, self._runner, self._questions, self._gate = small, runner, questions, gate
        self._screen, self._above, self._large = screen, screen_above, large
        self._looked: dict[int, tuple[Tensor, float]] = {}
        self._pool = ThreadPoolExecutor(1, "vidkit-pair-small")

    async def screen(self, queries: Sequence[int]) -> list[bool]:
        """Whether each needs no tool."""
        if self._screen == "none":
            return [True] * len(queries)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._screened, list(queries))

    async def draft(self, queries: Sequence[int]) -> list[Draft]:
        """Drafts with the gate's word; the look of the screen is not made twice."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._drafted, list(queries))

    async def agent(self, query: int) -> AgentAnswer:
        """The whole agent."""
        return await self._runner.run(query)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False)
        self._runner.close()

    @torch.no_grad()
    def _look(self, queries: list[int]) -> list[float]:
        """Probability that no tool is needed; logits are kept for the draft."""
        view = self._questions.views(queries, self._small.config.view)
        stage = self._small.look(view, self._questions.words(queries))
        free = torch.sigmoid(-stage.action[:, 0]).tolist()
        self._looked |= dict(zip(queries, zip(stage.answer.cpu(), free, strict=True), strict=True))
        return free

    @torch.no_grad()
    def _screened(self, queries: list[int]) -> list[bool]:
        if self._screen == "large":
            assert self._large is not None
            view = self._questions.views(queries, self._large.config.view)
            action = self._large.look(view, self._questions.words(queries)).action
            return (action.softmax(1)[:, -1] > self._above).tolist()
        return [free > self._above for free in self._look(queries)]

    def _drafted(self, queries: list[int]) -> list[Draft]:
        missing = [query for query in queries if query not in self._looked]
        if missing:
            self._look(missing)
        looked = [self._looked.pop(query) for query in queries]
        logits = torch.stack([one for one, _ in looked])
        decisions = self._gate(logits, torch.tensor([free for _, free in looked]))
        said = logits.argmax(-1).tolist()
        return [Draft(text_of(words), word) for words, word in zip(said, decisions, strict=True)]
