"""The mazes that the embedded model is asked about: which there are, and how its clips are judged."""

from pathlib import Path

import numpy as np
import pytest

from vidkit.errors import ConfigError
from vidkit.evaluation.clip_source import ClipOrder
from vidkit.evaluation.own_run import OwnRun
from vidkit.evaluation.tasks.vr_bench.embedded_clips import EmbeddedClips, EmbeddedOptions
from vidkit.evaluation.tasks.vr_bench.embedded_levels import Bucket, buckets
from vidkit.mazes.types import MazeType

BOARDS = [
    Bucket(MazeType.TRAPFIELD, "easy"),
    Bucket(MazeType.SOKOBAN, "easy"),
    Bucket(MazeType.MAZE3D, "easy"),
]


def clips_of(**options: object) -> EmbeddedClips:
    order = ClipOrder(OwnRun(Path("clips")), "maze_demo", True, 96, 96, 61, 2)
    return EmbeddedClips(order, EmbeddedOptions(**options))


def test_all_types_are_shown_at_what_96_pixels_hold() -> None:
    found = buckets(list(MazeType), (4, 8), ())
    assert {each.type for each in found} == set(MazeType)
    assert [each.difficulty for each in found if each.type is MazeType.MAZE3D] == ["easy"]
    assert [each.size for each in found if each.type is MazeType.REGULAR] == [4, 8]
    assert {each.difficulty for each in buckets(list(MazeType), (4, 8), ("hard",))} == {"hard"}


@pytest.mark.parametrize("bucket", [Bucket(MazeType.REGULAR, "easy", 5), *BOARDS], ids=str)
@pytest.mark.parametrize("number", [0, 7, 100, 12_345])
def test_a_name_says_where_a_level_belongs(bucket: Bucket, number: int) -> None:
    assert Bucket.parse(str(bucket.type), bucket.name(number)) == (bucket, number)


@pytest.mark.parametrize("bucket", BOARDS, ids=lambda bucket: str(bucket.type))
def test_the_true_clip_is_a_success_and_one_that_stands_still_is_not(bucket: Bucket) -> None:
    level = bucket.level(3, 42)
    assert level.caption() == bucket.level(3, 42).caption()
    frames = np.stack(list(level.drawn.frames()))
    assert np.array_equal(level.picture(), frames[0])
    told = level.verdict(frames)
    assert (told["failure"], told["robust"]["success"], told["robust"]["em"]) == (None, 1.0, 1.0)
    assert level.verdict(frames[:1].repeat(9, 0))["failure"] == "goal"
    assert level.verdict(frames[:1])["failure"] == "one frame"
    assert level.verdict(np.zeros_like(frames[:9]))["failure"] == "black"


def test_without_a_choice_all_types_are_asked_about() -> None:
    assert {clip.path.split("/")[0] for clip in clips_of(levels=1).clips()} == set(MazeType)


def test_every_level_has_noise_of_its_own_and_samples_follow_each_other() -> None:
    source = clips_of(types=["regular", "trapfield"], sizes=[4], levels=2)
    clips = list(source.clips())
    assert [clip.path for clip in clips[:3]] == [
        "regular/easy_40000/0.mp4",
        "trapfield/easy_0000/0.mp4",
        "trapfield/medium_0000/0.mp4",
    ]
    assert len(clips) == 2 * 2 * 3
    assert len({clip.seed for clip in clips}) == len(clips)
    assert {clip.path.split("/")[2] for clip in clips[6:]} == {"1.mp4"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": ["maze3d"], "difficulties": ["medium"]}, "shows maze3d mazes only as easy, not as medium"),
        ({"types": ["regular"], "sizes": [8], "difficulties": ["easy"]}, "only as hard, not as easy"),
        ({"types": ["labyrinth"]}, "unknown maze type 'labyrinth'"),
        ({"difficulties": ["tough"]}, "unknown difficulty 'tough'"),
    ],
)
def test_what_cannot_be_shown_is_told(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        clips_of(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": "regular"}, "types is one word"),
        ({"difficulties": "easy"}, "difficulties is one word"),
        ({"sizes": [9]}, "not a list of sizes"),
        ({"levels": 0}, "levels must be >= 1"),
    ],
)
def test_options_of_another_shape_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EmbeddedOptions(**options)
