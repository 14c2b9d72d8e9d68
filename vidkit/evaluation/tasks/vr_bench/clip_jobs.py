"""The work of scoring, level by level, in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vidkit.evaluation.tasks.vr_bench.clip_files import ClipFile
from vidkit.evaluation.tasks.vr_bench.clip_score import Metrics, score_file
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile, load_level
from vidkit.evaluation.tasks.vr_bench.truths import OfficialTruths
from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.utils.workers import results_of


@dataclass(frozen=True)
class LevelJob:
    """All clips of one level that are to be scored.

    Attributes:
        level: where it lies.
        sha256: of its files.
        clips: each with the hash of its file.
        metrics: how the authors' are computed.
    """

    level: LevelFile
    sha256: str
    clips: tuple[tuple[ClipFile, str], ...]
    metrics: Metrics


def scored_levels(jobs: Sequence[LevelJob], workers: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of each job, as they are done.

    Raises:
        VidkitError: a level or a tracker that cannot be used.
    """
    yield from results_of(score_job, jobs, min(workers, max(1, len(jobs))))


def score_job(job: LevelJob) -> list[dict[str, Any]]:
    """Rows of the clips of one level.

    Raises:
        DataError: the level cannot be read.
        MissingDependency: the tracker needs a package.
    """
    loaded = load_level(job.level)
    truths = OfficialTruths(job.level, loaded, job.metrics.tracker)
    board = loaded.level.board
    rows = []
    for clip, sha in job.clips:
        rows.append(
            {
                "level": clip.level,
                "sample": clip.sample,
                "type": str(job.level.type),
                "skin": job.level.skin,
                "difficulty": str(job.level.difficulty),
                "cells": size_of(board),
                "moves": len(loaded.level.solution),
                "file": str(clip.path),
                "clip_sha256": sha,
                "level_sha256": job.sha256,
                **score_file(clip.path, loaded, truths, job.metrics),
            }
        )
    return rows


def size_of(board: Board) -> str:
    """Columns and rows of a grid, e.g. `7x7`; empty for other boards."""
    if not isinstance(board, GridBoard):
        return ""
    rows, columns = board.blocked.shape
    return f"{columns}x{rows}"
