"""Worker processes on this machine: pure tasks in, results out as they come; none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from vidkit.errors import VidkitError

T = TypeVar("T")
R = TypeVar("R")


def results_of(function: Callable[[T], R], tasks: Iterable[T], workers: int) -> Iterator[R]:
    """Results of all tasks in the order in which they are ready; one worker is this process itself.

    Args:
        function: at the top of a module, so that another process finds it.
        tasks: pickled on their way.
        workers: processes.

    Raises:
        VidkitError: a worker died; or whatever the function raises, after which no further task begins.
    """
    if workers == 1:
        yield from map(function, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_deaf_worker) as pool:
        waiting, running = iter(tasks), set[Future[R]]()
        try:
            while True:
                for task in waiting:
                    running.add(pool.submit(function, task))
                    if len(running) >= 2 * workers:
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
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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
