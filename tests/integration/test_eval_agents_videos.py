"""Agents that look at moments of a video: the frames tool on a benchmark of videos."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

pytest.importorskip("av", reason="made clips need PyAV")

from made_clips import write_clip
from scripted_server import Act, ScriptedServer

from vidkit.cli.main import run

LETTERS = "ABCDEFGH"


def pictures(body: dict[str, Any]) -> list[int]:
    """Grey levels of all pictures of a request, in their order."""
    found = []
    for message in body["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else []:
            if part.get("type") == "image_url":
                data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
                picture = PIL.Image.open(io.BytesIO(data)).convert("L")
                found.append(picture.getpixel((picture.width // 2, picture.height // 2)))
    return found


def model(body: dict[str, Any]) -> Act:
    """Asks for the moment at 3.05 s, and answers A if it saw it."""
    if "<tool_response>" not in json.dumps(body):
        call = {"name": "video_frames_tool", "arguments": {"start": 3.0, "end": 3.1, "count": 1}}
        return Act(f"<tool_call>{json.dumps(call)}</tool_call>")
    return Act(f"<answer>{'A' if abs(pictures(body)[-1] - 120) < 4 else 'B'}</answer>")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [
        {"video_id": "001", "question_id": f"001-{k}", "group_type": "relevance", "group_structure": "None",
         "level": 1, "second_head": "h", "third_head": "t", "question": f"number {k}?",
         "options": "\n".join(f"{c}. {c * 3}" for c in LETTERS), "answer": "A"}
        for k in range(1, 5)
    ]  # fmt: skip
    (tmp_path / "d.json").write_text(json.dumps(rows))
    write_clip(tmp_path / "videos" / "001.mp4", seconds=4, sound=False)  # frame i, at i / 10 s, is grey 4 * i
    return tmp_path


def test_an_agent_looks_at_a_moment_that_no_frame_showed(place: Path, capsys) -> None:
    with ScriptedServer(model) as server:
        words = ["eval", "video-mme-v2", "--data", "d.json", "--model", "made", "--base-url", server.base_url,
                 "--json", "out.json", "-o", "run", "frames=uniform:2", "resamples=20", "engine=agent",
                 "agent.tools=[frames,zoom]"]  # fmt: skip
        assert run(words) == 0, capsys.readouterr()
        first = next(one for one in server.requests if "<tool_response>" not in json.dumps(one))
    assert "The video is 4.0 s long. The pictures are its frames at" in json.dumps(first)
    assert str(place) not in json.dumps(first)  # a server is told of moments, not of files
    result = json.loads((place / "out.json").read_text())
    assert result["avg_acc"] == 100 and result["agents"]["depth"] == 2
    logged = json.loads((place / "run" / "predictions.jsonl").read_text().splitlines()[0])
    assert logged["meta"]["record"]["agent"]["steps"][0]["tool"]["text"] == "frames at 3.0 s"
