"""Scenes of board levels from several processes, so that drawing levels never holds the GPU up."""

from __future__ import annotations

import multiprocessing
import os
import random
from queue import Full
from typing import Any

from scripts.maze_training.scenes import EQUAL, Kinds, Scenes, stacked, training_scene

BATCH, FIRST = 32, 4  # scenes a message; the first are small, so that training begins at once
_WAITING = 3  # messages a process may be ahead


def _work(queue: Any, seed: int, kinds: Kinds, looks: float) -> None:
    """Make scenes until the training process is gone, however it ended."""
    import cv2

    cv2.setNumThreads(0)
    source, parent = random.Random(seed), os.getppid()
    count = FIRST
    while True:
        made = [training_scene(source, kinds, looks) for _ in range(count)]
        count = min(BATCH, 2 * count)
        while True:
            if os.getppid() != parent:
                os._exit(0)  # without waiting for a reader of the queue
            try:
                queue.put(made, timeout=2.0)
                break
            except Full:
                continue


class SceneSource:
    """Training scenes with their prompts, on demand.

    Args:
        seed: of the levels; with several processes the order in which they come is not fixed.
        workers: processes; 0: in this one.
        kinds: how often each type is drawn.
        looks: share with colours of their own.
    """

    def __init__(self, seed: int, workers: int, kinds: Kinds = EQUAL, looks: float = 0.15) -> None:
        self._kinds, self._looks = kinds, looks
        self._source = random.Random(seed)
        self._left: list[Any] = []
        self._processes: list[Any] = []
        if workers:
            context = multiprocessing.get_context("spawn")
            self._queue = context.Queue(workers * _WAITING)
            held, os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES"), ""
            for index in range(workers):
                how = (self._queue, seed * 1000 + index, kinds, looks)
                process = context.Process(target=_work, args=how, daemon=True)
                process.start()
                self._processes.append(process)
            if held is None:
                del os.environ["CUDA_VISIBLE_DEVICES"]
            else:
                os.environ["CUDA_VISIBLE_DEVICES"] = held

    def take(self, count: int) -> tuple[Scenes, list[str]]:
        """`count` new scenes, on the CPU, and their prompts."""
        while len(self._left) < count:
            if self._processes:
                self._left += self._queue.get()
            else:
                self._left.append(training_scene(self._source, self._kinds, self._looks))
        taken, self._left = self._left[:count], self._left[count:]
        return stacked([scene for scene, _ in taken]), [words for _, words in taken]


def worker_count(processes: int) -> int:
    """Workers of each training process that leave two cores to it."""
    return max(0, min(12, (os.cpu_count() or 2) // processes - 2))
