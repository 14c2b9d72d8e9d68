"""A coroutine as a whole run: SIGTERM ends it as Ctrl-C does, with its files closed."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_whole(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, where SIGTERM is an exit of the command.

    An exception out of a signal handler may land in any task, which then ends with a traceback; asyncio does
    for Ctrl-C what is done here for SIGTERM: the main task is cancelled, and the exit follows when all are
    closed.

    Raises:
        SystemExit: SIGTERM came.
    """
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        return asyncio.run(main)  # a library's caller decides about signals
    told = False

    async def watched() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end() -> None:
            nonlocal told
            told = True
            if task is not None:
                task.cancel()

        loop.add_signal_handler(signal.SIGTERM, end)
        try:
            return await main
        finally:
            loop.remove_signal_handler(signal.SIGTERM)
            signal.signal(signal.SIGTERM, before)

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        if told:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
