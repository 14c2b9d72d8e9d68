"""A set of levels is read from the published tree, and a model's clips are matched with it by their paths."""

import json
from pathlib import Path

import pytest
from vr_bench_set import write_level, write_set

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.tasks.vr_bench.clip_files import find_clips
from vidkit.evaluation.tasks.vr_bench.level_set import (
    LevelFile,
    Picked,
    levels_left_out,
    load_level,
    read_set,
)
from vidkit.mazes import MazeType, make
from vidkit.mazes.types import Difficulty


def level(
    kind: str = "regular", skin: str = "1", difficulty: str = "easy", number: str = "0097"
) -> LevelFile:
    return LevelFile(MazeType(kind), skin, Difficulty(difficulty), number, Path("s.json"), Path("i.png"))


def clips_of(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_levels_come_in_order_with_their_files(tmp_path: Path) -> None:
    write_set(tmp_path / "eval", ("sokoban", "regular"), 2)
    write_set(tmp_path / "train", ("regular",), 1, with_clips=False)
    found = read_set(tmp_path)
    assert [each.id for each in found] == [
        "regular/1/easy_0001",
        "regular/1/easy_0002",
        "sokoban/1/easy_0001",
        "sokoban/1/easy_0002",
    ]
    assert [path.name for path in found[0].videos] == ["easy_0001.mp4"]
    only = read_set(tmp_path, Picked.of_words("train", ["maze"], ["easy"], [1]))
    assert [each.videos for each in only] == [()]
    loaded = load_level(found[0])
    assert loaded.picture is None, "a skin of ours is recognised"
    assert loaded.level.solution == make("regular", "easy", 1).solution


def test_a_picture_drawn_by_others_is_kept(tmp_path: Path) -> None:
    folder = write_level(tmp_path, make("regular", "easy", 1), 1, with_clip=False)
    image = folder / "images" / "easy_0001.png"
    raw = image.read_bytes()
    write_level(tmp_path, make("regular", "easy", 2), 2, with_clip=False)
    image.write_bytes((folder / "images" / "easy_0002.png").read_bytes())
    (file, _) = read_set(tmp_path)
    assert load_level(file).picture is not None
    image.write_bytes(raw)
    assert load_level(file).picture is None


def test_faults_of_a_set_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_set(tmp_path / "none")
    with pytest.raises(DataError, match="no levels in"):
        read_set(tmp_path)
    folder = write_level(tmp_path, make("regular", "easy", 1), 1, with_clip=False)
    with pytest.raises(DataError, match="none of the 1 levels"):
        read_set(tmp_path, Picked.of_words("", [], ["hard"], []))
    with pytest.raises(DataError, match="no split 'eval'"):
        read_set(tmp_path, Picked.of_words("eval", [], [], []))
    with pytest.raises(ConfigError, match="unknown split 'test'"):
        Picked.of_words("test", [], [], [])
    (file,) = read_set(tmp_path)
    file.image.unlink()
    with pytest.raises(DataError, match="no first frame"):
        load_level(file)
    file.image.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"cannot read .* as an image"):
        load_level(file)
    state = json.loads(file.state.read_text())
    del state["grid"]
    file.state.write_text(json.dumps(state))
    with pytest.raises(DataError, match=r"easy_0001\.json: the key 'grid' is missing"):
        load_level(file)
    write_level(tmp_path / "eval", make("regular", "easy", 1), 1, with_clip=False)
    with pytest.raises(DataError, match="is both at"):
        read_set(tmp_path, Picked.of_words("all", [], [], []))
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("regular/easy_0097/a.mp4", "a"),
        ("maze/easy_0097/3.webm", "3"),
        ("regular/1/easy_0097/3.mp4", "3"),
        ("maze/1/easy/videos/easy_0097.mp4", "0"),
        ("eval/maze/1/easy/videos/easy_0097.mp4", "0"),
        ("maze/easy_0097.mp4", "0"),
        ("maze/1/easy/easy_97__s12.mp4", "12"),
        ("my_model/maze/easy/0097.mp4", "0"),
        ("easy_0097.mp4", "0"),
    ],
)
def test_every_layout_names_level_and_sample(tmp_path: Path, name: str, sample: str) -> None:
    found = find_clips(clips_of(tmp_path, name), [level()])
    assert [(clip.level, clip.sample) for clip in found.clips] == [("regular/1/easy_0097", sample)]


def test_clips_of_no_level_are_told_with_the_reason(tmp_path: Path) -> None:
    folder = clips_of(
        tmp_path,
        "maze/easy_0001.mp4",
        "sokoban/easy_0097.mp4",
        "maze/final.mp4",
        "easy_0097.mp4",
        "maze/easy_0097.mp4",
    )
    levels = [level(), level("trapfield")]
    found = find_clips(folder, levels)
    assert [clip.path.name for clip in found.clips] == ["easy_0097.mp4"]
    reasons = dict((str(path.relative_to(folder)), why) for path, why in found.unmatched)
    assert reasons["maze/easy_0001.mp4"] == "the set has no level easy_0001 of regular with skin 1"
    assert reasons["sokoban/easy_0097.mp4"] == "the set has no level of type sokoban"
    assert "names a level such as" in reasons["maze/final.mp4"]
    assert reasons["easy_0097.mp4"] == "no folder of its path names a maze type"
    two = find_clips(clips_of(tmp_path / "b", "maze/easy_0097.mp4"), [level(), level(skin="2")])
    assert "names none of them" in two.unmatched[0][1]


def test_clips_of_levels_that_are_not_scored_say_where_these_are(tmp_path: Path) -> None:
    data = tmp_path / "set"
    for split, number in (("eval", 2), ("eval", 3), ("train", 1)):
        write_level(data / split, make("regular", "easy", number), number, with_clip=False)
    write_level(data / "train", make("trapfield", "easy", 1), 1, with_clip=False)
    names = [f"maze/easy_000{number}.mp4" for number in range(1, 5)]
    folder = clips_of(tmp_path / "clips", *names, "trapfield/easy_0001.mp4")

    def reasons(picked: Picked, limit: int | None = None) -> list[str]:
        levels = read_set(data, picked)[:limit]
        found = find_clips(folder, levels, lambda: levels_left_out(data, picked, levels))
        return [why for _, why in found.unmatched]

    train = "lies in the train split, which is not scored: benchmark.split=all scores it"
    absent = "the set has no level easy_0004 of regular with skin 1"
    first, trap = f"level regular/1/easy_0001 {train}", f"level trapfield/1/easy_0001 {train}"
    assert reasons(Picked()) == [first, absent, trap]
    assert reasons(Picked("all")) == [absent]
    assert "level regular/1/easy_0003 is left out by benchmark.types" in reasons(Picked(), 1)[1]
    write_level(data / "train", make("regular", "easy", 2), 2, with_clip=False)
    assert "benchmark.split=train" in reasons(Picked())[0], "with all, one level would lie there twice"


def test_folders_without_clips_and_doubled_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        find_clips(tmp_path / "none", [level()])
    with pytest.raises(DataError, match="no video in"):
        find_clips(tmp_path, [level()])
    clips_of(tmp_path, "maze/easy_0097/0.mp4", "maze/easy_0097/0.webm")
    with pytest.raises(DataError, match="are both sample 0 of regular/1/easy_0097"):
        find_clips(tmp_path, [level()])
