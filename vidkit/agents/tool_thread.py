"""Calls of tools in threads of their own: one that never ends holds up neither the agents nor the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Result = TypeVar("Result")

MOST_STUCK = 8
"""Calls that nobody waits for any more and that still run, before no further one is begun."""


class StuckError(RuntimeError):
    """Too many calls have not ended."""


class ToolThreads(Generic[Result]):
    """Runs calls side by side, each in a daemon thread.

    A pool's thread would be waited for when the program ends, and a few tools that loop would leave no
    thread for the others.
    """

    def __init__(self, most_stuck: int = MOST_STUCK) -> None:
        self._most, self._left = most_stuck, list[threading.Thread]()

    async def run(self, call: Callable[[], Result]) -> Result | BaseException:
        """What `call` gives, or what it raises, `SystemExit` and `StopIteration` too.

        A caller that is cancelled, as by a time limit, leaves the thread to itself.

        Raises:
            StuckError: as many calls were left and still run as there may be.
        """
        self._left = [thread for thread in self._left if thread.is_alive()]
        if len(self._left) >= self._most:
            raise StuckError(f"{len(self._left)} calls of tools have not ended, no further one is begun")
        loop = asyncio.get_running_loop()
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
        thread.start()
        try:
            return await done
        except asyncio.CancelledError:
            self._left.append(thread)
            raise
