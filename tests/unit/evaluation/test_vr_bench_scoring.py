"""A folder of clips is scored: every fault has its name, and an earlier start is continued."""

from pathlib import Path

import numpy as np
import pytest
from vr_bench_set import length, solved, static, write_clip, write_set

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.own_run import OwnResult, OwnRun
from vidkit.evaluation.tasks.vr_bench.gallery import pick
from vidkit.evaluation.tasks.vr_bench.scoring_run import LOG, score_videos
from vidkit.mazes import make
from vidkit.video.writing import write_mp4


def scored(tmp_path: Path, **more: object) -> OwnResult:
    run = OwnRun(tmp_path / "clips", tmp_path / "set", tmp_path / "run", resamples=100, **more)  # type: ignore[arg-type]
    return score_videos(run)


def failures(made: OwnResult) -> dict[str, int]:
    (table,) = [table for table in made.result["tables"] if table["name"] == "failures"]
    return {row[0]: row[-1] for row in table["rows"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten levels of which each clip has another fate."""
    root = tmp_path_factory.mktemp("vr")
    levels = write_set(root / "set", ("regular",), 10)
    clips = root / "clips"
    side = 128
    write_clip(clips, levels[0], 1, solved(levels[0]))
    write_clip(clips, levels[1], 2, static(levels[1]))
    write_clip(clips, levels[2], 3, np.zeros((20, side, side, 3), np.uint8))
    write_clip(clips, levels[3], 4, np.full((20, side, side, 3), 130, np.uint8))
    write_clip(clips, levels[4], 5, levels[4].render(side)[:1])
    write_clip(clips, levels[5], 6, static(levels[5], side)).write_bytes(b"not a video")
    noise = np.random.default_rng(0).integers(0, 255, (12, 60, 160, 3)).astype(np.uint8)
    write_clip(clips, levels[6], 7, noise)
    write_clip(clips, levels[7], 8, np.zeros((20, 16, 16, 3), np.uint8))
    write_clip(clips, levels[8], 9, static(levels[8], side)).write_bytes(b"")
    # a clip in other proportions that shows the level all the same
    stretched = levels[9].render((192, 256), length(levels[9]))
    write_clip(clips, levels[9], 10, stretched)
    return root


def test_every_fault_of_a_clip_is_a_failure_with_a_name(folder: Path) -> None:
    made = scored(folder)
    assert failures(made) == {
        "none": 2,
        "goal": 1,
        "black": 1,
        "blank": 1,
        "one frame": 1,
        "unreadable": 2,
        "size": 1,
        "small": 1,
    }
    assert made.result["overall"]["values"]["success"] == pytest.approx(20)
    assert made.result["overall"]["counts"]["sd"] == 2
    assert "7 clips are not fit to be scored" in made.result["warnings"][0]
    assert made.nothing == ""


def test_the_same_call_scores_nothing_again_and_a_changed_clip_anew(folder: Path) -> None:
    first = scored(folder)
    seen: list[tuple[int, int, str]] = []
    again = scored(folder, show=lambda *state: seen.append(state))
    assert seen == [(10, 10, "10 scored earlier")]
    assert again.result["overall"] == first.result["overall"]
    lines = (folder / "run" / LOG).read_text().splitlines(keepends=True)
    (folder / "run" / LOG).write_text("".join(lines[:6]) + lines[6][:40])  # killed in the middle of a line
    seen.clear()
    assert scored(folder, show=lambda *state: seen.append(state)).result["overall"] == first.result["overall"]
    assert seen[0] == (5, 10, "5 scored earlier")
    clip = folder / "clips" / "regular" / "easy_0002" / "0.mp4"
    level = make("regular", "easy", 2)
    write_mp4(clip, solved(level), 24)
    assert scored(folder).result["overall"]["values"]["success"] == pytest.approx(30)
    write_mp4(clip, static(level), 24)
    with pytest.raises(ConfigError, match="was begun with other settings"):
        scored(folder, options={"tracker": "robust"})


def test_missing_clips_are_failures_and_stop_only_when_asked(tmp_path: Path) -> None:
    levels = write_set(tmp_path / "set", ("trapfield",), 3, with_clips=False)
    for sample in ("0", "1"):
        write_clip(tmp_path / "clips", levels[0], 1, solved(levels[0]), sample)
    write_clip(tmp_path / "clips", levels[1], 2, solved(levels[1]))
    made = scored(tmp_path)
    assert failures(made) == {"none": 3, "missing": 3}
    assert made.result["overall"]["values"]["success"] == pytest.approx(50)
    assert made.result["clips"]["missing"] == 3
    assert made.result["best_of"]["trapfield/2"]["values"]["success"] == pytest.approx(200 / 3)
    assert any("3 clips are missing and counted as failures" in line for line in made.result["warnings"])
    assert any("the set has no clips of its own" in line for line in made.result["warnings"])
    with pytest.raises(DataError, match="1 of 3 levels have no clip: trapfield/1/easy_0003"):
        scored(tmp_path, strict=True)
    assert scored(tmp_path, dry_run=True).result["missing"] == ["trapfield/1/easy_0003"]
    assert scored(tmp_path, limit=1).result["overall"]["levels"] == 1


def test_a_folder_of_which_nothing_can_be_read_is_no_score(tmp_path: Path) -> None:
    levels = write_set(tmp_path / "set", ("trapfield",), 1, with_clips=False)
    write_clip(tmp_path / "clips", levels[0], 1, static(levels[0])).write_bytes(b"x")
    assert "can be scored: 1 unreadable" in scored(tmp_path).nothing


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tracker": "sift"}, "benchmark.tracker=sift is unknown"),
        ({"eps": -1}, "benchmark.eps=-1 is too small"),
        ({"types": "regular"}, "benchmark.types is one word, not a list"),
        ({"types": ["labyrinth"]}, "unknown maze type 'labyrinth'"),
        ({"points": "many"}, "benchmark.points cannot be 'many'"),
        ({"gallery": True}, "benchmark.gallery cannot be True"),
        ({"split": 3}, "benchmark.split cannot be 3"),
        ({"traker": "ncc"}, "unknown setting 'benchmark.traker'"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    folder: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        scored(folder, options=options)


def test_the_page_holds_every_clip_with_both_ways_and_nothing_from_elsewhere(folder: Path) -> None:
    made = scored(folder)
    assert made.page is not None
    page = made.page()
    assert page.count('class="clip"') == 10
    assert page.count("<video") == 6
    assert 'data-failure="one frame"' in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "the goal is not reached at the end" in page


def test_of_many_clips_some_of_every_kind_are_shown() -> None:
    rows = [{"type": "regular", "failure": None}] * 50 + [{"type": "regular", "failure": "wall"}]
    shown = pick(rows, 10)
    assert len(shown) == 10
    assert shown[-1]["failure"] == "wall"
    assert pick(rows, 100) == rows
