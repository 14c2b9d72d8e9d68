"""A server that means harm costs one item each: no memory, no secret in a file, no steered terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hostile_replies import REPLIES, Ended, answer, ended
from scripted_server import Act, ScriptedServer

from vidkit import sandbox
from vidkit.video.mp4_stream import mp4_stream

QUIZ = 'name: quiz\nid: "{id}"\ngroup: "{id}"\nquestion: question\noptions: choices\nanswer: gold\n'
SERVER = ["server.attempts=1", "server.timeout_s=8", "server.concurrency=4"]
# of those that a client treats alike some are enough for commands that share it
SOME = [
    "good", "gzip-bomb", "gzip-twice", "deep", "huge-number", "not-utf8", "html", "escapes", "redirect",
    "error-escapes", "key-in-error", "key-in-reply", "surrogates", "zero-bytes", "long", "cut",
]  # fmt: skip
FEW = ["gzip-twice", "escapes", "key-in-error", "surrogates"]


def rows(path: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """One run of `eval` over all of them."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "quiz.yaml").write_text(QUIZ)
    data = [{"id": n, "question": f"Question <{n}>", "choices": ["x", "y"], "gold": "A"} for n in REPLIES]
    (folder / "d.jsonl").write_text("\n".join(map(json.dumps, data)) + "\n")
    with ScriptedServer(answer, keep_requests=False) as server:
        words = ["eval", "quiz.yaml", "--data", "d.jsonl", "--model", "m", "--base-url", server.base_url]
        words += ["-o", "out", "--json", "r.json", "--html", "r.html", "resamples=20", *SERVER]
        return ended(folder, [words])


@pytest.mark.parametrize("name", REPLIES)
def test_each_is_one_item(name: str, evaluated: Ended) -> None:
    row = rows(evaluated.folder / "out" / "predictions.jsonl")[name]
    has_answer = row.get("response") is not None
    assert has_answer == REPLIES[name][1], row
    assert has_answer or row.get("error")


def test_the_run_ends_with_a_score_of_the_others(evaluated: Ended) -> None:
    evaluated.check()
    assert (evaluated.folder / "r.json").is_file() and (evaluated.folder / "r.html").is_file()


@pytest.mark.parametrize("engine", ["agent", "speculative"])
def test_agents_lose_one_item_each(engine: str, tmp_path: Path) -> None:
    PIL.Image.new("RGB", (64, 64), "red").save(tmp_path / "p.png")
    text = "Question <{}>\n(A) x\n(B) y"
    data = [
        {"question_id": n, "category": "c", "text": text.format(n), "label": "A", "image": "p.png"}
        for n in SOME
    ]
    (tmp_path / "v.jsonl").write_text("\n".join(map(json.dumps, data)) + "\n")
    with ScriptedServer(answer, keep_requests=False) as server:
        words = ["eval", "v-star", "--data", "v.jsonl", f"engine={engine}", "--model", "m", "--base-url"]
        words += [server.base_url, "-o", "out", "--html", "r.html", "resamples=20", *SERVER]
        if engine == "speculative":
            words += ["draft.model=d", f"draft.base_url={server.base_url}", "draft.threshold=0.5"]
        done = ended(tmp_path, [words])
    done.check()
    found = rows(tmp_path / "out" / "predictions.jsonl")
    assert {name.removeprefix("c-") for name in found} == set(SOME)
    assert all((row.get("response") is None) == bool(row.get("error")) for row in found.values())


def test_a_judge_of_unread_replies_costs_its_verdicts_alone(tmp_path: Path) -> None:
    (tmp_path / "quiz.yaml").write_text(QUIZ)
    data = [{"id": n, "question": f"Question <{n}>", "choices": ["x", "y"], "gold": "A"} for n in SOME]
    said = [{"id": n, "prediction": "It is hard to say, surely."} for n in SOME]
    for name, listed in (("d.jsonl", data), ("p.jsonl", said)):
        (tmp_path / name).write_text("\n".join(map(json.dumps, listed)) + "\n")
    with ScriptedServer(answer, keep_requests=False) as server:
        words = ["eval", "quiz.yaml", "--data", "d.jsonl", "-p", "p.jsonl", "--answer-judge", server.base_url]
        done = ended(
            tmp_path, [[*words, "--answer-judge-model", "j", "--json", "r.json", "resamples=20", *SERVER]]
        )
    done.check()
    assert (tmp_path / "r.json").is_file()


def test_frames_are_there_whatever_is_answered(tmp_path: Path) -> None:
    with mp4_stream(tmp_path / "v.mp4") as stream:
        for i in range(8):
            stream.add(np.full((48, 80, 3), 6 * i, dtype=np.uint8), i / 2)
    with ScriptedServer(answer, keep_requests=False) as server:
        words = ["select-frames", "v.mp4", "k=2", "--engine", "openai:m", "--base-url", server.base_url]
        words += ["write.plot=none", "write.sheet=false", "cache=off", "--html"]
        done = ended(tmp_path, [[*words, "--ask", f"Question <{n}>", "-o", f"o-{n}"] for n in FEW])
    done.check()
    for name, status in zip(FEW, done.statuses, strict=True):
        assert status == (0 if REPLIES[name][1] else 1), name
        assert len(list((tmp_path / f"o-{name}" / "frames").iterdir())) == 2
        assert (tmp_path / f"o-{name}" / "page.html").is_file()


@pytest.mark.skipif(not any(backend.works for backend in sandbox.backends()), reason="no sandbox works here")
def test_a_model_that_writes_trackers_costs_its_attempt(tmp_path: Path) -> None:
    with ScriptedServer(answer, keep_requests=False) as server:
        words = ["--llm", server.base_url, "--model", "m", "--attempts", "1", "--to", "svg", "--json"]
        done = ended(tmp_path, [["algoviz", "ask", f"Question <{n}>", *words, f"{n}.json"] for n in FEW])
    done.check()
    assert all(done.statuses), done.statuses


def test_an_act_without_a_name_is_the_plain_answer() -> None:
    assert answer({"messages": ["?"]}).body == Act().body
