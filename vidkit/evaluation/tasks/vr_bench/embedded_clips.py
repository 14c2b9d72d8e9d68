"""The embedded model on the mazes that it knows: drawn fresh, never seen in training, judged as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.evaluation.clip_source import ClipOrder, WantedClip
from vidkit.evaluation.own_run import OwnResult
from vidkit.evaluation.running.manifest import write_json
from vidkit.evaluation.tasks.vr_bench.scored_result import SUMMARY
from vidkit.evaluation.tasks.vr_bench.tables import Groups
from vidkit.mazes.types import MazeType, maze_type
from vidkit.utils.seeding import derive_seed

#: the model's own difficulties, by cells per side
_DIFFICULTY = {4: "easy", 5: "easy", 6: "medium", 7: "medium", 8: "hard"}


@dataclass(frozen=True)
class EmbeddedOptions:
    """`benchmark.NAME=VALUE` of the embedded model's mazes."""

    types: Sequence[str] = ("regular",)  # maze types; the model knows only this one
    sizes: Sequence[int] = (4, 5, 6, 7, 8)  # cells per side
    levels: int = 24  # mazes of each size
    name: str = ""  # name of the model in tables; empty: as it was given

    def __post_init__(self) -> None:
        sizes = self.sizes if isinstance(self.sizes, list | tuple) else None
        if not sizes or any(size not in _DIFFICULTY for size in sizes):
            raise ValueError(
                f"sizes={self.sizes} are not a list of sizes\ngive sizes from 4 to 8 cells per side"
            )
        if isinstance(self.levels, bool) or not isinstance(self.levels, int) or self.levels < 1:
            raise ValueError(f"levels must be >= 1, got {self.levels}")
        if isinstance(self.types, str):
            raise ValueError("types is one word, not a list\ngive types=[...]")


class EmbeddedClips:
    """Mazes as `vidkit generate` draws them for the embedded model.

    Args:
        order: what the model can make.
        options: which mazes.

    Raises:
        ConfigError: a type that the model does not know, or another size of the picture.
    """

    def __init__(self, order: ClipOrder, options: EmbeddedOptions) -> None:
        self._order, self._options = order, options
        unknown = [str(kind) for kind in map(maze_type, options.types) if kind is not MazeType.REGULAR]
        if unknown:
            raise ConfigError(
                f"'{order.model}' does not support {', '.join(unknown)}: it knows only regular mazes",
                "benchmark.types=[regular], or the folder of a pipeline that was trained on more",
            )
        limit = order.run.limit
        self._levels = [(size, n) for n in range(options.levels) for size in options.sizes][:limit]
        self._made: dict[tuple[int, int], Any] = {}

    def describe(self) -> Mapping[str, Any]:
        """The mazes."""
        return {"mazes": "embedded", "seed": self._order.run.seed}

    def clips(self) -> Iterator[WantedClip]:
        """Every maze, sample by sample."""
        for sample in range(self._order.samples):
            for size, number in self._levels:
                yield self._clip(size, number, sample)

    def _clip(self, size: int, number: int, sample: int) -> WantedClip:
        level = self._level(size, number)
        seed = derive_seed(self._order.run.seed, f"{size}/{number}", str(sample))
        path = f"regular/{_DIFFICULTY[size]}_{100 * size + number:04d}/{sample}.mp4"

        def image() -> NDArray[np.uint8]:
            from vidkit.mazes.embedded import render_first_frame

            return render_first_frame(level)

        if (self._order.height, self._order.width) != image().shape[:2]:
            raise ConfigError(
                f"the mazes are drawn at {image().shape[1]}x{image().shape[0]} pixels, "
                f"the clips have {self._order.width}x{self._order.height}",
                "leave generate.height and generate.width as they are",
            )
        return WantedClip(path, level.caption(), seed, image)

    def _level(self, size: int, number: int) -> Any:
        from vidkit.mazes.embedded import sample_level

        if (size, number) not in self._made:
            seed = derive_seed(self._order.run.seed, f"maze {size}", str(number))
            self._made[size, number] = sample_level(size, seed)
        return self._made[size, number]

    def verdict(self, clip: WantedClip, frames: NDArray[np.uint8]) -> Mapping[str, Any]:
        """What became of the ball, in the frames as they left the model."""
        from vidkit.mazes.embedded import judge

        name = clip.path.split("/")[1]
        number = int(name.partition("_")[2])
        level = self._level(number // 100, number % 100)
        return {**asdict(judge(level, frames)), "shortest": level.moves}

    def result(self, verdicts: Mapping[str, Mapping[str, Any]]) -> OwnResult:
        """Tables of all clips."""
        rows = [_row(path, verdict) for path, verdict in sorted(verdicts.items())]
        run = self._order.run
        groups = Groups(rows, run.resamples, run.seed, official=False)
        tables = groups.tables()
        result = {
            "benchmark": "vr-bench",
            "kind": "videos",
            "model": self._options.name or self._order.model,
            "mode": run.mode,
            "judge": "the embedded mazes' own: legal moves, on the goal at the end, the ball seen throughout",
            "bootstrap": {"resamples": run.resamples, "seed": run.seed, "unit": "level"},
            **groups.as_dict(),
            "tables": tables,
            "items": rows,
            "warnings": groups.warnings(),
        }
        if run.output is not None:
            write_json(run.output / SUMMARY, result)
        return OwnResult(result)


def _row(path: str, verdict: Mapping[str, Any]) -> dict[str, Any]:
    _, name, file = path.split("/")
    size = int(name.partition("_")[2]) // 100
    success = bool(verdict["success"])
    extra = verdict["moves"] / max(verdict["shortest"], 1) - 1
    failure = None if success else _failure(verdict)
    return {
        "level": f"regular/{name}",
        "sample": file.removesuffix(".mp4"),
        "type": "regular",
        "difficulty": name.partition("_")[0],
        "cells": f"{size}x{size}",
        "moves": verdict["shortest"],
        "failure": failure,
        "reason": verdict["reason"],
        "robust": {
            "success": float(success),
            "em": float(success and extra == 0),
            "sr_end": float(verdict["reached_goal"]),
            "legal": float(verdict["legal"]),
            "pr": None,
            "sd": max(0.0, extra) if success else None,
            "mf": None,
            "tracked_ratio": None,
        },
        "official": None,
    }


def _failure(verdict: Mapping[str, Any]) -> str:
    if not verdict["legal"]:
        return "wall"
    return "lost" if verdict["reached_goal"] else "goal"
