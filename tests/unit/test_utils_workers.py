"""Worker processes end when they are told to, whatever a task does with the signal."""

import multiprocessing
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from vidkit.utils.workers import start_worker


def sleep_after_a_mark(mark: Path) -> None:
    """A task that lasts; its mark says that it has begun, and goes with it."""
    mark.write_text("begun")
    try:
        time.sleep(600)
    finally:
        mark.unlink()


def sleep_deaf(mark: Path) -> None:
    """The same, and its thread hears no signal: as one that falls asleep while the signal comes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    sleep_after_a_mark(mark)


@pytest.mark.parametrize("task", [sleep_after_a_mark, sleep_deaf])
def test_a_worker_that_is_told_to_end_in_the_middle_of_a_task_is_gone(
    task: Callable[[Path], None], tmp_path: Path
) -> None:
    # the pool catches whatever a task raises and would let the worker wait for the next one
    mark = tmp_path / "mark"
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=start_worker)
    pool.submit(task, mark)
    (process,) = pool._processes.values()
    while not mark.exists() or not mark.stat().st_size:
        assert process.is_alive()
        time.sleep(0.01)
    process.terminate()
    process.join(120)
    ended = not process.is_alive()
    process.kill()
    pool.shutdown()
    assert ended
    assert mark.exists() is (task is sleep_deaf)  # what hears the signal tidies up
