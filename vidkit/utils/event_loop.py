"""A coroutine as a whole run: Ctrl-C and SIGTERM cancel it, so that its files are closed."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

from vidkit.utils import ending

T = TypeVar("T")


def run_whole(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, where SIGTERM is an exit of the command.

    An exception out of a signal handler may land in any task, which then ends with a traceback: the main task
    is cancelled instead, and the exit follows when all are closed.

    Raises:
        KeyboardInterrupt: Ctrl-C.
        SystemExit: SIGTERM came.
    """
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(main)
    before = {number: signal.getsignal(number) for number in ending.SIGNALS}
    before = {number: handler for number, handler in before.items() if callable(handler)}
    if signal.SIGTERM not in before:
        return asyncio.run(main)  # a library's caller decides about signals
    told: list[int] = []
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    def end(number: int, frame: FrameType | None) -> None:
        ending.leaving()
        told.append(number)
        if len(told) > 1 or not running:
            ending.raise_for(number)
        loop, task = running[0]
        loop.call_soon_threadsafe(task.cancel)

    async def watched() -> T:
        task = asyncio.current_task()
        assert task is not None
        running.append((asyncio.get_running_loop(), task))
        try:
            return await main
        finally:
            running.clear()

    try:
        for number in before:
            signal.signal(number, end)
        result = asyncio.run(watched())
    except asyncio.CancelledError:
        if not told:
            raise
        ending.raise_for(told[0])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:  # so late that there was nothing to cancel
        ending.raise_for(told[0])
    return result
