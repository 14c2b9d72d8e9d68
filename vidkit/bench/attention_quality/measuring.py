"""The quality table: clips of every row beside the dense clip of the same maze and noise."""

from __future__ import annotations

import logging
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
from vidkit.errors import DataError
from vidkit.generation.load import LoadedModel
from vidkit.utils.damaged import DAMAGED_ARRAYS
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


LOG = "clips.jsonl"  # in the work folder


class ResultLog:
    """The log of measured clips; a file of other settings is refused.

    Raises:
        DataError: the file belongs to another measurement.
        OutputError: another process holds it, or the place cannot be written.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path, self.rows = path, dict[tuple[int, str, str], ClipResult]()
        self._log = JsonlLog(
            path,
            self._take,
            header=header,
            again="its clip will be made again",
            refuse=lambda found: other_header(path, header, found, "measurement"),
        )

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
        tell: hears what begins.
    """

    def __init__(
        self,
        model: LoadedModel,
        settings: BenchAttentionQualitySettings,
        work: Path,
        fingerprint: str | None,
        tell: Callable[[str], None],
    ) -> None:
        self.settings, self.work = settings, work
        self.maker = ClipMaker(model)
        seed = settings.seed
        self.clips = draw_clips(settings.sizes, settings.mazes, seed, "measure")
        tune = draw_clips(settings.sizes, settings.tune_mazes, seed, "tune")[: settings.tune_mazes]
        pool = draw_clips(settings.sizes, settings.calibrate_mazes, seed, "calibrate")
        self.setups = SetupMaker(
            self.maker, settings, work, fingerprint, tune, pool[: settings.calibrate_mazes], tell
        )
        self.log = ResultLog(work / LOG, header_of(settings, model, fingerprint))
        self.made: list[Setup] = []

    def methods(self) -> list[str]:
        """Names of the rows."""
        return [DENSE, FLOOR, *(f"{f.value}/{m.name}" for f in self.settings.families for m in METHODS)]

    def results(self) -> list[ClipResult]:
        """What is measured so far, of the clips, rows and steps asked for."""
        clips, methods = {clip.key for clip in self.clips}, set(self.methods())
        return [
            row
            for row in self.log.rows.values()
            if row.clip in clips and row.method in methods and row.steps in self.settings.steps
        ]

    def steps(self, part: str) -> Iterator[str]:
        """Measure what is missing of a part; says what each batch was.

        Args:
            part: `dense, N steps`, `settings of FAMILY, N steps` or `FAMILY, N steps`.
        """
        kind, _, rest = part.partition(", ")
        steps = int(rest.partition(" ")[0])
        if kind == DENSE:
            yield from self._measure(steps, DENSE, None)
            with other_kernel():
                yield from self._measure(steps, FLOOR, None)
        elif kind.startswith("settings of "):
            self.made.append(self.setups.make(kind.removeprefix("settings of "), steps))
        else:
            setup = next(one for one in self.made if (one.family, one.steps) == (kind, steps))
            for spec in METHODS:
                policy = self.setups.policy(setup, spec, setup.values[spec.name])
                yield from self._measure(steps, f"{kind}/{spec.name}", policy)

    def _measure(self, steps: int, method: str, policy: Any) -> Iterator[str]:
        todo = [
            clip
            for clip in self.clips
            if (steps, method, clip.key) not in self.log.rows
            or (method == DENSE and not self._dense_path(steps, clip).is_file())
        ]
        for start in range(0, len(todo), self.settings.batch):
            batch = todo[start : start + self.settings.batch]
            for row in self._batch(batch, steps, method, policy):
                self.log.append(row)
            yield f"{method}, {steps} steps: {start + len(batch)} of {len(todo)} clips"

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
                steps,
                method,
                clip.key,
                clip.size,
                **verdicts[n],
                psnr=near[0][n],
                ssim=near[1][n],
                density=None if stats is None else stats["sparse_density"],
                heads=heads,
                predicted=predicted,
            )
            for n, clip in enumerate(clips)
        ]

    def _dense_path(self, steps: int, clip: Clip) -> Path:
        folder = self.work / f"dense-{steps}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{clip.key}.npz"

    def _dense(self, steps: int, clip: Clip) -> Tensor:
        path = self._dense_path(steps, clip)
        try:
            with np.load(path, allow_pickle=False) as stored:
                return torch.from_numpy(stored["video"])
        except DAMAGED_ARRAYS as error:
            raise DataError(f"'{path}' is damaged: {error}", "delete it; it will be made again") from error


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
