"""Threads that each compute a task at a time, one torch thread apiece: one parallel region a call.

torch splits every operator over its threads and waits for all of them at its end. A call made of hundreds of
small operators waits hundreds of times, and beside another busy process each wait can last a time slice:
a call of 2,304 tokens that takes 20 ms then took seconds. Here whole tasks are handed out instead, and the
only wait is for the last one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

_LOCK = threading.Lock()
_POOLS: dict[tuple[int, int], ThreadPoolExecutor] = {}  # by process and threads: a fork has none of them


def run_tasks(tasks: Sequence[Callable[[], None]]) -> None:
    """Run every task, on as many threads as torch has for this one; the first error is raised.

    Tasks run without autograd, in no order that can be relied on: put long ones first.
    """
    threads = min(torch.get_num_threads(), len(tasks))
    if threads <= 1:
        with torch.inference_mode():
            for task in tasks:
                task()
        return
    rest, lock = iter(tasks), threading.Lock()

    def work() -> None:
        with torch.inference_mode():
            while True:
                with lock:
                    task = next(rest, None)
                if task is None:
                    return
                task()

    pool = _pool(torch.get_num_threads())
    running = [pool.submit(work) for _ in range(threads)]
    errors = [error for future in running if (error := future.exception()) is not None]
    if errors:
        raise errors[0]


def _pool(threads: int) -> ThreadPoolExecutor:
    """Started once a process and number of threads."""
    key = (os.getpid(), threads)
    with _LOCK:
        if key not in _POOLS:
            started = threading.Barrier(threads + 1)
            pool = ThreadPoolExecutor(threads, "attention", initializer=_one_thread)
            for _ in range(threads):
                pool.submit(started.wait)
            started.wait()
            # what a worker sets for itself is also what threads yet to come would take
            torch.set_num_threads(threads)
            _POOLS[key] = pool
        return _POOLS[key]


def _one_thread() -> None:
    # asked for first: what a thread sets before torch has looked at it is forgotten
    torch.get_num_threads()
    torch.set_num_threads(1)
