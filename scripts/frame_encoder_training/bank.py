"""Scenes drawn by worker processes into a bank on the device, which steps sample without ever waiting."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from scripts.frame_encoder_training import text
from scripts.frame_encoder_training.network import SIDE
from vidkit.synthetic import scenes

CAPTIONS, CHUNK = 4, 128
HELD_OUT = 1 << 40  # seeds from here on are never drawn in training
SEEDS_A_RUN = 1 << 32  # between the first seeds of two values of --seed
Chunk = tuple[Tensor, Tensor, Tensor]


def draw_chunk(seeds: range) -> Chunk:
    """Pictures uint8 [N, 96, 96, 3], true captions [N, 4, 24] and one false caption each [N, 24]."""
    pictures, texts, false = [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        scene = scenes.draw_scene(rng, SIDE, clean=True)
        pictures.append(scenes.compress(scene.picture, rng) if rng.random() < 0.3 else scene.picture)
        chosen = [str(c) for c in rng.choice(scene.captions, CAPTIONS)]
        texts += chosen
        wrong = [scenes.alter_caption(c, scene.captions, rng) for c in chosen]
        false.append(next((w for w in wrong if w), "no picture"))
    return (
        torch.from_numpy(np.stack(pictures)),
        text.encode(texts).view(-1, CAPTIONS, text.TOKENS),
        text.encode(false),
    )


class _Drawing(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    def __init__(self, first_seed: int) -> None:
        self.first_seed = first_seed

    def __iter__(self) -> Iterator[Chunk]:
        import cv2

        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        for start in itertools.count(self.first_seed + number * CHUNK, count * CHUNK):
            yield draw_chunk(range(start, start + CHUNK))


class Bank:
    """A ring of `size` scenes on the device, refilled in the background for as long as it lives.

    Args:
        size: scenes kept, rounded up to whole chunks; 28.8 kB each.
        device: where steps run.
        workers: drawing processes.
        first_seed: scenes are drawn from here on; a seed never comes twice.
    """

    def __init__(self, size: int, device: torch.device, workers: int, first_seed: int) -> None:
        size = -(-size // CHUNK) * CHUNK
        self.pictures = torch.zeros(size, SIDE, SIDE, 3, dtype=torch.uint8, device=device)
        self.texts = torch.zeros(size, CAPTIONS, text.TOKENS, dtype=torch.int16, device=device)
        self.false = torch.zeros(size, text.TOKENS, dtype=torch.int16, device=device)
        self.drawn = 0
        self._ready: queue.Queue[Chunk | BaseException] = queue.Queue(32)
        self._loader = torch.utils.data.DataLoader(
            _Drawing(first_seed),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            multiprocessing_context="fork" if workers else None,
        )
        self._iterator = iter(self._loader)
        self._closed = threading.Event()
        self._receiver = threading.Thread(target=self._receive, args=(device,), daemon=True)
        self._receiver.start()

    def close(self) -> None:
        """End drawing; a thread still at work would crash the interpreter on its way out."""
        self._closed.set()
        self._receiver.join()
        del self._iterator, self._loader

    def _receive(self, device: torch.device) -> None:
        stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        try:
            for chunk in self._iterator:
                if self._closed.is_set():
                    return
                if stream is None:
                    self._put(chunk)
                    continue
                with torch.cuda.stream(stream):  # so that copies overlap with steps
                    moved = tuple(part.to(device) for part in chunk)
                stream.synchronize()
                self._put((moved[0], moved[1], moved[2]))
        except BaseException as error:  # shown where the steps run
            self._put(error)

    def _put(self, item: Chunk | BaseException) -> None:
        while not self._closed.is_set():
            try:
                return self._ready.put(item, timeout=0.2)
            except queue.Full:
                continue

    def refresh(self, wait: bool = False) -> None:
        """Take in what has been drawn since; `wait`: at least one chunk.

        Raises:
            RuntimeError: drawing failed.
        """
        for _ in range(64):
            try:
                item = self._ready.get(timeout=300) if wait else self._ready.get_nowait()
            except queue.Empty:
                return
            if isinstance(item, BaseException):
                raise RuntimeError("drawing scenes failed") from item
            start = self.drawn % len(self.pictures)
            for store, values in zip((self.pictures, self.texts, self.false), item, strict=True):
                store[start : start + CHUNK].copy_(values)
            self.drawn += CHUNK
            if wait:
                return

    def fill(self, count: int) -> None:
        """Wait until `count` scenes are there, or the bank is full."""
        while self.drawn < min(count, len(self.pictures)):
            self.refresh(wait=True)

    def sample(self, count: int) -> Chunk:
        """Pictures [B, 96, 96, 3], a true caption [B, 24] and a false one [B, 24]."""
        rows = torch.randint(min(self.drawn, len(self.pictures)), (count,), device=self.pictures.device)
        which = torch.randint(CAPTIONS, (count,), device=rows.device)
        return self.pictures[rows], self.texts[rows, which].long(), self.false[rows].long()
