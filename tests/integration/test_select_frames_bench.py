"""The benchmark of frame selection: planted videos are what they say, scores are those of a hand count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidkit.bench.frames import (
    bench_manifest,
    bench_planted,
    bench_selectors,
    bench_stages,
    bench_tokens,
    planted_methods,
    repeat_video,
    score_selection,
    write_textured,
)
from vidkit.bench.frames.token_budgets import PLANS, read_events
from vidkit.errors import ConfigError, VideoError
from vidkit.frames import Candidates, select
from vidkit.frames.tokens import Size
from vidkit.frames.types import Segment, Selection
from vidkit.synthetic.planted import PlantedVideo, write_planted_video
from vidkit.video.reader import open_video


def test_planted_videos_hold_their_events(tmp_path: Path) -> None:
    planted = write_planted_video(tmp_path / "a.mp4", seed=3, duration_s=80, events=3)
    assert planted.shots[0][0] == 0 and planted.shots[-1][1] == 80
    assert all(a[1] == b[0] for a, b in zip(planted.shots, planted.shots[1:], strict=False))
    assert all(a != b for a, b in zip(planted.scene_of_shot, planted.scene_of_shot[1:], strict=False))
    video = open_video(planted.path)
    assert len(video.timeline) == 320

    def picture(time_s: float) -> np.ndarray:
        index = int(np.searchsorted(video.timeline.time_s, time_s + 1e-3, side="right")) - 1
        return next(video.read([index])).pixels.astype(int)

    for start, end in planted.events:
        shot = next(span for span in planted.shots if span[0] <= start < span[1])
        outside = start - 0.5 if start - 0.5 >= shot[0] else min(end + 0.25, shot[1] - 0.25)
        if shot[0] <= outside < shot[1] and end <= shot[1]:
            assert (np.abs(picture(start + 0.25) - picture(outside)).max(axis=2) > 60).mean() > 0.03


def test_scores_by_hand() -> None:
    planted = PlantedVideo(Path("x"), "q", ((2.0, 4.0), (7.0, 8.0)), ((0.0, 5.0), (5.0, 10.0)), (0, 1))
    features = np.eye(10)
    features[3] = features[2]
    c = Candidates(np.arange(10.0), np.where(np.isin(np.arange(10), [2, 3]), 1.0, 0.0), features)
    assert score_selection(planted, c, select("topk", c, 2)) == (0.5, 0.5, 1.0)
    recall, coverage, redundancy = score_selection(planted, c, select("uniform", c, 5, uniform="ends"))
    assert (recall, coverage, redundancy) == (0.5, 1.0, 0.0)


def test_relevance_beats_none_on_planted_events(tmp_path: Path) -> None:
    few = {"videos": 2, "budgets": [8], "duration_s": 120, "events": 3}
    *partial, found = bench_planted(tmp_path, methods=["wfs-sb", "uniform"], **few)
    rows = {row["method"]: row for row in found["rows"]}
    assert rows["wfs-sb"]["recall"]["mean"] > rows["uniform"]["recall"]["mean"]
    assert rows["uniform"]["kept"] == 8
    assert [one["videos"] for one in partial] == [1], "an interruption keeps the videos before it"


def test_methods_of_two_towers_are_refused_on_planted_videos() -> None:
    assert "omp" not in planted_methods() and "wfs-sb" in planted_methods()
    with pytest.raises(ConfigError, match="'omp' needs a two-tower encoder"):
        planted_methods(["uniform", "omp"])
    with pytest.raises(ConfigError, match="no selection method 'wfs'"):
        planted_methods(["wfs"])


def test_stages_against_decoding_alone(tmp_path: Path) -> None:
    write_textured(tmp_path / "a.mp4", 2, size=(320, 180))
    *partial, found = bench_stages(tmp_path / "a.mp4", k=2, runs=1)
    assert [len(one["rows"]) for one in partial] == [1, 2]
    assert [row["who"].split(",")[0] for row in found["rows"]] == ["select-frames"] + ["decode alone"] * 2
    assert found["candidates"] == 2 and "embed.decode" in found["stages_s"]
    ours, reader, decord = (row["median_s"] for row in found["rows"])
    assert found["ratio_to_reader"] == pytest.approx(ours / reader)
    assert found["ratio_to_decord"] == pytest.approx(ours / decord)
    assert all(0.05 < row["peak_gib"] < 4 for row in found["rows"])


def test_a_process_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError, match=r"timing 'select-frames' on a\.mp4 failed"):
        list(bench_stages(tmp_path / "a.mp4", runs=1))


def test_a_long_video_is_the_short_one_over_and_over(tmp_path: Path) -> None:
    write_textured(tmp_path / "short.mp4", 1, size=(160, 90))
    repeat_video(tmp_path / "short.mp4", tmp_path / "long.mp4", 3)
    times = open_video(tmp_path / "long.mp4").timeline.time_s
    assert len(times) == 90 and np.allclose(np.diff(times), 1 / 30, atol=1e-3)


def test_selectors_are_timed_one_after_another() -> None:
    *_, found = bench_selectors(60, 8, 4, runs=2, methods=["topk", "efs"])
    assert [row["method"] for row in found["rows"]] == ["topk", "efs"]
    assert all(0 < row["best_s"] <= row["median_s"] <= row["worst_s"] for row in found["rows"])


def test_a_manifest_on_one_worker_and_on_two(tmp_path: Path) -> None:
    *_, found = bench_manifest(tmp_path, clips=2, clip_s=1)
    one, two = found["rows"]
    assert (one["workers"], two["workers"]) == (1, 2)
    assert found["speedup"] == pytest.approx(one["seconds"] / two["seconds"])
    (log,) = tmp_path.glob("run-*/out2/selection.jsonl")
    assert log.read_text().count("\n") == 2


def test_token_budgets_on_events_of_two_sizes(tmp_path: Path) -> None:
    *_, found = bench_tokens(tmp_path, 1, ["dpp"], (256, 4096), seed=1, duration_s=64, events=2)
    at = {(row["plan"], row["tokens"]): row for row in found["rows"]}
    assert len(at) == 2 * len(PLANS)
    assert all(row["used"] <= tokens for (_, tokens), row in at.items())
    # 16 pictures as large as the source show both objects; 4x4 tokens never show a small one
    assert at["few large", 4096]["read"]["mean"] == 1.0 and at["few large", 256]["pictures"] == 1
    assert at["many small", 4096]["small"]["mean"] == 0.0


def test_an_object_is_read_where_it_is_two_tokens_high(tmp_path: Path) -> None:
    planted = PlantedVideo(tmp_path, "q", ((0, 5), (10, 15)), ((0, 20),), (0,), (0.5, 0.2))
    candidates = Candidates(np.arange(20.0))

    def read(*pictures: tuple[int, int]) -> tuple[float, float, float]:
        indices = np.array([at for at, _ in pictures])
        kept = Selection("x", indices, (Segment(0, 20),), ("top",) * len(pictures))
        sizes = [Size(28 * cells, 28 * cells, cells**2) for _, cells in pictures]
        return read_events(planted, candidates, kept, sizes)

    assert read((2, 3), (12, 9)) == (0.0, 0.0, 0.0)
    assert read((2, 4), (12, 9)) == (0.5, 1.0, 0.0)
    assert read((2, 4), (7, 16), (12, 10)) == (1.0, 1.0, 1.0)


def test_planted_objects_have_the_heights_of_their_sizes(tmp_path: Path) -> None:
    planted = write_planted_video(tmp_path / "a.mp4", 2, 64, 2, 96, ("big", "small"))
    assert 0.15 < min(planted.heights) < 0.3 and 0.4 < max(planted.heights) < 0.75
