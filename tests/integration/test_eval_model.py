"""`vidkit eval --model` from question to score, against a server on this machine; a broken video is named."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="asking a server needs httpx")
pytest.importorskip("av", reason="made clips need PyAV")

from made_clips import write_clip
from scripted_server import Act, ScriptedServer

from vidkit.cli.main import run

LETTERS = "ABCDEFGH"


def rows_of(videos: int) -> list[dict[str, Any]]:
    return [
        {"video_id": f"{video:03d}", "question_id": f"{video:03d}-{k}", "group_type": "relevance",
         "group_structure": "None", "level": 1, "second_head": "h", "third_head": "t",
         "question": f"number {k}?",
         "options": "\n".join(f"{c}. {c * 3}" for c in LETTERS), "answer": LETTERS[k]}
        for video in range(1, videos + 1) for k in range(1, 5)
    ]  # fmt: skip


def answer(body: dict[str, Any]) -> Act:
    """Right on questions 1 to 3 of a video, wrong on the fourth."""
    text = json.dumps(body)
    number = next((k for k in range(1, 4) if f"number {k}?" in text), None)
    return Act(text=f"Final Answer: {LETTERS[number]}" if number else "I'm sorry, I cannot tell.")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    (tmp_path / "d.json").write_text(json.dumps(rows_of(3)))
    for video in (1, 2):
        write_clip(tmp_path / "videos" / f"{video:03d}.mp4", seconds=1.0)
    (tmp_path / "videos" / "003.mp4").write_bytes(b"this is not a video")
    return tmp_path


def test_model_to_score_with_a_video_that_cannot_be_decoded(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer(answer) as server:
        words = ["eval", "video-mme-v2", "--data", "d.json", "--model", "made", "--base-url", server.base_url,
                 "--json", "out.json", "-o", "run", "frames=uniform:2", "resamples=20",
                 "server.concurrency=4"]  # fmt: skip
        assert run(words) == 0
        result = json.loads((place / "out.json").read_text())
        # videos 1 and 2: three of four right; video 3 failed and stays in every denominator
        assert result["avg_acc"] == pytest.approx(50) and result["non_lin"] == pytest.approx(2 / 3 * 56.25)
        assert result["counts"]["failed_ids"] == [f"003-{k}" for k in range(1, 5)]
        assert result["counts"]["refused"] == 2 and result["counts"]["missing"] == 4
        assert result["tables"][0]["rows"][0][:3] == ["robust", "2", "none"]
        assert (result["model"], result["budget"], result["subtitles"]) == ("made", "2", "none")
        assert "4 of 12 questions failed and count as wrong: 003-1" in capsys.readouterr().out

        asked = len(server.requests)
        assert run(words) == 0  # the second run asks only what failed
        assert len(server.requests) == asked
        assert json.loads((place / "out.json").read_text())["run_summary"]["resumed"] == 8

        assert run([*words[:-3], "frames=uniform:3"]) == 2
        assert "was begun with budget.count = 2, now it is 3" in capsys.readouterr().err
