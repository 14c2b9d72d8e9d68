"""Worker processes on this machine: pure tasks in, results out as they come; none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import NoReturn, Self, TypeVar

from vidkit.errors import VidkitError
from vidkit.utils.redaction import guard_streams

T = TypeVar("T")
R = TypeVar("R")
_LEAVING_S = 1.0  # for a task that is told to end, to remove its temporary files


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
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context, initializer=start_worker)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._pool is not None:
            if error is not None:
                end_workers(self._pool)
            self._pool.shutdown(wait=True)

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
    """Prepare a process that only works: one thread, gone when its parent says so or is gone."""
    # Ctrl-C is the parent's, which ends its workers by SIGTERM; as an exception, so that temporary files go
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    guard_streams()
    quiet_threads()
    told, here = socket.socketpair()
    here.setblocking(False)
    signal.set_wakeup_fd(here.detach())  # written to at once, wherever the main thread is
    threading.Thread(target=_end_with_parent, args=(told,), name="end with parent", daemon=True).start()


def _leave(signum: int, frame: object) -> NoReturn:
    raise SystemExit(128 + signum)


def end_workers(pool: ProcessPoolExecutor, grace_s: float = 1.0) -> None:
    """End the processes of a pool now: asked first, killed where they do not listen.

    A decoder or a long computation hears no signal until it returns, and nobody who pressed Ctrl-C waits so
    long.

    Args:
        pool: it takes no further tasks.
        grace_s: for leaving by themselves.
    """
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    until = time.monotonic() + grace_s
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()


def _end_with_parent(told: socket.socket) -> None:
    # a killed run leaves nobody to end its workers: they would wait for tasks for ever
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    while parent.sentinel not in wait_for([parent.sentinel, told]):
        if signal.SIGTERM in told.recv(64):
            # `_leave` is not enough. The pool takes what a task raises for its result and waits for the next
            # task, for ever where a broken pool has told its processes to end and waits for them; a signal
            # that comes just before the main thread falls asleep does not wake it
            signal.setitimer(signal.ITIMER_REAL, _LEAVING_S)
    os._exit(1)


def quiet_threads() -> None:
    """One thread for each library that computes: the workers are as many as there are cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import cv2

    cv2.setNumThreads(1)
