"""Trackers on clips whose truth is known, and the ways in which a clip can be spoilt."""

import itertools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vidkit.errors import ConfigError, VideoError
from vidkit.evaluation.vr_bench import maze_fidelity, trajectory_metrics
from vidkit.mazes import Level, MazeType, Trajectory, make, track
from vidkit.mazes.drawing.skins import SKINS, find_skin
from vidkit.mazes.motion import solution_motion
from vidkit.mazes.state_file import read_state

AUTHORS = Path(__file__).resolve().parents[4] / "shared" / "data" / "benchmarks" / "vr_bench"
Clip = NDArray[np.uint8]


def score(level: Level, found: Trajectory, size: tuple[int, int], frames: int) -> dict[str, float | None]:
    """Metrics against the level's own motion; `size` is width and height."""
    scale = np.array(size) / (level.board.width, level.board.height)
    goal = level.board.goal_box()
    box = [goal.x * scale[0], goal.y * scale[1], goal.width * scale[0], goal.height * scale[1]]
    truth = level.motion(frames).player * scale
    own = None if found.box is None else found.box.points
    return trajectory_metrics(found.points, truth, box, size, generated_box=own)


@pytest.mark.parametrize(("kind", "skin"), [(k, s) for k, skins in SKINS.items() for s in skins])
def test_the_truth_is_an_exact_match_in_every_skin(kind: MazeType, skin: str) -> None:
    level = make(kind, "easy", 21, skin)
    clip = level.render(size=(240, 256), frames=49)
    found = track(clip, level)
    assert found.tracked_ratio == 1
    assert found.doubled_ratio == 0
    truth = level.motion(49).player * (256 / level.board.width, 240 / level.board.height)
    assert np.abs(found.points - truth).max() < 1.5
    assert score(level, found, (256, 240), 49) | {"sd": 0} == {"pr": 1.0, "sr": 1.0, "sd": 0, "em": 1.0}


def compressed(clip: Clip) -> Clip:
    return np.stack([cv2.imdecode(cv2.imencode(".jpg", frame, [1, 40])[1], 1) for frame in clip])


def drifting(clip: Clip) -> Clip:
    fade = np.linspace(0, 30, len(clip))[:, None, None, None]
    return np.clip(clip + fade * [1.0, 0.4, -0.6], 0, 255).astype(np.uint8)


def noisy(clip: Clip) -> Clip:
    noise = np.random.default_rng(0).normal(0, 8, clip.shape)
    return np.clip(clip + noise, 0, 255).astype(np.uint8)


def dimmed(clip: Clip) -> Clip:
    return (clip * 0.8 + 20).astype(np.uint8)


@pytest.mark.parametrize("spoil", [compressed, drifting, noisy, dimmed])
@pytest.mark.parametrize("kind", MazeType)
def test_compression_drift_noise_and_other_brightness_change_nothing(kind: MazeType, spoil) -> None:  # type: ignore[no-untyped-def]
    level = make(kind, "easy", 5)
    clip = spoil(level.render(size=240, frames=41))
    found = track(clip, level)
    assert found.tracked_ratio == 1
    assert score(level, found, (240, 240), 41)["em"] == 1


@pytest.mark.parametrize("frames", [25, 193])
def test_another_frame_rate_changes_nothing(frames: int) -> None:
    level = make("regular", "easy", 3)
    found = track(level.render(size=160, frames=frames), level)
    assert score(level, found, (160, 160), frames)["em"] == 1


def test_bars_round_the_picture_are_seen() -> None:
    level = make("trapfield", "medium", 2)
    clip = level.render(size=180, frames=41)
    wide = np.pad(clip, ((0, 0), (0, 0), (70, 70), (0, 0)))
    found = track(wide, level)
    truth = level.motion(41).player * (180 / level.board.width) + [70, 0]
    assert np.abs(found.points - truth).max() < 1.5


def test_a_clip_without_the_player_is_lost_and_says_so() -> None:
    level = make("regular", "easy", 0)
    still = cv2.resize(level.stage.picture, (200, 200))
    found = track(np.stack([level.picture(200)] + [still] * 20), level)
    assert found.tracked_ratio < 0.1
    assert np.isfinite(found.points).all()


def test_a_short_disappearance_is_bridged_not_guessed() -> None:
    level = make("trapfield", "medium", 2)
    clip = level.render(size=200, frames=61)
    clip[20:24] = cv2.resize(level.stage.picture, (200, 200))
    found = track(clip, level)
    assert not found.tracked[20:24].any()
    assert found.tracked[:20].all()
    assert found.tracked[24:].all()


def test_a_second_player_is_counted() -> None:
    level = make("trapfield", "medium", 2)
    clip = level.render(size=224, frames=41)
    # the last position stays visible from the middle on
    clip[20:,] = np.where((clip[20:] != clip[-1]) & (clip[-1] != clip[0]), clip[-1], clip[20:])
    assert track(clip, level).doubled_ratio > 0.2


def test_a_teleport_is_a_jump_in_the_trajectory() -> None:
    level = make("trapfield", "hard", 2)
    clip = level.render(size=240, frames=61)
    jump = np.concatenate([clip[:10], clip[50:]])
    found = track(jump, level)
    steps = np.sqrt((np.diff(found.points, axis=0) ** 2).sum(-1))
    assert steps.argmax() == 9
    assert found.tracked_ratio == 1


def test_the_authors_default_loses_the_player_on_the_goal_and_ours_does_not() -> None:
    level = make("regular", "easy", 4)
    clip = level.render(size=210)
    official, ours = track(clip, level, "ncc"), track(clip, level)
    assert ours.tracked_ratio == 1
    assert official.tracked_ratio < 1
    assert score(level, ours, (210, 210), len(clip))["sr"] == 1


def test_frames_that_are_no_pictures_are_refused() -> None:
    level = make("regular", "easy", 0)
    with pytest.raises(VideoError, match="no frame"):
        track([], level)
    with pytest.raises(VideoError, match="frame 0 is float64"):
        track(np.zeros((2, 8, 8, 3)), level)
    with pytest.raises(VideoError, match="frame 1 is"):
        track([np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)], level)
    with pytest.raises(ConfigError, match="unknown tracker 'sift'"):
        track(level.render(64), level, "sift")


def test_black_and_single_frames_are_lost_without_an_error() -> None:
    level = make("regular", "easy", 0)
    assert track(np.zeros((12, 64, 64, 3), np.uint8), level).tracked_ratio == 0
    assert len(track(level.render(64)[:1], level)) == 1


@pytest.mark.skipif(not AUTHORS.is_dir(), reason="the authors' levels are not beside the repository")
def test_the_authors_clips_are_exact_matches() -> None:
    import av

    expected = {row["video"]: row for row in json.loads((AUTHORS / "gt_selfscore_official.json").read_text())}
    for file in sorted(AUTHORS.glob("*/1/*/states/*.json")):
        board = read_state(file)
        level = Level(board, find_skin(board.type, None))
        image = cv2.imread(str(file.parent.parent / "images" / f"{file.stem}.png"))[..., ::-1]
        video = file.parent.parent / "videos" / f"{file.stem}.mp4"
        with av.open(str(video)) as container:
            clip = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        size = (clip[0].shape[1], clip[0].shape[0])
        scale = np.array(size) / (board.width, board.height)
        found = track(clip, level, picture=np.ascontiguousarray(image))
        boxes = [
            [box.x * scale[0], box.y * scale[1], box.width * scale[0], box.height * scale[1]]
            for box in (board.player_box(board.start), board.goal_box())
        ]
        own = None if found.box is None else found.box.points
        rows = [
            trajectory_metrics(
                found.points, solution_motion(board, route).player * scale, boxes[1], size, generated_box=own
            )
            for route in itertools.islice(board.routes, 100)
        ]
        assert max(row["em"] or 0 for row in rows) == 1, file
        assert found.tracked_ratio == 1
        fidelity = maze_fidelity(clip, found.points, *boxes)
        assert fidelity == pytest.approx(expected[str(video.relative_to(AUTHORS))]["mf"], abs=1e-3)
