"""`vidkit eval --dry-run` and `--device`: what is checked and told beforehand, and nothing else happens."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="a served model needs httpx")
pytest.importorskip("av", reason="made clips need PyAV")

from made_clips import write_clip
from scripted_server import Act, ScriptedServer

from vidkit.cli.main import run

LETTERS = "ABCDEFGH"
URL = "http://127.0.0.1:9/v1"  # nobody listens there


def question(video: int, k: int) -> dict[str, Any]:
    return {
        "video_id": f"{video:03d}",
        "question_id": f"{video:03d}-{k}",
        "group_type": "relevance",
        "group_structure": "None",
        "level": 1,
        "second_head": "h",
        "third_head": "t",
        "question": "what?",
        "options": "\n".join(f"{c}. {c * 3}" for c in LETTERS),
        "answer": LETTERS[k],
    }


def level_2(clip: str, gold: str, **more: Any) -> dict[str, Any]:
    return {
        "video_id": clip,
        "question_1": {"question": "now?", "timestamp": "00:01:00", "correct_answer": gold},
        "question_2": {"question": "what?", "answer": "Fine."},
        **more,
    }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    rows = [question(video, k) for video in (1, 2) for k in range(1, 5)]
    (tmp_path / "d.json").write_text(json.dumps(rows))
    said = [{"id": row["question_id"], "prediction": row["answer"]} for row in rows[1:]]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    (tmp_path / "so.json").write_text(json.dumps([level_2("s0", "A"), level_2("s1", "B")]))
    write_clip(tmp_path / "videos" / "001.mp4", seconds=1.0)
    return tmp_path


def planned(*words: str) -> dict[str, Any]:
    assert run(["eval", *words, "--dry-run", "--json", "plan.json"]) == 0
    result: dict[str, Any] = json.loads(Path("plan.json").read_text())
    return result


def files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*")}


ASK = ("video-mme-v2", "--data", "d.json", "--model", "made", "--base-url", URL)
OMNI = ("social-omni", "--data", "so.json", "--model", "made", "--base-url", URL)


def test_a_run_is_told_and_nothing_is_asked_or_written(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(place)
    plan = planned(*ASK, "frames=uniform:8", "subtitles=subs", "--html", "r.html")
    assert files(place) - before == {"plan.json"}
    made = plan["run"]
    assert (plan["dry_run"], plan["rows"], made["items"], made["groups"]) == (True, 8, 8, 2)
    assert made["least_calls"] == made["most_calls"] == 8 and made["judge_calls"] == 0
    assert (made["videos"], made["missing_videos"]) == (2, ["videos/002.mp4"])
    assert made["missing_files"] == ["subtitle/001.jsonl", "subtitle/002.jsonl"]
    assert made["frames"] == "8" and made["api_key"] == "OPENAI_API_KEY is not set"
    shown = capsys.readouterr().out
    assert "missing     1 videos, whose items will fail: videos/002.mp4" in shown
    assert "            | Question: what?" in shown
    assert shown.endswith("dry run     nothing was asked, scored or written\n")


def test_the_hash_follows_the_wording_and_the_questions(place: Path) -> None:
    plain = planned(*ASK)["run"]["prompts_sha256"]
    assert planned(*ASK)["run"]["prompts_sha256"] == plain
    assert planned(*ASK, "reasoning=true")["run"]["prompts_sha256"] != plain
    rows = json.loads((place / "d.json").read_text())
    rows[3]["question"] = "why?"
    (place / "d.json").write_text(json.dumps(rows))
    assert planned(*ASK)["run"]["prompts_sha256"] != plain


def test_predictions_are_checked_and_missing_ones_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = planned("video-mme-v2", "--data", "d.json", "-p", "p.jsonl")["predictions"][0]
    assert (entry["rows"], entry["items"], entry["groups"]) == (7, 8, 2)
    assert entry["missing_ids"] == ["001-1"]
    assert "missing     1 predictions, counted as wrong: 001-1" in capsys.readouterr().out
    (place / "p.jsonl").write_text('{"id": "9-1", "prediction": "A"}\n')
    assert run(["eval", "video-mme-v2", "--data", "d.json", "-p", "p.jsonl", "--dry-run"]) == 2
    assert capsys.readouterr().err.startswith("error: p.jsonl line 1: unknown id '009-1'\n")


def test_calls_that_depend_on_replies(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # "how" is asked where gold is YES and the model says so; each judge gets two tries
    made = planned(*OMNI, "judges=[one,'two=other']")["run"]
    assert made["kinds"] == {"when": 2, "how": 2}
    assert (made["least_calls"], made["most_calls"], made["judge_calls"]) == (2, 3, 4)
    assert planned(*OMNI, "kinds=[when]")["run"]["most_calls"] == 2
    capsys.readouterr()
    (place / "so.json").write_text(json.dumps([level_2("s0", "A", turn_entry_s=1.0)]))
    assert planned(*OMNI, "when=streaming")["run"]["most_calls"] is None
    assert "at least 1: a stream asks once per step of 1 s" in capsys.readouterr().out


def test_a_folder_that_can_be_gone_on_with_or_not(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer(lambda _: Act(text="A")) as server:
        words = ["eval", *ASK[:-1], server.base_url, "-o", "run", "frames=uniform:2", "resamples=20"]
        assert run(words) == 0
    before = {name: (place / name).stat().st_mtime_ns for name in files(place)}
    assert planned(*words[1:])["run"]["answered"] == 4
    after = {name: (place / name).stat().st_mtime_ns for name in before if (place / name).is_file()}
    assert all(before[name] == time for name, time in after.items())
    capsys.readouterr()
    assert run([*words[:-2], "frames=uniform:3", "--dry-run"]) == 2
    assert "was begun with budget.count = 2, now it is 3" in capsys.readouterr().err
    assert planned(*words[1:-2], "frames=uniform:3", "force=true")["run"]["answered"] == 0


SELECTOR = """
from vidkit.frames.types import Selection

class First:
    def select(self, candidates, k, cfg):
        return Selection.of_reasons("first", dict.fromkeys(range(k), "top"))
"""


def test_a_selector_of_a_file_of_ones_own_picks_the_frames(place: Path) -> None:
    (place / "sel.py").write_text(SELECTOR)
    assert planned(*ASK, "frames=sel.py:First")["run"]["frames"] == "64 sel.py:First"
    assert planned(*ASK, "frames=./sel.py:First:3")["run"]["budget"]["count"] == 3
    with ScriptedServer(lambda _: Act(text="A")) as server:
        words = ["eval", *ASK[:-1], server.base_url, "-o", "run", "frames=sel.py:First:2", "resamples=20"]
        assert run(words) == 0
        pictures = [str(body).count("image_url") for body in server.requests]
    assert pictures and max(pictures) >= 2
    lines = [json.loads(line) for line in (place / "run" / "log.jsonl").read_text().splitlines()]
    assert sum("sel.py:First" in json.dumps(line) or '"first"' in json.dumps(line) for line in lines) >= 4


def test_a_limit_takes_groups_whole(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned(*ASK, "--limit", "2")["run"]["items"] == 4
    assert planned(*ASK, "--limit", "6")["run"]["items"] == 8
    words = ["eval", "video-mme-v2", "--data", "d.json", "-p", "p.jsonl", "resamples=20", "--limit"]
    assert run([*words, "3"]) == 0
    said = capsys.readouterr().out
    assert "only the first 4 rows of d.json were scored (limit; groups are taken whole)" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*ASK, "frames=wfs-sd:4"], "no selection method 'wfs-sd'"),
        ([*ASK, "frames=efs:4", "selector.relevence=x"],
         "unknown setting 'relevence' of the frame selector"),
        ([*ASK, "selector.alpha=1"], "frames=uniform takes no selector settings, found alpha"),
        ([*ASK, "frames=efs:4", "selector.fps=fast"], "selector.fps=fast is not a number"),
        ([*ASK, "durability=often"], "cannot read the sync policy 'often'"),
        ([*ASK, "decode_workers=0"], "decode_workers and stop_after must be >= 1"),
        ([*ASK, "judges=[one]"], "this task has nothing to judge"),
        ([*ASK, "kinds=[who]"], "no item of d.json is of kind 'who'"),
        ([*OMNI, "kinds=[how]"],
         "kinds=how leaves out 'l2/s0/q1', which decides whether 'l2/s0/q2' is asked"),
        ([*OMNI, "when=streaming"],
         "'l2/s0/q1': the streaming protocol needs the column 'turn_entry_s' (gold second of the turn)"),
        ([*OMNI, "judges=[a,'a=b']"], "two judges have the same name: a, a=b"),
        ([*ASK[:-1], "somewhere"], "not an address of a server: 'somewhere'"),
        ([*ASK[:3], "--model", "./nowhere"], "no model folder './nowhere'"),
        ([*ASK, "server.options.speed=3"],
         "engine 'made' has no setting 'speed'"),
    ],
    ids=["selector", "selector-setting", "plain-frames", "candidate-rate", "durability",
         "workers", "judges", "kind", "kind-before", "turn-entry", "judge-names", "address", "folder",
         "engine-option"],
)  # fmt: skip
def test_what_a_run_would_refuse_is_refused_before(
    words: list[str], message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(place)
    assert run(["eval", *words, "--dry-run"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"
    assert files(place) == before


@pytest.mark.parametrize(
    "words",
    [[*OMNI, "kinds=[how]"], [*OMNI, "when=streaming"], [*ASK, "durability=often"]],
    ids=["kind-before", "turn-entry", "durability"],
)
def test_a_run_refuses_the_same_before_its_first_call(
    words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", *words, "--dry-run"]) == 2
    planned = capsys.readouterr().err
    assert run(["eval", *words, "-o", "run"]) == 2
    assert capsys.readouterr().err == planned and not (place / "run").exists()


def test_data_that_cannot_be_scored_are_refused_before_the_first_call(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads((place / "d.json").read_text())
    rows[6]["answer"] = "Z"
    (place / "d.json").write_text(json.dumps(rows))
    with ScriptedServer(lambda _: Act(text="A")) as server:
        assert run(["eval", *ASK[:-1], server.base_url, "-o", "run"]) == 2
        assert server.requests == []
    assert capsys.readouterr().err.startswith("error: row 7 (002-3): answer 'Z' is not one of A-H\n")


@pytest.mark.parametrize("words", [ASK, (*ASK[:3], "-p", "p.jsonl")], ids=["served", "scoring"])
def test_a_device_without_anything_to_run_on_it_is_refused(
    words: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", *words, "--device", "cuda", "--dry-run"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        "error: device=cuda: scoring and served models do not use a device\nhint: only a local model"
    )
    assert run(["eval", *words, "--device", "cpu", "--dry-run"]) == 0


@pytest.mark.parametrize(
    ("device", "message"),
    [("tpu", "unknown device 'tpu'"), ("cuda", "device=cuda was asked for, but no CUDA device is available")],
)
def test_the_device_of_a_local_model_is_checked(
    device: str,
    message: str,
    place: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch", reason="a local model needs torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (place / "model").mkdir()
    assert run(["eval", *ASK[:3], "--model", "./model", "--device", device, "--dry-run"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"
