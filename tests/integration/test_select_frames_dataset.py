"""Manifests: resume after a kill, bad videos, workers, Ray; and a model that is really asked."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import vidkit_process

from vidkit.cli.main import run
from vidkit.errors import DataError
from vidkit.frames import lmms_eval
from vidkit.frames.manifest import read_manifest
from vidkit.video.mp4_stream import mp4_stream


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six short videos of two shots each, and a manifest of eight items, two of them bad."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(6):
        colours = rng.integers(20, 235, (2, 3))
        with mp4_stream(folder / f"v{number}.mp4") as stream:
            for i in range(48):
                noise = rng.normal(0, 5, (36, 64, 1))
                stream.add(np.clip(colours[i // 24] + noise, 0, 255).astype(np.uint8), i / 4)
        rows.append({"id": f"q{number}", "video": f"v{number}.mp4", "query": "something bright"})
    (folder / "text.mp4").write_text("not a video " * 100)
    rows += [{"video": "text.mp4", "question": "x"}, {"id": "last", "video": "v0.mp4", "query": "the end"}]
    (folder / "m.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return folder


def select_frames(folder: Path, out: Path, *words: str) -> int:
    return run(
        ["select-frames", "--manifest", str(folder / "m.jsonl"), "-o", str(out), "k=4", "cache=off", *words]
    )


@pytest.fixture(scope="module")
def one(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output of a run that one worker made from start to end."""
    out = tmp_path_factory.mktemp("one") / "out"
    assert select_frames(folder, out, "manifest.workers=1") == 5
    return out


@pytest.fixture(scope="module")
def whole(one: Path) -> str:
    """The selections of that run."""
    return (one / "selection.jsonl").read_text()


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_bad_videos_are_reported_and_workers_do_not_change_results(
    folder: Path, one: Path, whole: str, tmp_path: Path
) -> None:
    assert select_frames(folder, tmp_path / "two", "manifest.workers=2") == 5
    assert (tmp_path / "two" / "selection.jsonl").read_text() == whole
    rows = [json.loads(line) for line in whole.splitlines()]
    assert [row["id"] for row in rows] == [*(f"q{i}" for i in range(6)), "000007", "last"]
    assert [row["status"] for row in rows] == ["ok"] * 6 + ["failed", "ok"]
    assert "cannot read" in rows[6]["error"]
    summary = json.loads((one / "summary.json").read_text())
    assert (summary["done"], summary["failed"], summary["skipped"]) == (7, 1, 0)
    keyframes = lmms_eval.read_keyframes(one / "keyframes.json")
    assert keyframes["q1"] == rows[1]["source_index"] and "000007" not in keyframes
    pictures, times = lmms_eval.load_keyframes(folder / "v1.mp4", keyframes["q1"])
    assert pictures.shape == (4, 36, 64, 3) and times == pytest.approx(rows[1]["time_s"])
    loader = lmms_eval.keyframe_loader(lambda path: "original", {"v1.mp4": keyframes["q1"]})
    assert np.array_equal(loader(folder / "v1.mp4"), pictures) and loader("other.mp4") == "original"


def test_a_second_run_does_nothing_twice(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert select_frames(folder, out, "manifest.workers=1") == 5
    assert "error: 1 of 8 items have no selection; first 000007: cannot read" in capsys.readouterr().err
    log = (out / "log.jsonl").read_text()
    assert select_frames(folder, out, "manifest.workers=1") == 5
    assert (out / "log.jsonl").read_text() == log
    assert json.loads((out / "summary.json").read_text())["skipped"] == 8
    assert select_frames(folder, out, "manifest.retry_failed=true", "manifest.workers=1") == 5
    assert len((out / "log.jsonl").read_text().splitlines()) == len(log.splitlines()) + 1
    capsys.readouterr()
    assert select_frames(folder, out, "fps=2") == 2
    assert "holds results of other settings" in capsys.readouterr().err


def test_killed_halfway_and_resumed_gives_the_same(folder: Path, whole: str, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    words = ["select-frames", "--manifest", str(folder / "m.jsonl"), "-o", str(out), "k=4", "cache=off"]
    process = vidkit_process.start([*words, "manifest.workers=1"])
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and process.poll() is None:
        if (out / "log.jsonl").exists() and (out / "log.jsonl").read_bytes().count(b"\n") >= 3:
            workers = children_of(process.pid)
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    process.wait()
    assert workers
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in workers):
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers), "workers outlive their run"
    done = (out / "log.jsonl").read_bytes()
    with (out / "log.jsonl").open("ab") as file:
        file.write(b'{"mark": "torn')  # what a kill in the middle of a write leaves
    assert select_frames(folder, out, "manifest.workers=1") == 5
    assert (out / "selection.jsonl").read_text() == whole
    log = (out / "log.jsonl").read_bytes()
    assert log.startswith(done[: done.rfind(b"\n") + 1])
    marks = [json.loads(line).get("mark") for line in log.splitlines()]
    assert len(marks) == len(set(marks)) == 9  # the head and one line per item


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{torn", "m.jsonl:2: no JSON"),
        ("[1, 2]", "m.jsonl:2: a list, not an object"),
        ('{"query": "x"}', "m.jsonl:2: no 'video'"),
        ('{"video": "a.mp4", "query": "x", "question": "y"}', "m.jsonl:2: 'query' and 'question' differ"),
        ('{"video": 7}', "m.jsonl:2: 'video' is 7, not text"),
        ('{"video": "a.mp4", "id": "a"}', "m.jsonl:2: id 'a' is already on line 1"),
    ],
)
def test_malformed_lines_are_named_before_anything_runs(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"video": "a.mp4", "id": "a"}\n' + line + "\n")
    with pytest.raises(DataError) as caught:
        read_manifest(path)
    assert message in caught.value.message
    assert run(["select-frames", "--manifest", str(path), "-o", str(tmp_path / "out")]) == 2


def test_manifests_that_cannot_be_read(tmp_path: Path) -> None:
    for name, data in (("empty", b"\n"), ("binary", b"\xff\xfe\x00\x81")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError):
            read_manifest(tmp_path / name)
    with pytest.raises(DataError, match="cannot read the manifest"):
        read_manifest(tmp_path / "none")


def test_a_data_set_without_one_usable_video_does_not_end_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "m.jsonl", tmp_path / "out"
    path.write_text(
        '{"video": "none.mp4", "id": "a", "start": 3}\n{"video": "none2.mp4", "k": 1, "start": 4}\n'
    )
    assert (
        run(["select-frames", "--manifest", str(path), "-o", str(out), "--json", str(tmp_path / "x.json")])
        == 1
    )
    said = capsys.readouterr()
    assert (
        f"error: no item of '{path}' has a selection; first a: no video at '{tmp_path}/none.mp4'" in said.err
    )
    assert "hint: all reasons are in" in said.err
    assert "'start' of 2 lines was not used" in " ".join(said.out.split())
    summary = json.loads((tmp_path / "x.json").read_text())
    assert (summary["done"], summary["failed"], summary["unused_fields"]) == (0, 2, {"start": 2, "k": 1})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_fails_its_item_alone(
    workers: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a decoder that crashes takes its process along; here opening one file does, by an audit hook
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if os.environ.get('KILL_ON'):\n"
        "    import importlib.abc\n"
        "    def audit(event, args):\n"
        "        if event == 'open' and str(args[0]).endswith(os.environ['KILL_ON']):\n"
        "            os._exit(9)\n"
        "    sys.addaudithook(audit)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("KILL_ON", "v3.mp4")
    assert select_frames(folder, tmp_path / "out", f"manifest.workers={workers}") == 5
    rows = [json.loads(line) for line in (tmp_path / "out" / "selection.jsonl").read_text().splitlines()]
    status = {row["id"]: row["status"] for row in rows}
    assert status["q3"] == "failed" and sum(s == "failed" for s in status.values()) == 2
    assert "worker process died" in rows[3]["error"]


def test_ray_gives_the_same_results(
    folder: Path, whole: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    from ray.cluster_utils import Cluster

    # no helpers beside the two nodes: each is a process that imports for seconds
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_enable_worker_prestart", "0")
    monkeypatch.setenv("RAY_prestart_worker_first_driver", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        assert len([node for node in ray.nodes() if node["Alive"]]) == 2
        assert select_frames(folder, tmp_path / "ray", "manifest.runner=ray") == 5
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert (tmp_path / "ray" / "selection.jsonl").read_text() == whole


def test_ask_shows_frames_with_their_true_times(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from scripted_server import Act, ScriptedServer

    with ScriptedServer([Act("a bright room")]) as server:
        words = ["--ask", "what is it?", "--engine", "openai:m", "--base-url", server.base_url]
        out = tmp_path / "out"
        assert run(["select-frames", str(folder / "v2.mp4"), "bright", "k=3", "-o", str(out), *words]) == 0
        request = server.requests[0]
    assert "a bright room" in capsys.readouterr().out
    data = json.loads((out / "selection.json").read_text())
    assert data["answer"]["text"] == "a bright room"
    parts = request["messages"][0]["content"]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    assert "not evenly spaced" in texts[0] and texts[-1] == "what is it?"
    assert texts[1:-1] == [f"<{row['time_s']:.1f} s>" for row in data["frames"]]
    assert sum(part["type"] == "image_url" for part in parts) == 3


def test_ask_runs_a_local_model(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A random Qwen3-VL: its words mean nothing, but it has to see every frame and its time."""
    pytest.importorskip("torch", reason="a local model needs torch")
    from tiny_models import save_tiny_vlm

    model, out = save_tiny_vlm(tmp_path / "vlm"), tmp_path / "out"
    words = ["--ask", "which colour is it", "--engine", f"transformers:{model}", "ask.max_tokens=6"]
    assert run(["select-frames", str(folder / "v2.mp4"), "bright", "k=3", "-o", str(out), *words]) == 0
    answer = json.loads((out / "selection.json").read_text())["answer"]
    assert answer["question"] == "which colour is it" and len(answer["frames"]) == 3
    assert isinstance(answer["text"], str) and answer["finish_reason"]
    assert "answer" in capsys.readouterr().out
    assert run(["select-frames", str(folder / "v2.mp4"), "k=3", "-o", str(tmp_path / "b"), "--ask", "why",
                "--engine", f"transformers:{tmp_path / 'none'}"]) == 2  # fmt: skip


def test_a_server_that_fails_is_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from scripted_server import Act, ScriptedServer

    with ScriptedServer([Act(status=400, body=b'{"error": {"message": "no such model"}}')]) as server:
        words = ["--ask", "what is it?", "--engine", "openai:m", "--base-url", server.base_url]
        assert run(["select-frames", str(folder / "v2.mp4"), "k=3", "-o", str(tmp_path / "out"), *words]) != 0
    shown = capsys.readouterr().err
    assert "error: " in shown and "Traceback" not in shown


def test_ids_that_look_alike_do_not_share_a_folder(folder: Path, tmp_path: Path) -> None:
    ids = ["a/b", "a_b", "a b", "A_B", "..", "."]
    rows = [{"id": one, "video": str(folder / "v0.mp4"), "query": "the end"} for one in ids]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    words = ("manifest.workers=1", "manifest.files=true", "write.plot=none")
    assert select_frames(tmp_path, tmp_path / "out", *words) == 0
    folders = sorted((tmp_path / "out" / "items").iterdir())
    assert len(folders) == len(ids) and all((one / "selection.json").is_file() for one in folders)
    assert not (tmp_path / "out" / "selection.json").exists()
    # again, over its own files, and not over those of others
    (tmp_path / "out" / "log.jsonl").unlink()
    assert select_frames(tmp_path, tmp_path / "out", *words) == 0
    (tmp_path / "out" / "log.jsonl").unlink()
    (folders[0] / "sheet.png").write_text("mine")
    assert select_frames(tmp_path, tmp_path / "out", *words) == 2
    assert (folders[0] / "sheet.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"video": "a.mp4", "id": ""}', "m.jsonl:2: the id '' is empty"),
        ('{"video": "a.mp4", "id": "a\\u0000b"}', "m.jsonl:2: the id .* control character"),
        ('{"video": "a.mp4", "id": "\\ud800"}', "m.jsonl:2: the id .* half a character"),
        ('{"video": "a.mp4", "id": null}', "m.jsonl:2: 'id' is None"),
        ('{"video": "a.mp4", "id": [1]}', "m.jsonl:2: 'id' is "),
        ('{"video": "a.mp4", "query": "\\ud800"}', "m.jsonl:2: 'query' holds half a character"),
        ('{"video": "a.mp4", "video": "b.mp4"}', "m.jsonl line 2: duplicate key 'video'"),
        ('{"video": "a.mp4", "id": ' + "9" * 5000 + "}", "m.jsonl:2: "),
    ],
)
def test_ids_and_lines_that_are_refused(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "m.jsonl").write_text('{"video": "a.mp4", "query": "a\u2028b"}\n' + line + "\n")
    with pytest.raises(DataError, match=reason):
        read_manifest(tmp_path / "m.jsonl")


def test_files_of_others_in_the_folder_of_a_data_set_stay(folder: Path, tmp_path: Path) -> None:
    for name in ("log.jsonl", "summary.json", "selection.jsonl", "keyframes.json"):
        out = tmp_path / name.replace(".", "_")
        out.mkdir()
        (out / name).write_text("my notes, without an end of line")
        assert select_frames(folder, out, "manifest.workers=1") == 2
        assert (out / name).read_text() == "my notes, without an end of line"
