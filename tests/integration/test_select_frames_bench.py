"""The benchmark of frame selection: planted videos are what they say, scores are those of a hand count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidkit.frames import Candidates, select
from vidkit.frames.benchmark import bench_planted, bench_stages, bootstrap, score_selection
from vidkit.frames.planted import PlantedVideo, write_planted_video
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


def test_interval_holds_the_mean() -> None:
    found = bootstrap(np.array([0.2, 0.4, 0.9]), seed=0)
    assert found.mean == pytest.approx(0.5) and 0.2 <= found.low <= 0.5 <= found.high <= 0.9


def test_relevance_beats_none_on_planted_events(tmp_path: Path) -> None:
    found = bench_planted(tmp_path, videos=2, methods=["wfs-sb", "uniform"], budgets=[16])
    rows = {row["method"]: row for row in found["rows"]}
    assert rows["wfs-sb"]["recall"]["mean"] > rows["uniform"]["recall"]["mean"]
    stages = bench_stages(tmp_path / "planted0.mp4")
    assert stages["ratio"] > 0 and stages["candidates"] == 240 and "embed.decode" in stages["stages_s"]
