"""Worker processes on this machine: pure tasks in, results out as they come; none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Self, TypeVar

from vidkit.errors import VidkitError

T = TypeVar("T")
R = TypeVar("R")


class Pool:
    """Processes that stay for several rounds of tasks; one worker is this process itself.

    Args:
        workers: processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._workers > 1:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=context, initializer=_start_deaf_worker
            )
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=error is not None)

    def results(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Results in the order in which they are ready.

        Args:
            function: at the top of a module, so that another process finds it.
            tasks: pickled on their way.

        Raises:
            VidkitError: a worker died; or whatever the function raises, after which no further task begins.
        """
        if self._pool is None:
            yield from map(function, tasks)
            return
        waiting, running = iter(tasks), set[Future[R]]()
        try:
            while True:
                for task in waiting:
                    running.add(self._pool.submit(function, task))
                    if len(running) >= 2 * self._workers:
                        break
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BrokenProcessPool as error:
            raise VidkitError(
                "a worker process died", "is there enough memory? try fewer workers", exit_code=1
            ) from error


def results_of(function: Callable[[T], R], tasks: Iterable[T], workers: int) -> Iterator[R]:
    """Results of all tasks in the order in which they are ready; see `Pool`."""
    with Pool(workers) as pool:
        yield from pool.results(function, tasks)


def start_worker() -> None:
    """Prepare a process that only works: one thread, gone when its parent is gone."""
    quiet_threads()
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _start_deaf_worker() -> None:
    # Ctrl-C is the parent's: a task that has begun is finished, its files are whole
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_worker()


def _end_with_parent() -> None:
    # a killed run leaves nobody to end its workers: they would wait for tasks for ever
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def quiet_threads() -> None:
    """One thread for each library that computes: the workers are as many as there are cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import cv2

    cv2.setNumThreads(1)
