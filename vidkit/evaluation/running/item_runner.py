"""What is done with one item: ask it, or stream it, or leave it out, and have its reply judged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vidkit.errors import DataError, VidkitError
from vidkit.evaluation.benchmark import Benchmark
from vidkit.evaluation.running.asker import Asker, media_of
from vidkit.evaluation.running.growing_clip import ask_streaming, stream_key
from vidkit.evaluation.running.judging import Panel, Verdict
from vidkit.evaluation.running.media import MediaLoader
from vidkit.evaluation.types import Item, Prediction, PromptMode


class Protocols(Protocol):
    """The options that decide how items are asked."""

    @property
    def when(self) -> str: ...
    @property
    def stride_s(self) -> float: ...
    @property
    def until_end(self) -> bool: ...
    @property
    def media(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item.

    Attributes:
        records: its rows, one or two (single and streaming).
        not_asked: rows whose condition was not met.
        resumed: rows that an earlier start had settled.
        verdict: of the judges.
    """

    records: tuple[Prediction, ...]
    not_asked: int = 0
    resumed: int = 0
    verdict: Verdict | None = None


class ItemRunner:
    """Runs items one at a time; many at once from several workers.

    Args:
        task: the benchmark.
        asker: asks and keeps.
        loader: of media.
        mode: variant of the prompt.
        protocols: how to ask.
        panel: judges of replies.
    """

    def __init__(
        self,
        task: Benchmark,
        asker: Asker,
        loader: MediaLoader,
        mode: PromptMode,
        protocols: Protocols,
        panel: Panel | None,
    ) -> None:
        self.asker = asker
        self._task = task
        self._loader = loader
        self._mode = mode
        self._protocols = protocols
        self._panel = panel
        self._in_flight: dict[str, asyncio.Future[Prediction | None]] = {}

    @property
    def calls(self) -> int:
        """Requests that were made, judges' included."""
        return self.asker.calls + (self._panel.calls if self._panel else 0)

    async def run(self, item: Item) -> Outcome:
        """Ask an item as the protocols say.

        Raises:
            DataError: a doubled id, an unknown item in `after`, or a row that the protocol cannot use.
            StopRun: the engine will not answer anything.
        """
        if self._task.is_streamed(item) and self._protocols.when != "single":
            if self._protocols.when == "streaming":
                return await self._stream(item)
            # single first: an item after this one looks for it as soon as this one waits
            asked = await self._single(item)
            streamed = await self._stream(item)
            return Outcome((*asked.records, *streamed.records), 0, asked.resumed + streamed.resumed)
        return await self._single(item)

    async def _single(self, item: Item) -> Outcome:
        self._enter(item.id)
        mine = asyncio.get_running_loop().create_future()
        self._in_flight[item.id] = mine
        record: Prediction | None = None
        try:
            if item.after is not None and not await self._is_due(item):
                return Outcome((), not_asked=1)
            try:
                prompt = self._task.prompt(item, self._mode)
                load = media_of(self._loader, item, self._task.visuals(item), prompt)
            except VidkitError:
                raise
            # a task's own file may stumble over one row: that is one failed item
            except Exception as error:
                record = await self.asker.fail(item.id, error)
                return Outcome((record,))
            record, is_new = await self.asker.ask(item.id, prompt, load)
            verdict = await self._judge(item, record)
            return Outcome((record,), resumed=0 if is_new else 1, verdict=verdict)
        finally:
            mine.set_result(record)
            del self._in_flight[item.id]

    async def _is_due(self, item: Item) -> bool:
        assert item.after is not None
        # the earlier item came first from the same iterator, so it is in flight, settled, or not asked at all
        flying = self._in_flight.get(item.after)
        earlier = await asyncio.shield(flying) if flying is not None else self.asker.log.get(item.after)
        if earlier is None and not self.asker.log.index.has_item(item.after):
            if self._protocols.when == "streaming":
                return False
            raise DataError(f"'{item.id}' comes after '{item.after}', which does not come before it")
        return self._task.should_ask(item, earlier)

    async def _stream(self, item: Item) -> Outcome:
        key = stream_key(item)
        self._enter(key)
        visuals = self._task.visuals(item)
        if visuals.video is None:
            raise DataError(f"'{item.id}' names no video to stream", "use when=single")
        found = self.asker.log.get(key)
        if found is not None and found.error is None:
            return Outcome((found,), resumed=1)
        record = await ask_streaming(
            self.asker,
            self._loader,
            item,
            visuals,
            lambda second: self._task.streaming_prompt(item, self._mode, second),
            self._task.says_yes,
            video=self._protocols.media / visuals.video,
            stride_s=self._protocols.stride_s,
            until_end=self._protocols.until_end,
        )
        await self.asker.log.append(record)
        return Outcome((record,))

    async def _judge(self, item: Item, record: Prediction) -> Verdict | None:
        reply = (record.response or "").strip()
        if self._panel is None or not self._task.is_judged(item) or not reply:
            return None
        prompt = self._task.judge_prompt(item, reply)
        for name in self._panel.names:
            self.asker.log.index.add_extra(self._task.judge_id(item, name))
        return await self._panel.judge(item, prompt, self._task.judge_id)

    def _enter(self, key: str) -> None:
        if not self.asker.log.index.add_item(key):
            raise DataError(f"duplicate id '{key}'", "every item needs its own id")
