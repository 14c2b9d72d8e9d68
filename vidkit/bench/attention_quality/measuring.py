"""The quality table: clips of every row beside the dense clip of the same maze and noise."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidkit.attention import enable
from vidkit.attention.stats import summarize
from vidkit.bench.attention_quality import METHODS, psnr, ssim
from vidkit.bench.attention_quality.clips import Clip, ClipMaker, draw_clips, solved
from vidkit.bench.attention_quality.setup import Setup, SetupMaker
from vidkit.config.bench_quality_schema import BenchAttentionQualitySettings
from vidkit.generation.load import LoadedModel
from vidkit.utils.files import atomic_path
from vidkit.utils.jsonl_log import JsonlLog, Place, other_header

log = logging.getLogger(__name__)

DENSE, FLOOR = "dense", "dense (other kernel)"


@dataclass(frozen=True)
class ClipResult:
    """One clip of one row.

    Attributes:
        method: `dense`, `dense (other kernel)` or `<family>/<row>`.
        psnr: dB against the dense clip; None for the dense clip itself.
        density: of the sparse layers, mean over the batch it ran in; None where all is dense.
        heads: heads that ran sparse, summed over steps and layers.
        predicted: heads that got a new mask, mean over its batch.
    """

    steps: int
    method: str
    clip: str
    size: int
    success: bool
    legal: bool
    reached_goal: bool
    psnr: float | None
    ssim: float | None
    density: float | None
    heads: float
    predicted: float


@dataclass(frozen=True)
class QualityProgress:
    """Where the measurement is: clips of this run and those already on disk, and seconds left."""

    done: int
    total: int
    eta_s: float | None
    note: str


class ResultLog:
    """The log of measured clips; a file of other settings is refused.

    Raises:
        DataError: the file belongs to another measurement.
        OutputError: another process holds it, or the place cannot be written.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path, self.rows = path, dict[tuple[int, str, str], ClipResult]()
        self._log = JsonlLog(
            path, self._take, header=header, again="its clip is made again",
            refuse=lambda found: other_header(path, header, found, "measurement"),
        )  # fmt: skip

    def _take(self, row: dict[str, Any], _: Place) -> None:
        result = ClipResult(**row)
        self.rows[result.steps, result.method, result.clip] = result

    def append(self, row: ClipResult) -> None:
        """Store a result; on disk when this returns."""
        self._log.append(asdict(row))
        self.rows[row.steps, row.method, row.clip] = row

    def close(self) -> None:
        """Let others write."""
        self._log.release()


class QualityRun:
    """All clips of all rows.

    Args:
        model: the embedded model, loaded, dense.
        settings: of the benchmark.
        work: folder of results, dense clips and setups.
        fingerprint: of the weights.
        listener: hears of every batch and of what begins.
    """

    def __init__(
        self, model: LoadedModel, settings: BenchAttentionQualitySettings, work: Path,
        fingerprint: str | None, listener: Callable[[QualityProgress], None],
    ) -> None:  # fmt: skip
        self.settings, self.work, self.listener = settings, work, listener
        self.maker = ClipMaker(model)
        seed = settings.seed
        self.clips = draw_clips(settings.sizes, settings.mazes, seed, "measure")
        tune = draw_clips(settings.sizes, settings.tune_mazes, seed, "tune")[: settings.tune_mazes]
        pool = draw_clips(settings.sizes, settings.calibrate_mazes, seed, "calibrate")
        self.setups = SetupMaker(
            self.maker, settings, work, fingerprint, tune, pool[: settings.calibrate_mazes], self._tell
        )
        self.log = ResultLog(work / "clips.jsonl", header_of(settings, model, fingerprint))
        self.made: list[Setup] = []
        self._forwards_done, self._seconds = 0, 0.0

    def methods(self) -> list[str]:
        """Names of the rows."""
        return [DENSE, FLOOR, *(f"{f.value}/{m.name}" for f in self.settings.families for m in METHODS)]

    def results(self) -> list[ClipResult]:
        """What is measured so far, of the clips, rows and steps asked for."""
        clips, methods = {clip.key for clip in self.clips}, set(self.methods())
        return [
            row for row in self.log.rows.values()
            if row.clip in clips and row.method in methods and row.steps in self.settings.steps
        ]  # fmt: skip

    def run(self) -> None:
        """Measure what is missing."""
        for steps in self.settings.steps:
            self._measure(steps, DENSE, None)
            with other_kernel():
                self._measure(steps, FLOOR, None)
            for family in self.settings.families:
                setup = self.setups.make(family.value, steps)
                self.made.append(setup)
                for spec in METHODS:
                    policy = self.setups.policy(setup, spec, setup.values[spec.name])
                    self._measure(steps, f"{family.value}/{spec.name}", policy)

    def _measure(self, steps: int, method: str, policy: Any) -> None:
        todo = [clip for clip in self.clips if (steps, method, clip.key) not in self.log.rows
                or (method == DENSE and not self._dense_path(steps, clip).is_file())]  # fmt: skip
        for start in range(0, len(todo), self.settings.batch):
            batch = todo[start : start + self.settings.batch]
            began = time.monotonic()
            for row in self._batch(batch, steps, method, policy):
                self.log.append(row)
            self._seconds += time.monotonic() - began
            self._forwards_done += steps * len(batch)
            self.listener(self._progress(steps, method))

    def _batch(self, clips: Sequence[Clip], steps: int, method: str, policy: Any) -> list[ClipResult]:
        if policy is None:
            latents, stats = self.maker.latents(clips, steps), None
        else:
            with enable(self.maker.pipe, policy) as handle:
                latents = self.maker.latents(clips, steps)
                stats = summarize(handle.rows())
        frames = self.maker.decode(latents)
        near: tuple[list[float | None], list[float | None]] = ([None] * len(clips), [None] * len(clips))
        if method == DENSE:
            for clip, video in zip(clips, frames.cpu().numpy(), strict=True):
                with atomic_path(self._dense_path(steps, clip)) as path:
                    np.savez_compressed(path, video=video)
        else:
            dense = torch.stack([self._dense(steps, clip) for clip in clips]).to(frames.device)
            near = (psnr(frames, dense).tolist(), ssim(frames, dense).tolist())
        verdicts = solved(clips, frames)
        heads = predicted = 0.0
        if stats is not None and stats["predicted_heads"] is not None:
            kept = stats["reuse_ratio"] or 0.0
            predicted = stats["predicted_heads"] / len(clips)
            heads = predicted / (1 - kept) if kept < 1 else 0.0
        return [
            ClipResult(
                steps, method, clip.key, clip.size, **verdicts[n], psnr=near[0][n],
                ssim=near[1][n], density=None if stats is None else stats["sparse_density"], heads=heads,
                predicted=predicted,
            )
            for n, clip in enumerate(clips)
        ]  # fmt: skip

    def _dense_path(self, steps: int, clip: Clip) -> Path:
        folder = self.work / f"dense-{steps}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{clip.key}.npz"

    def _dense(self, steps: int, clip: Clip) -> Tensor:
        with np.load(self._dense_path(steps, clip)) as stored:
            return torch.from_numpy(stored["video"])

    def _progress(self, steps: int, method: str) -> QualityProgress:
        names = self.methods()
        missing = sum(
            s for s in self.settings.steps for name in names for clip in self.clips
            if (s, name, clip.key) not in self.log.rows
        )  # fmt: skip
        total = len(self.settings.steps) * len(names) * len(self.clips)
        done = sum(
            (s, n, c.key) in self.log.rows for s in self.settings.steps for n in names for c in self.clips
        )
        pace = self._seconds / self._forwards_done if self._forwards_done else None
        return QualityProgress(
            done, total, None if pace is None else pace * missing, f"{method}, {steps} steps"
        )

    def _tell(self, text: str) -> None:
        at = self._progress(0, "")
        self.listener(QualityProgress(at.done, at.total, at.eta_s, text))


@contextmanager
def other_kernel() -> Iterator[None]:
    """Dense attention by torch's plain kernel: what another order of summation alone does to a clip."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(SDPBackend.MATH):
        yield


def header_of(
    settings: BenchAttentionQualitySettings, model: LoadedModel, fingerprint: str | None
) -> dict[str, Any]:
    """What results on disk must agree with; numbers of mazes, steps and families may grow."""
    names = ("tau", "candidates", "reuse_share", "block", "stride", "svg2_block", "query_clusters",
             "key_clusters", "always_keep", "seed", "tune_mazes", "calibrate_mazes", "sizes",
             "executor")  # fmt: skip
    values = {name: getattr(settings, name) for name in names}
    dtype = str(model.options.dtype).removeprefix("torch.")
    return {
        "format": 1,
        "weights": fingerprint,
        "dtype": dtype,
        "device": model.options.device.type,
        **values,
    }
