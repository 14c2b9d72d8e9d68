"""The set on disk: its split, its tree, and what happens when making it ends early."""

import csv
import hashlib
import json
import multiprocessing
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from vidkit.errors import ConfigError, OutputError
from vidkit.mazes import Difficulty, MazeType, make
from vidkit.mazes.dataset import SetOptions, make_set, plan
from vidkit.mazes.dataset.making import plan_set
from vidkit.mazes.dataset.plan import split_of
from vidkit.mazes.dataset.prompts import video_prompt
from vidkit.mazes.drawing.skins import SKINS
from vidkit.mazes.state_file import read_state
from vidkit.utils.reservation import reserve
from vidkit.video.reader import open_video

SMALL = SetOptions(types=("regular", "sokoban"), difficulties=("easy",), skins=("1",), levels=3, frames=49)


def tree(folder: Path) -> dict[str, str]:
    """Every file with its hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small set, made at one stroke."""
    folder = tmp_path_factory.mktemp("set")
    assert make_set(folder, SMALL).made == 6
    return folder


def test_buckets_are_full_split_as_published_and_without_a_level_twice() -> None:
    entries = plan_set(SetOptions(types=("sokoban",), difficulties=("easy",)))
    assert len(entries) == 5 * 120
    buckets: dict[tuple[str, int], list] = {}
    for entry in entries:
        buckets.setdefault((entry.type, entry.skin), []).append(entry)
    for bucket in buckets.values():
        assert [entry.number for entry in bucket] == list(range(1, 121))
        assert [entry.split for entry in bucket] == ["train"] * 96 + ["eval"] * 24
        assert len({entry.fingerprint for entry in bucket}) == 120


def test_no_level_is_in_both_splits_of_any_two_sets() -> None:
    options = {"types": ("trapfield", "sokoban", "regular"), "difficulties": ("easy",), "levels": 20}
    entries = [e for seed in (0, 1) for e in plan_set(SetOptions(**options, seed=seed))]
    train = {e.fingerprint for e in entries if e.split == "train"}
    assert not train & {e.fingerprint for e in entries if e.split == "eval"}
    # the fingerprint is that of the level, whichever way it is turned
    mirrored = make("trapfield", "easy", entries[0].seed).board
    assert all(split_of(e.fingerprint) == e.split for e in entries)
    assert mirrored.fingerprint() == entries[0].fingerprint or entries[0].type != "trapfield"


def test_another_seed_gives_other_levels_and_the_same_seed_the_same() -> None:
    options = {"types": ("trapfield",), "difficulties": ("medium",), "skins": ("ice",), "levels": 5}
    one, again, other = (plan_set(SetOptions(**options, seed=seed)) for seed in (3, 3, 4))
    assert one == again
    assert not {e.seed for e in one} & {e.seed for e in other}


def test_more_levels_than_there_are_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_GIVE_UP", 1000)
    with pytest.raises(ConfigError, match="cannot have 2000 different regular easy levels: there are about"):
        plan_set(SetOptions(types=("regular",), difficulties=("easy",), skins=("1",), levels=2000))


def test_a_set_lies_in_the_published_tree(whole: Path) -> None:
    found = set(tree(whole))
    for folder in ("maze", "sokoban"):
        for number, split in ((1, "train"), (2, "train"), (3, "eval")):
            for kind, suffix in (("images", "png"), ("states", "json"), ("videos", "mp4")):
                found.remove(f"{split}/{folder}/1/easy/{kind}/easy_{number:04d}.{suffix}")
        found.remove(f"skins/{folder}/1_description.json")
    assert found == {"set.json", "levels.jsonl", "train/metadata.csv", "eval/metadata.csv"}


def test_states_are_those_of_the_seeds_in_the_index(whole: Path) -> None:
    for line in (whole / "levels.jsonl").read_text().splitlines():
        entry = json.loads(line)
        level = make(entry["type"], entry["difficulty"], entry["seed"])
        file = next(whole.glob(entry["path"].replace("/*/", "/states/")))
        assert json.loads(file.read_text()) == level.state
        assert read_state(file).fingerprint() == entry["fingerprint"] == level.board.fingerprint()
        assert entry["moves"] == len(level.solution)


def test_clips_show_the_solution_from_the_picture_on(whole: Path) -> None:
    for row in csv.DictReader((whole / "train" / "metadata.csv").open()):
        level_file = whole / "train" / row["state"]
        board = read_state(level_file)
        picture = cv2.imread(str(whole / "train" / row["input_image"]))[..., ::-1]
        video = open_video(whole / "train" / row["video"])
        frames = [frame.pixels for frame in video.read(list(range(49)))]
        assert len(frames) == 49
        assert frames[0].shape == picture.shape == (board.height, board.width, 3)
        assert np.abs(frames[0].astype(int) - picture).mean() < 3
        assert "{" not in row["prompt"]


def test_clips_equal_the_rendered_frames(whole: Path) -> None:
    entry = json.loads((whole / "levels.jsonl").read_text().splitlines()[0])
    level = make(entry["type"], entry["difficulty"], entry["seed"])
    video = open_video(whole / "train/maze/1/easy/videos/easy_0001.mp4")
    read = np.stack([frame.pixels for frame in video.read(list(range(49)))])
    assert np.abs(read.astype(int) - level.render(frames=49)).mean() < 2.5


def test_another_size_more_routes_and_more_workers(tmp_path: Path) -> None:
    options = SetOptions(
        types=("trapfield",),
        difficulties=("easy",),
        skins=("1", "lava"),
        levels=2,
        size=64,
        frames=33,
        routes=2,
    )
    assert make_set(tmp_path / "two", options, workers=2).made == 4
    make_set(tmp_path / "one", options)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    shown = cv2.imread(str(next((tmp_path / "one").rglob("*.png"))))
    assert shown.shape == (64, 64, 3)
    entries = plan_set(options)
    second = [name for name in tree(tmp_path / "one") if name.endswith("_1.mp4")]
    assert len(second) == sum(entry.routes > 1 for entry in entries) > 0


def die_after(folder: str, count: int) -> None:
    """Make the set and be killed when so many levels are done."""

    def show(done: int, total: int, note: str) -> None:
        if note != "planning" and done >= count:
            os.kill(os.getpid(), signal.SIGKILL)

    from vidkit.mazes.dataset import making

    making._LEVELS_A_TASK = 1
    making.make_set(Path(folder), SMALL, show=show)


@pytest.mark.parametrize("count", [0, 2, 5])
def test_a_killed_run_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path, count: int) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=die_after, args=(str(tmp_path / "s"), count)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    # what a write leaves behind that is killed before it is done
    half = tmp_path / "s" / "train/maze/1/easy/videos/.easy_0001-x1y2.mp4"
    half.write_bytes(b"torn")
    before = {name: time_of(tmp_path / "s" / name) for name in tree(tmp_path / "s") if name.endswith("mp4")}
    assert make_set(tmp_path / "s", SMALL).made == 6 - count
    assert tree(tmp_path / "s") == tree(whole)
    kept = [name for name, time in before.items() if time_of(tmp_path / "s" / name, None) == time]
    assert len(kept) == count  # nothing is made twice


def time_of(path: Path, absent: float | None = 0.0) -> float | None:
    return path.stat().st_mtime_ns if path.exists() else absent


def test_a_whole_set_is_left_as_it_is(whole: Path) -> None:
    before = {name: time_of(whole / name) for name in tree(whole) if "metadata" not in name}
    assert make_set(whole, SMALL).made == 0
    after = {name: time_of(whole / name) for name in before}
    assert {n: t for n, t in after.items() if "skins/" not in n} == {
        n: t for n, t in before.items() if "skins/" not in n
    }


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match=r"holds 'thesis\.tex"):
        make_set(tmp_path, SMALL)
    assert tree(tmp_path).keys() == {"thesis.tex"}


@pytest.mark.parametrize(("change", "said"), [({"seed": 9}, "seed=0"), ({"frames": 61}, "frames=49")])
def test_another_set_in_the_folder_is_refused(whole: Path, change: dict[str, int], said: str) -> None:
    from dataclasses import replace

    with pytest.raises(OutputError, match=said):
        make_set(whole, replace(SMALL, **change))


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    with pytest.raises(OutputError, match="is not a folder"):
        make_set(tmp_path / "s", SMALL)


def test_a_folder_in_which_another_process_writes_is_refused(tmp_path: Path) -> None:
    with reserve(tmp_path / "set"), pytest.raises(OutputError, match="another run of vidkit is writing"):
        make_set(tmp_path, SMALL)


def test_a_damaged_index_is_named(tmp_path: Path) -> None:
    options = SetOptions(types=("trapfield",), difficulties=("easy",), skins=("1",), levels=1)
    make_set(tmp_path, options)
    (tmp_path / "levels.jsonl").write_text("{torn")
    with pytest.raises(ConfigError, match=r"levels.jsonl' is damaged"):
        make_set(tmp_path, options)


def test_a_full_disk_says_how_far_it_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vidkit.mazes.dataset import making

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "write_clip", full)
    with pytest.raises(OutputError, match="the disk is full") as caught:
        make_set(tmp_path, SMALL)
    assert "0 of 6 levels are complete" in caught.value.hint
    assert not list(tmp_path.rglob("*.mp4"))
    monkeypatch.undo()
    assert make_set(tmp_path, SMALL).made == 6


def test_solutions_too_long_for_the_clips_are_told_before_anything_is_written(tmp_path: Path) -> None:
    options = SetOptions(types=("regular",), difficulties=("hard",), skins=("1",), levels=4, frames=25)
    with pytest.raises(ConfigError, match=r"25 frames cannot show the solution of \d of 4 levels") as caught:
        make_set(tmp_path / "s", options)
    assert "give at least" in caught.value.hint
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"levels": 0}, "levels must be a whole number from 1"),
        ({"size": 65}, "size=65 is odd"),
        ({"size": 4}, "size must be a whole number from 16"),
        ({"fps": 0}, "fps must be"),
        ({"frames": 1}, "frames must be"),
        ({"routes": 0}, "routes must be"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_wrong_numbers_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SetOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"types": ("hex",)}, "unknown maze type 'hex'"),
        ({"difficulties": ("brutal",)}, "unknown difficulty"),
        ({"skins": ("gold",)}, "no maze type asked for has a skin 'gold'"),
        ({"skins": ("5",), "types": ("regular", "irregular")}, "maze type 'irregular' has no skin '5'"),
    ],
)
def test_unknown_words_are_refused_before_anything_is_written(
    options: dict[str, tuple[str, ...]], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=said):
        make_set(tmp_path / "s", SetOptions(**options))  # type: ignore[arg-type]
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("kind", "skin"), [(k, s) for k, skins in SKINS.items() for s in skins])
def test_prompts_name_what_the_skin_shows(kind: MazeType, skin: str) -> None:
    prompt = video_prompt(kind, SKINS[kind][skin])
    words = SKINS[kind][skin].words
    told = [
        w for k, w in words.items() if k in ("player", "start", "ball", "goal", "end", "goal_cube", "box")
    ]
    assert len(told) >= 2
    assert all(word in prompt for word in told)
    assert Difficulty.EASY not in prompt
