"""Work on one thing after the other in a thread, a few of them waiting at the most."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
_PATIENCE_S = 0.05  # between looks at whether the thread still lives


class Conveyor(Generic[T]):
    """Takes things in order; what the thread meets is raised by the next `push`, or by `finish`.

    As a context manager it ends its thread in any case: after `finish` all is done, after an error what waits
    is dropped.

    Args:
        work: called in the thread with each thing.
        waiting: things that may wait; `push` blocks beyond.
        name: of the thread.
    """

    def __init__(self, work: Callable[[T], None], waiting: int = 2, name: str = "conveyor") -> None:
        self.busy_seconds = 0.0  # that the thread spent on work
        self._work = work
        self._queue: queue.Queue[tuple[T] | None] = queue.Queue(waiting)
        self._error: BaseException | None = None
        self._dropping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dropping.set()
        while self._thread.is_alive():
            self._offer(None)
            self._thread.join(_PATIENCE_S)

    def push(self, thing: T) -> None:
        """Hand over the next thing; waits while too many wait."""
        while True:
            self._raise()
            if self._offer((thing,)):
                return

    def finish(self) -> None:
        """Wait until everything is done."""
        while self._thread.is_alive() and not self._offer(None):
            continue
        self._thread.join()
        self._raise()

    def _offer(self, item: tuple[T] | None) -> bool:
        try:
            self._queue.put(item, timeout=_PATIENCE_S)
        except queue.Full:
            return False
        return True

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._dropping.is_set() or self._error is not None:
                continue  # so that nobody waits for room
            start = time.perf_counter()
            try:
                self._work(item[0])
            except BaseException as error:  # raised where the things come from
                self._error = error
            self.busy_seconds += time.perf_counter() - start
