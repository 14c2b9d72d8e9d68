"""Clips that cannot be judged: each is named, with a sentence that says what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from vidkit.evaluation.tasks.vr_bench import clip_reading
from vidkit.evaluation.tasks.vr_bench.clip_reading import UnusableClip, open_clip
from vidkit.evaluation.tasks.vr_bench.clip_score import FAILURES, failed_row
from vidkit.video.writing import write_mp4

FRAMES = np.random.default_rng(0).integers(0, 255, (12, 64, 64, 3)).astype(np.uint8)


def refused(path: Path) -> tuple[str, str]:
    with pytest.raises(UnusableClip) as caught:
        open_clip(path)
    return caught.value.kind, caught.value.reason


def test_every_unusable_clip_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"not a video")
    kind, reason = refused(path)
    assert kind == "unreadable"
    assert "the file" in reason
    write_mp4(path, FRAMES[:1], 24)
    assert refused(path) == ("one frame", "the clip has one frame: nothing moves")
    write_mp4(path, np.zeros((5, 16, 16, 3), np.uint8), 24)
    assert refused(path) == ("small", f"16x16 pixels; each side must have at least {clip_reading.LEAST_SIDE}")
    write_mp4(path, FRAMES, 24)
    assert open_clip(path).info.frame_count == 12
    monkeypatch.setattr(clip_reading, "MOST_FRAMES", 10)
    assert refused(path) == ("long", "12 frames; up to 10 are scored")


@pytest.mark.parametrize("kind", FAILURES)
def test_every_failure_has_a_sentence_and_counts_as_nothing_followed(kind: str) -> None:
    row = failed_row(kind)
    assert row["reason"] == FAILURES[kind]
    assert len(row["reason"].split()) >= 3
    assert (row["robust"]["success"], row["robust"]["pr"], row["robust"]["sd"]) == (0.0, 0.0, None)


def test_other_rates_are_read_alike(tmp_path: Path) -> None:
    for fps in (8, 60):
        write_mp4(tmp_path / f"{fps}.mp4", FRAMES, fps)
        assert sum(1 for _ in open_clip(tmp_path / f"{fps}.mp4").frames()) == 12
