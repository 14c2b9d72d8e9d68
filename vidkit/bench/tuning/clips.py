"""Clips of the sweep: every setting with the seeds of the reference, in turns with it; resumable."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.bench.tuning.models import ModelPool
from vidkit.bench.tuning.setting import REFERENCE, Setting, applied
from vidkit.config.schema import GenerateSettings
from vidkit.errors import DataError, VidkitError
from vidkit.generation.out_of_memory import out_of_memory_explained
from vidkit.generation.policies import Policies
from vidkit.generation.record import Silent
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.utils.damaged import DAMAGED_ARRAYS
from vidkit.utils.files import atomic_path
from vidkit.utils.jsonl_log import JsonlLog, Place, other_header
from vidkit.utils.plain import duration
from vidkit.utils.seeding import derive_seed

LOG, REFERENCES = "tune.jsonl", "references"
PSNR_CAP_DB = 100.0
_UNTIMED = {"load", "write"}  # phases that no setting changes


class TuneClips:
    """Makes clips and keeps a row of each.

    Args:
        reference: settings of the reference.
        prompts: by turns; empty: that of the settings.
        model: resolved, its files at hand.
        folder: of log and reference clips.
        header: what the log must agree with.
        pool: of loaded models.
        tell: hears what a clip came to.

    Raises:
        DataError: the folder belongs to another sweep.
    """

    def __init__(
        self,
        reference: GenerateSettings,
        prompts: Sequence[str],
        model: ResolvedRun,
        folder: Path,
        header: Mapping[str, Any],
        pool: ModelPool,
        tell: Callable[[str], None],
    ) -> None:
        self.reference, self.prompts, self.model = reference, list(prompts), model
        self.folder, self.pool, self.tell = folder, pool, tell
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._run = 0
        self._written: set[int] = set()  # reference clips that this process wrote
        path = folder / LOG
        self.log = JsonlLog(
            path,
            self._take,
            header=header,
            again="its clip will be made again",
            refuse=lambda found: other_header(path, header, found, "sweep"),
        )
        self._run += 1

    def _take(self, row: dict[str, Any], _: Place) -> None:
        needed = ("setting", "failed") if "failed" in row else ("setting", "stage", "clip", "run", "seconds")
        for name in needed:
            row[name]
        self._rows.setdefault(row["setting"], []).append(row)
        self._run = max(self._run, row.get("run", 0))

    @property
    def count(self) -> int:
        """Clips so far, those of the reference included."""
        return sum("failed" not in row for rows in self._rows.values() for row in rows)

    def rows(self, setting: Setting) -> list[dict[str, Any]]:
        """Rows of a setting, each with `ratio` to the reference of its own turn."""
        turns = {_turn(row): row["seconds"] for row in self._rows.get(REFERENCE.name, [])}
        return [
            row if "failed" in row else {**row, "ratio": turns[_turn(row)] / row["seconds"]}
            for row in self._rows.get(setting.name, [])
            if "failed" in row or _turn(row) in turns  # else the sweep was killed within the turn
        ]

    def references(self) -> dict[int, dict[str, Any]]:
        """The reference's first row of each clip."""
        found: dict[int, dict[str, Any]] = {}
        for row in self._rows.get(REFERENCE.name, []):
            found.setdefault(row["clip"], row)
        return found

    def measure(self, name: str, settings: Sequence[Setting], clips: Sequence[int]) -> None:
        """Make the clips of a stage that are not there yet, by turns, every other turn backwards."""
        left = [(clip, one) for clip in clips for one in settings if not self._has(one, name, clip)]
        took: list[float] = []
        for clip in clips:
            missing = [one for at, one in left if at == clip]
            if not missing:
                continue
            turn = [REFERENCE, *(missing if clip % 2 == 0 else missing[::-1])]
            if clip % 2 and self._is_kept(clip):
                turn = [*turn[1:], REFERENCE]
            if not self.pool.holds_all([one.precision for one in turn]):
                turn = self.pool.grouped(turn)
            for one in turn:
                if self._has_failed(one):
                    continue
                row = self._make(one, name, clip)
                took.append(row.get("seconds", 0.0))
                left = [pair for pair in left if pair != (clip, one)]
                ahead = len(left) + len({at for at, _ in left})
                self.tell(f"{_told(one, row)}; {duration(sum(took) / len(took) * ahead)} left in this part")

    def _has(self, setting: Setting, stage: str, clip: int) -> bool:
        rows = self.rows(setting)
        return any("failed" in r or (r["stage"], r["clip"]) == (stage, clip) for r in rows)

    def _has_failed(self, setting: Setting) -> bool:
        return any("failed" in row for row in self._rows.get(setting.name, []))

    def _make(self, setting: Setting, stage: str, clip: int) -> dict[str, Any]:
        try:
            with out_of_memory_explained():
                row = {"setting": setting.name, "stage": stage, "clip": clip, "run": self._run}
                row |= self._made(setting, clip)
        except VidkitError as error:
            if setting == REFERENCE:
                raise
            row = {"setting": setting.name, "failed": error.message}
        self.log.append(row)
        self._rows.setdefault(setting.name, []).append(row)
        return row

    def _made(self, setting: Setting, clip: int) -> dict[str, Any]:
        run = self.run_of(setting, clip)
        policies = Policies.of(run)
        policies.check(run)
        loaded = self.pool.get(setting.precision, run)
        for _ in range(2 if self.pool.is_cold(setting) else 1):  # the first of a kind is not timed
            made = policies.generate(loaded.model, run, loaded.speed, Silent())
        record = made.record
        phases = {name: taken for name, taken in record.phase_seconds.items() if name not in _UNTIMED}
        reference = self._reference_frames(setting, clip, made.frames)
        verdict = run.frame.verdict(made.frames)
        return {
            "seconds": sum(phases.values()),
            "loop_seconds": phases["denoise"],
            "psnr": None if setting == REFERENCE else clip_psnr_db(made.frames, reference),
            "solved": None if verdict is None else bool(verdict["success"]),
            "density": (record.attention or {}).get("density"),
            "flops_share": (record.cache or {}).get("flops_share"),
            "kernels": (record.kernels or {}).get("dense"),
        }

    def run_of(self, setting: Setting, clip: int) -> ResolvedRun:
        """A clip of a setting, resolved; all settings share its seed, prompt and first frame."""
        settings = applied(self.reference, setting)
        assert self.reference.seed is not None
        settings.seed = derive_seed(self.reference.seed, "tune", str(clip))
        if self.prompts:
            settings.prompt = self.prompts[clip % len(self.prompts)]
        run = resolve(settings, model=(self.model.spec, self.model.folder))
        return dataclasses.replace(run, folder=self.model.folder)

    def _reference_frames(self, setting: Setting, clip: int, frames: np.ndarray) -> np.ndarray:
        """The reference's clip, kept on disk; made again if a sweep was resumed without it."""
        path = self._path(clip)
        if setting == REFERENCE:
            path.parent.mkdir(exist_ok=True)
            if not self._is_kept(clip):
                with atomic_path(path) as part, part.open("wb") as file:
                    np.save(file, frames)
                self._written.add(clip)
            return frames
        if not self._is_kept(clip):
            self._made(REFERENCE, clip)
        try:
            kept: np.ndarray = np.load(path, mmap_mode="r")
        except DAMAGED_ARRAYS as error:
            raise DataError(f"'{path}' is damaged: {error}", "delete it; it will be made again") from error
        if kept.shape != frames.shape:
            raise DataError(
                f"'{path}' holds {kept.shape}, not {frames.shape}", "delete it; it will be made again"
            )
        return kept

    def _is_kept(self, clip: int) -> bool:
        """Whether the reference's clip on disk is this sweep's; one that no row tells of may be another's."""
        return self._path(clip).exists() and (clip in self._written or clip in self.references())

    def _path(self, clip: int) -> Path:
        return self.folder / REFERENCES / f"{clip}.npy"


def _turn(row: Mapping[str, Any]) -> tuple[str, int, int]:
    return row["stage"], row["clip"], row["run"]


def clip_psnr_db(frames: np.ndarray, reference: np.ndarray) -> float:
    """Decibels from one mean square over the clip, capped at 100; uint8 `[T, H, W, 3]`."""
    total = sum(
        float(np.square(one.astype(np.float32) - other.astype(np.float32)).mean())
        for one, other in zip(frames, reference, strict=True)
    )
    floor = 255**2 / 10 ** (PSNR_CAP_DB / 10)
    return 10 * math.log10(255**2 / max(total / len(frames), floor))


def _told(setting: Setting, row: Mapping[str, Any]) -> str:
    if "failed" in row:
        return f"{setting.name}: cannot run: {row['failed']}"
    psnr = "" if row["psnr"] is None else f"{row['psnr']:.1f} dB, "
    return f"clip {row['clip'] + 1}, {setting.name}: {psnr}{row['seconds']:.1f} s"
