"""The embedded model on the mazes that it knows: drawn fresh, never seen in training, judged as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.evaluation.clip_source import ClipOrder, WantedClip
from vidkit.evaluation.own_run import OwnResult
from vidkit.evaluation.running.manifest import write_json
from vidkit.evaluation.tasks.vr_bench.embedded_levels import SIZES, Bucket, EmbeddedLevel, buckets
from vidkit.evaluation.tasks.vr_bench.scored_result import SUMMARY
from vidkit.evaluation.tasks.vr_bench.tables import Groups
from vidkit.mazes.types import MazeType, difficulty_of, maze_type
from vidkit.utils.seeding import derive_seed

_KEPT = 256  # levels in memory


@dataclass(frozen=True)
class EmbeddedOptions:
    """`benchmark.NAME=VALUE` of the embedded model's mazes."""

    types: Sequence[str] = ()  # maze types; empty: all five
    sizes: Sequence[int] = (4, 5, 6, 7, 8)  # of regular mazes, cells per side, 4 to 8
    difficulties: Sequence[str] = ()  # easy, medium, hard; empty: all that the model can show
    levels: int = 24  # mazes of each size, and of each difficulty of the other types
    name: str = ""  # name of the model in tables; empty: as it was given

    def __post_init__(self) -> None:
        sizes = self.sizes if isinstance(self.sizes, list | tuple) else None
        if not sizes or any(size not in SIZES for size in sizes):
            raise ValueError(
                f"sizes={self.sizes} are not a list of sizes\ngive sizes from 4 to 8 cells per side"
            )
        if isinstance(self.levels, bool) or not isinstance(self.levels, int) or self.levels < 1:
            raise ValueError(f"levels must be >= 1, got {self.levels}")
        for name in ("types", "difficulties"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is one word, not a list\ngive {name}=[...]")


class EmbeddedClips:
    """Mazes as the embedded model was trained on, none of which it has seen.

    Args:
        order: what the model can make.
        options: which mazes.

    Raises:
        ConfigError: a type or difficulty that does not exist or that 96 pixels cannot show, or another size
            of the picture.
    """

    def __init__(self, order: ClipOrder, options: EmbeddedOptions) -> None:
        self._order, self._options = order, options
        found = _shown(order.model, options)
        limit = order.run.limit
        self._levels = [(bucket, n) for n in range(options.levels) for bucket in found][:limit]
        self._level = lru_cache(maxsize=_KEPT)(self._drawn)

    def describe(self) -> Mapping[str, Any]:
        """The mazes."""
        return {"mazes": "embedded, all types", "seed": self._order.run.seed}

    def clips(self) -> Iterator[WantedClip]:
        """Every maze, sample by sample."""
        for sample in range(self._order.samples):
            for bucket, number in self._levels:
                yield self._clip(bucket, number, sample)

    def _clip(self, bucket: Bucket, number: int, sample: int) -> WantedClip:
        level = self._level(bucket, number)
        kind = f"{bucket.size}" if bucket.size else f"{bucket.type} {bucket.difficulty}"
        seed = derive_seed(self._order.run.seed, f"{kind}/{number}", str(sample))
        shape = level.picture().shape[:2]
        if (self._order.height, self._order.width) != shape:
            raise ConfigError(
                f"the mazes are drawn at {shape[1]}x{shape[0]} pixels, "
                f"the clips have {self._order.width}x{self._order.height}",
                "leave generate.height and generate.width as they are",
            )
        path = f"{bucket.type}/{bucket.name(number)}/{sample}.mp4"
        return WantedClip(path, level.caption(), seed, level.picture)

    def _drawn(self, bucket: Bucket, number: int) -> EmbeddedLevel:
        return bucket.level(number, self._order.run.seed)

    def verdict(self, clip: WantedClip, frames: NDArray[np.uint8]) -> Mapping[str, Any]:
        """What became of the player, in the frames as they left the model."""
        kind, name, _ = clip.path.split("/")
        return self._level(*Bucket.parse(kind, name)).verdict(frames)

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
            "judge": "regular mazes: legal moves, on the goal at the end, the ball seen throughout; "
            "other types: the robust tracker and our rules",
            "bootstrap": {"resamples": run.resamples, "seed": run.seed, "unit": "level"},
            **groups.as_dict(),
            "tables": tables,
            "items": rows,
            "warnings": groups.warnings(),
        }
        if run.output is not None:
            write_json(run.output / SUMMARY, result)
        return OwnResult(result)


def _shown(model: str, options: EmbeddedOptions) -> list[Bucket]:
    """What is asked for and can be shown; a type of which nothing is left is an error."""
    kinds = list(dict.fromkeys(map(maze_type, options.types or MazeType)))
    hard = [str(difficulty_of(str(name))) for name in options.difficulties]
    found = []
    for kind in kinds:
        own = buckets([kind], options.sizes, hard)
        if not own:
            able = dict.fromkeys(each.difficulty for each in buckets([kind], options.sizes, ()))
            raise ConfigError(
                f"'{model}' shows {kind} mazes only as {', '.join(able)}, not as {', '.join(hard)}",
                f"add one of them to benchmark.difficulties, or leave {kind} out of benchmark.types",
            )
        found += own
    return found


def _row(path: str, verdict: Mapping[str, Any]) -> dict[str, Any]:
    kind, name, file = path.split("/")
    return {
        "level": f"{kind}/{name}",
        "sample": file.removesuffix(".mp4"),
        "type": kind,
        "difficulty": name.partition("_")[0],
        "cells": verdict["cells"],
        "moves": verdict["shortest"],
        "failure": verdict["failure"],
        "reason": verdict["reason"],
        "robust": dict(verdict["robust"]),
        "official": None,
    }
