"""The authors' own tools from a checkout, each as a process of its own, on levels that they make."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from vidkit.errors import DataError
from vidkit.mazes.types import GAME_TYPES, Difficulty, MazeType
from vidkit.video.reader import open_video

_GENERATE, _EVALUATE = "generation.batch_generate", "evaluation/videomodel_eval/batch_evaluate.py"
_NEEDED = ("generation/batch_generate.py", _EVALUATE, "config", "skins")
_LONGEST_S = 500
#: the generators' settings of each difficulty, as the files in their `config/` have them
_SETTINGS: dict[MazeType, dict[Difficulty, dict[str, Any]]] = {
    MazeType.REGULAR: {d: {"maze_size": n} for d, n in zip(Difficulty, (7, 11, 15), strict=True)},
    MazeType.TRAPFIELD: {
        d: {"grid_size": n, "trap_density": share}
        for d, n, share in zip(Difficulty, (5, 7, 11), (0.2, 0.3, 0.35), strict=True)
    },
}


def check_checkout(folder: Path) -> None:
    """Refuse a folder that is no checkout of the authors' code.

    Raises:
        DataError: it lacks what is run.
    """
    for part in _NEEDED:
        if not (folder / part).exists():
            raise DataError(
                f"'{folder}' is not a checkout of VR-Bench: it has no '{part}' (authors)",
                "give the folder into which the authors' repository was cloned",
            )


def measure_authors(
    folder: Path, python: str, types: Sequence[MazeType], difficulties: Sequence[Difficulty], levels: int
) -> Iterator[dict[str, Any]]:
    """Rates of the authors' generator and of their evaluation with its default tracker, one process each.

    Start-up of Python is part of it, as in every use; so is whatever else the tools do beside.

    Args:
        folder: the checkout.
        python: which has the packages of its requirements.
        types: of mazes that are measured; those whose generator has no such settings are left out.
        difficulties: of the levels.
        levels: of each difficulty.

    Raises:
        DataError: a tool failed; the message holds the last thing it said.
    """
    for kind in types:
        if kind not in _SETTINGS:
            continue
        with tempfile.TemporaryDirectory(prefix="vidkit-authors-") as work:
            made = Path(work) / "made"
            config = _config(folder, kind, difficulties, levels, made, Path(work))
            seconds = _run(folder, [python, "-m", _GENERATE, str(config)], f"the generator of {kind}")
            clips = sorted(made.rglob("*.mp4"))
            if not clips:
                raise DataError(f"the authors' generator made no clip of {kind}", f"try it: {_GENERATE}")
            frames = sum(len(open_video(clip).timeline) for clip in clips)
            yield _row("render", kind, "frames/s encoded, one process", frames / seconds, len(clips))
            data = next(path.parents[2] for path in clips)
            words = [python, _EVALUATE, str(data), str(data), str(Path(work) / "out"), "--workers", "1"]
            seconds = _run(folder, words, f"the evaluation of {kind}")
            # every clip is tracked as the generated one and as the truth
            yield _row("track", kind, "frames/s, a process, ncc", 2 * frames / seconds, len(clips))


def _row(what: str, kind: MazeType, unit: str, rate: float, clips: int) -> dict[str, Any]:
    return {
        "what": f"{what}, authors' tool",
        "type": str(kind),
        "unit": unit,
        "median": rate,
        "best": rate,
        "worst": rate,
        "per_cpu_s": None,
        "runs": 1,
        "clips": clips,
    }


def _config(
    folder: Path,
    kind: MazeType,
    difficulties: Sequence[Difficulty],
    levels: int,
    made: Path,
    work: Path,
) -> Path:
    game = GAME_TYPES[kind]
    skins = work / "skins"
    skins.mkdir()
    first = sorted(path for path in (folder / "skins" / game).iterdir() if path.is_dir())[0]
    (skins / first.name).symlink_to(first.resolve(), target_is_directory=True)
    config = {
        "game_type": game,
        "skins_root": str(skins),
        "output_root": str(made),
        "difficulties": {str(d): {**_SETTINGS[kind][d], "count": levels} for d in difficulties},
        "generation": {"fps": 24, "max_duplicate_retries": 100, "generate_video": True},
        "parallel": {"max_workers": 1},
    }
    file = work / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def _run(folder: Path, words: list[str], what: str) -> float:
    """Seconds that a tool takes."""
    # nothing is written into the checkout; one thread, as ours
    own = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder.resolve()), "OMP_NUM_THREADS": "1"}
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, env=os.environ | own, timeout=_LONGEST_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"{what} of the authors did not run: {error}", "check authors_python") from error
    seconds = time.perf_counter() - begin
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise DataError(
            f"{what} of the authors failed: {last}",
            "install their requirements, and give authors_python=PATH of that Python",
        )
    return seconds
