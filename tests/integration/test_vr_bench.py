"""`vidkit eval vr-bench` as a user starts it: a served model asked about levels, clips scored beside it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="asking a server needs httpx")
pytest.importorskip("av", reason="clips need PyAV")

from scripted_server import Act, ScriptedServer
from vr_bench_set import solved, static, write_clip, write_set

from vidkit.cli.main import run
from vidkit.mazes import Level

COUNT = 7


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(level: Level, number: int) -> str:
    """Each level is answered in another manner."""
    moves = list(level.solution.moves)
    whole = json.dumps({"path": moves})
    return [
        whole,
        f"<think>{json.dumps({'path': ['up']})} no, wrong</think>Here it is:\n```json\n{whole}\n```",
        whole[: whole.rfind('"', 0, -3)],  # cut off in the last word
        ", then ".join(moves),
        json.dumps({"path": [list(cell) for cell in level.solution.cells]}),
        json.dumps({"path": ["nowhere"] * 3}),
        "I'm sorry, I cannot see the picture.",
    ][number]


def test_a_served_model_is_asked_and_stands_in_one_table_with_clips(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = write_set(place / "set", ("regular",), COUNT, with_clips=False)
    replies = {}
    for number, level in enumerate(levels):
        image = place / "set" / "maze" / "1" / "easy" / "images" / f"easy_{number + 1:04d}.png"
        replies[base64.b64encode(image.read_bytes()).decode()] = said(level, number)
        write_clip(place / "clips", level, number + 1, solved(level) if number < 3 else static(level))

    def answer(body: dict[str, Any]) -> Act:
        text = json.dumps(body)
        return Act(text=next(reply for image, reply in replies.items() if image in text))

    clips = ["--data", "set", "--videos", "clips", "--json", "v.json", "workers=1"]
    assert run(["eval", "vr-bench", *clips]) == 0
    with ScriptedServer(answer) as server:
        words = ["--data", "set", "--model", "seer", "--base-url", server.base_url, "--json", "m.json"]
        assert run(["eval", "vr-bench", *words, "beside=[v.json]", "--html", "m.html"]) == 0
        assert len(server.requests) == COUNT
        assert run(["eval", "vr-bench", *words, "beside=[v.json]", "--html", "m.html"]) == 0
        assert len(server.requests) == COUNT, "what was answered is not asked again"
    out = capsys.readouterr().out
    assert "Video models and language models" in out
    got = json.loads((place / "m.json").read_text())
    outcome = [(item["failure"], item["rule"]) for item in got["items"]]
    assert outcome == [
        (None, "json"),
        (None, "json"),
        ("goal", "cut off"),
        (None, "words"),
        (None, "coordinates"),
        ("unread", ""),
        ("unread", ""),
    ]
    assert got["overall"]["values"]["success"] == pytest.approx(100 * 4 / COUNT)
    assert got["overall"]["values"]["official_sr"] == pytest.approx(100 * 2 / COUNT)
    together = next(table for table in got["tables"] if table["name"] == "together")
    assert [row[1:4] for row in together["rows"]] == [
        ["this model", "language", COUNT],
        ["clips", "video", COUNT],
    ]
    assert "As reported by the authors" in (place / "m.html").read_text()


def test_the_embedded_model_makes_its_mazes_and_is_scored_and_resumed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", "vr-bench", "--model", "maze_demo", "-o", "run", "--json", "g.json", "generate.frames=9"]
    assert run([*words, "benchmark.types=[maze3d]", "benchmark.difficulties=[hard,medium]"]) == 2
    assert "'maze_demo' shows maze3d mazes only as easy, not as hard, medium" in capsys.readouterr().err
    assert run([*words, "--data", "set"]) == 2
    assert "not those of a set" in capsys.readouterr().err
    quick = [*words, "generate.steps=1"]
    small = ["benchmark.types=[regular,trapfield]", "benchmark.sizes=[4]", "benchmark.levels=1"]
    small.append("benchmark.difficulties=[easy]")
    assert run([*quick, *small, "--dry-run"]) == 0
    assert not (place / "run").exists()
    assert run([*quick, *small]) == 0
    clip = place / "run" / "clips" / "regular" / "easy_40000" / "0.mp4"
    written = clip.stat().st_mtime_ns
    assert run([*quick, *small]) == 0
    assert clip.stat().st_mtime_ns == written, "a clip that is there is not made again"
    got = json.loads((place / "g.json").read_text())
    assert (got["model"], got["sizes"]["regular/4x4"]["attempts"]) == ("maze_demo", 1)
    assert got["types"]["regular"]["values"]["pr"] is None
    assert got["types"]["trapfield"]["values"]["pr"] is not None
    assert got["sizes"]["trapfield/5x5"]["attempts"] == 1
    assert "2 made earlier" in capsys.readouterr().err
    assert run([*words, *small, "generate.steps=2"]) == 2
    assert "was begun with request.steps = 1, now it is 2" in capsys.readouterr().err


def test_the_folder_of_a_pipeline_makes_clips_of_a_set(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from vidkit.generation.folder import embedded_folder

    write_set(place / "set", ("trapfield",), 1, with_clips=False)
    words = ["eval", "vr-bench", "--model", str(embedded_folder()), "--data", "set", "-o", "run"]
    words += ["benchmark.prompt=a red ball solves a light 5x5 maze", "generate.steps=1", "workers=1"]
    assert run([*words, "generate.frames=5"]) == 2
    assert "1 of 1 levels need more frames than 5: trapfield/1/easy_0001" in capsys.readouterr().err
    assert run([*words, "generate.frames=17", "--json", "s.json", "samples=2"]) == 0
    got = json.loads((place / "s.json").read_text())
    assert got["clips"]["found"] == 2
    assert got["overall"]["attempts"] == 2
    assert got["overall"]["values"]["official_mf"] is not None
