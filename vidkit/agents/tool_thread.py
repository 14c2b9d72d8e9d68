"""Calls of tools in threads of their own: one that never ends holds up neither the agents nor the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Result = TypeVar("Result")

MOST_STUCK = 8
"""Calls that still run beyond their time limit, before no further one is begun."""


class StuckError(RuntimeError):
    """Too many calls have not ended."""


class ToolThreads(Generic[Result]):
    """Runs calls side by side, each in a daemon thread.

    A pool's thread would be waited for when the program ends, and a few tools that loop would leave no
    thread for the others.
    """

    def __init__(self) -> None:
        # threads that nobody waits for, and until when each may run
        self._left: list[tuple[threading.Thread, float]] = []

    async def run(self, call: Callable[[], Result], limit_s: float) -> Result | BaseException:
        """What `call` gives, or what it raises, `SystemExit` and `StopIteration` too.

        A caller that is cancelled leaves the thread to itself; it is stuck only when its time is over too, so
        that guesses which nobody needs do not stop the calls of others.

        Args:
            call: what to run.
            limit_s: seconds to wait for it.

        Raises:
            TimeoutError: it took longer.
            StuckError: as many calls run beyond their limits as there may be.
        """
        loop = asyncio.get_running_loop()
        self._left = [(thread, due) for thread, due in self._left if thread.is_alive()]
        stuck = sum(due <= loop.time() for _, due in self._left)
        if stuck >= MOST_STUCK:
            raise StuckError(f"{stuck} calls of tools have not ended, no further one is begun")
        done: asyncio.Future[Result | BaseException] = loop.create_future()

        def tell(found: Result | BaseException) -> None:
            if not done.done():
                done.set_result(found)

        def work() -> None:
            found: Result | BaseException
            try:
                found = call()
            except BaseException as error:  # sys.exit() of a tool ends the call, not the run
                found = error
            with suppress(RuntimeError):  # the loop may be closed by then
                loop.call_soon_threadsafe(tell, found)

        thread = threading.Thread(target=work, name="vidkit-tool", daemon=True)
        due = loop.time() + limit_s
        thread.start()
        try:
            async with asyncio.timeout_at(due):
                return await done
        except (TimeoutError, asyncio.CancelledError):
            self._left.append((thread, due))
            raise
