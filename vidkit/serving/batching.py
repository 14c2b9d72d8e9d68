"""Gathers concurrent calls into batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from vidkit.serving.engine import EngineError, ErrorKind
from vidkit.serving.messages import Request
from vidkit.serving.reply import Reply

Run = Callable[[Sequence[Request]], Awaitable[Sequence[Reply | EngineError]]]


@dataclass(slots=True)
class _Waiting:
    request: Request
    answer: asyncio.Future[Reply]


class Batcher:
    """Runs calls in batches, one batch at a time, first come first served.

    Args:
        run: answers a batch, one result per request in order.
        is_compatible: may a request join a batch that begins with another.
        batch_size: most requests in a batch.
        wait_s: how long the first of a batch waits for company.
    """

    def __init__(
        self, run: Run, is_compatible: Callable[[Request, Request], bool], batch_size: int, wait_s: float
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be >= 1, got {batch_size}")
        self._run = run
        self._is_compatible = is_compatible
        self._batch_size = batch_size
        self._wait_s = wait_s
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def submit(self, request: Request) -> Reply:
        """The reply, when its batch is done.

        Raises:
            EngineError: as `run` gave it.
        """
        loop = asyncio.get_running_loop()
        if self._task is None or self._loop is not loop or self._task.done():
            self._loop, self._waiting, self._arrived = loop, [], asyncio.Event()
            self._task = loop.create_task(self._serve())
        waiting = _Waiting(request, loop.create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.answer

    async def aclose(self) -> None:
        task, self._task = self._task, None
        if task is not None and self._loop is asyncio.get_running_loop():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            batch = await self._gather()
            if not batch:
                continue
            try:
                results = await self._run([one.request for one in batch])
            except BaseException as error:
                for one in batch:
                    if not one.answer.done():
                        one.answer.set_exception(error if isinstance(error, Exception) else _cancelled())
                raise
            for one, result in zip(batch, results, strict=True):
                if one.answer.done():  # its caller went away meanwhile
                    continue
                if isinstance(result, EngineError):
                    one.answer.set_exception(result)
                else:
                    one.answer.set_result(result)

    async def _gather(self) -> list[_Waiting]:
        if self._batch_size > 1 and len(self._waiting) < self._batch_size:
            await asyncio.sleep(self._wait_s)
        alive = [one for one in self._waiting if not one.answer.done()]
        batch: list[_Waiting] = []
        rest: list[_Waiting] = []
        for one in alive:
            fits = len(batch) < self._batch_size and (
                not batch or self._is_compatible(batch[0].request, one.request)
            )
            (batch if fits else rest).append(one)
        self._waiting = rest
        if not rest:
            self._arrived.clear()
        return batch


def _cancelled() -> EngineError:
    return EngineError(ErrorKind.MODEL, "the engine was closed while the call was waiting")
