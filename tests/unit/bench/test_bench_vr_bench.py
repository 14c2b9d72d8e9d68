"""VR-Bench's own measurements: which clips, what counts as right, what a stopped run keeps."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from vidkit.bench.vr_bench.authors import check_checkout, measure_authors
from vidkit.bench.vr_bench.cheating import CheatTask, measure_cheats
from vidkit.bench.vr_bench.row_log import RowLog
from vidkit.bench.vr_bench.samples import Sample, clip_length, spread, sweep
from vidkit.bench.vr_bench.speed import SpeedPlan, measure_speed
from vidkit.bench.vr_bench.summary import cheat_summary, is_right, truth_summary
from vidkit.bench.vr_bench.truth import TruthTask, folder_tasks, measure_truth
from vidkit.commands.bench.vr_bench import run
from vidkit.config.bench_vr_schema import AdversarialSettings, BenchVrBenchSettings, Tracker, TruthSettings
from vidkit.errors import ConfigError, DataError, MissingDependency
from vidkit.mazes import Difficulty, MazeType
from vidkit.mazes.dataset import SetOptions, make_set

SAMPLE = Sample("trapfield", "easy", "ice", 3)


def test_a_sweep_has_every_skin_and_no_level_twice() -> None:
    samples = sweep([], [], [], seeds=5, first=0)
    assert len(samples) == 22 * 3 * 5
    assert len({s.key for s in samples}) == len(samples)
    assert len({(s.type, s.difficulty, s.skin) for s in samples[:66]}) == 66
    by_board = {(s.type, s.difficulty, s.seed) for s in samples}
    assert len(by_board) == len(samples)
    with pytest.raises(ConfigError, match="unknown maze type"):
        sweep(["hex"], [], [], 1, 0)


def test_a_share_is_spread_evenly_and_never_empty() -> None:
    samples = sweep([], [], [], seeds=2, first=0)
    assert len(spread(samples, 0.25)) == 33
    assert spread(samples, 0.25) == spread(samples, 0.25)
    assert len({s.type for s in spread(samples, 0.1)}) == 5
    assert len(spread(samples, 1e-9)) == 1


def test_clips_are_as_long_as_asked_but_never_too_short_for_the_way() -> None:
    level = Sample("regular", "easy", "paper", 1).level()
    natural = 12 * len(level.solution) + 1
    assert clip_length(level, 10_000) == natural
    assert clip_length(level, 9) == 2 * len(level.solution) + 1
    assert clip_length(level, natural - 5) == natural - 5


def test_a_true_clip_is_right_in_every_respect() -> None:
    (row,) = measure_truth(TruthTask(SAMPLE, ("robust",), 128, 61))
    assert is_right(row)
    assert row["success"]
    assert row["off_px"] < 1.5
    found = truth_summary([row, {**row, "mf": 0.9, "success": False}])
    every = next(cell for cell in found["rows"] if cell["type"] == "all")
    assert every["right"]["mean"] == every["success"]["mean"] == 0.5
    assert found["wrong"] == 1
    assert [clip["mf"] for clip in found["wrong_clips"]] == [0.9]


def test_levels_of_a_folder_are_measured_with_their_own_clips(tmp_path: Path) -> None:
    options = SetOptions(("regular",), ("easy",), ("1",), levels=1, frames=61)
    make_set(tmp_path, options)
    (task,) = folder_tasks(tmp_path, ["robust"])
    (row,) = measure_truth(task)
    assert is_right(row)
    assert (row["source"], row["difficulty"]) == ("folder", "easy")
    with pytest.raises(DataError, match="holds no level with state, picture and clip"):
        folder_tasks(tmp_path / "skins", ["robust"])


def test_cheats_fail_and_the_honest_clip_does_not() -> None:
    rows = measure_cheats(CheatTask(SAMPLE, 128, 49, "ncc"))
    assert {row["cheat"]: row["ours"] for row in rows if row["ours"]} == {"honest": True}
    found = cheat_summary([*rows, {**rows[1], "ours": True}])
    shares = {row["cheat"]: row["ours"]["mean"] for row in found["rows"] if row["type"] == "all"}
    assert shares["honest"] == 1
    assert shares["all cheats"] == pytest.approx(1 / len(rows), abs=1e-5)
    assert len(found["passed"]) == 1


def test_measured_rows_are_kept_and_only_the_missing_ones_are_made(tmp_path: Path) -> None:
    asked: list[str] = []

    def measure(task: SimpleNamespace) -> list[dict[str, object]]:
        asked.append(task.key)
        return [{"key": task.key, "value": 1}]

    tasks = [SimpleNamespace(key=str(number)) for number in range(4)]
    log = RowLog(tmp_path / "log.jsonl", {"version": 1})
    assert list(log.measure(tasks[:2], measure, 1)) == [0, 1, 2]
    log.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"key": "2", "ro')  # killed in the middle
    log = RowLog(tmp_path / "log.jsonl", {"version": 1})
    assert list(log.measure(tasks, measure, 1)) == [2, 3, 4]
    assert asked == ["0", "1", "2", "3"]
    assert [row["key"] for row in log.rows(tasks)] == asked
    log.close()
    with pytest.raises(DataError):
        RowLog(tmp_path / "log.jsonl", {"version": 2})


def test_speeds_are_measured_for_every_type_asked_for() -> None:
    plan = SpeedPlan([MazeType.TRAPFIELD], [Difficulty.EASY], 1, 3, 64, 2, 1, 0)
    rows = list(measure_speed(plan))
    assert [row["what"] for row in rows] == ["states", "render", "track"]
    assert all(0 < row["worst"] <= row["median"] <= row["best"] for row in rows)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not a checkout of VR-Bench: it has no 'generation"):
        check_checkout(tmp_path)


def test_a_tool_of_the_authors_that_fails_says_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "skins/maze/1").mkdir(parents=True)
    (tmp_path / "generation").mkdir()
    (tmp_path / "generation/batch_generate.py").write_text("import a_module_that_is_not_there")
    rows = measure_authors(tmp_path, "python3", [MazeType.REGULAR], [Difficulty.EASY], 1)
    with pytest.raises(DataError, match="No module named 'a_module_that_is_not_there'"):
        list(rows)
    rows = measure_authors(tmp_path, "/no/python", [MazeType.REGULAR], [Difficulty.EASY], 1)
    with pytest.raises(DataError, match="did not run"):
        list(rows)


def settings(tmp_path: Path, **more: object) -> BenchVrBenchSettings:
    return BenchVrBenchSettings(
        sections=["truth", "adversarial"],  # type: ignore[list-item]
        types=["trapfield"],
        difficulties=["easy"],
        skins=["ice"],
        truth=TruthSettings(size=128, frames=61, trackers=[Tracker.robust]),
        adversarial=AdversarialSettings(size=128, frames=49),
        workers=1,
        output=str(tmp_path),
        **more,  # type: ignore[arg-type]
    )


def test_a_run_writes_a_record_and_goes_on_from_its_log(tmp_path: Path) -> None:
    found = run(settings(tmp_path))
    assert found["complete"]
    assert found["sections"]["truth"]["rows"][-1]["right"]["mean"] == 1
    assert json.loads((tmp_path / "vr_bench.json").read_text())["sections"] == found["sections"]
    logs = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}
    assert len(logs) == 2
    again = run(settings(tmp_path))
    assert again["sections"] == found["sections"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()} == logs


def test_what_cannot_be_measured_is_refused_beforehand(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this benchmark does not use a device"):
        run(settings(tmp_path, device="cuda"))
    with pytest.raises(DataError, match="is not a checkout"):
        run(settings(tmp_path, authors=str(tmp_path)))
    asked = settings(tmp_path)
    asked.truth.trackers = [Tracker.csrt]
    import cv2

    if not hasattr(cv2, "TrackerCSRT_create"):
        with pytest.raises(MissingDependency, match="tracker csrt needs OpenCV with its contributed"):
            run(asked)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"truth": {"share": 0}}, "share must be in"),
        ({"truth": {"trackers": []}}, "trackers=\\[\\] is empty"),
        ({"truth": {"size": 63}}, "size must be an even number"),
        ({"adversarial": {"frames": 10}}, "frames must be >= 25"),
    ],
)
def test_wrong_settings_are_refused(change: dict[str, dict[str, object]], said: str) -> None:
    kinds = {"truth": TruthSettings, "adversarial": AdversarialSettings}
    for name, values in change.items():
        with pytest.raises(ValueError, match=said):
            kinds[name](**values)
