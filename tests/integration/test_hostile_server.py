"""A server that means harm costs one item each: no memory, no secret in a file, no steered terminal."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import zlib
from typing import Any

import pytest
from scripted_server import Act, ScriptedServer, completion

KEY = "sk-hostile-0123456789abcdef"
MOST_MIB = 500
# the peak of the program itself: what the system counts for a child begins with its parent's
CHILD = """
import sys
from vidkit.cli import main
status = main.run(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print("peak kB:", peak, flush=True)
sys.exit(status)
"""
JSON = {"content-type": "application/json"}


def reply(**choice: Any) -> Act:
    return Act(body=completion("A", **choice))


def raw(body: bytes, **headers: str) -> Act:
    return Act(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


BOMB = gzip.compress(completion("A" * (200 << 20)), 1)
TWICE = gzip.compress(gzip.compress(b" " * (50 << 20)))
OWNED = b'{"error": {"message": "\\u001b[2J\\u001b]0;owned\\u0007"}}'
LEAK = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()
# what a server may send, and whether the item has an answer all the same
REPLIES: dict[str, tuple[Act, bool]] = {
    "good": (Act(text="Answer: A"), True),
    "gzip-bomb": (raw(BOMB, content_encoding="gzip"), False),
    "gzip-twice": (raw(TWICE, content_encoding="gzip, gzip"), False),
    "deflate-bomb": (raw(zlib.compress(b" " * (300 << 20)), content_encoding="deflate"), False),
    "broken-gzip": (raw(gzip.compress(completion("A"))[:-9] + b"x" * 9, content_encoding="gzip"), False),
    "deep": (raw(b"[" * 200_000), False),
    "huge-number": (raw(b'{"choices": ' + b"9" * 100_000 + b"}"), False),
    "not-json": (raw(b"{'choices'"), False),
    "not-utf8": (raw(b'{"choices": "\xff\xfe"}'), False),
    "null": (raw(b"null"), False),
    "empty": (raw(b""), False),
    "no-choices": (raw(b'{"choices": []}'), False),
    "choice-is-text": (raw(b'{"choices": ["A"]}'), False),
    "html": (raw(b"<html><script>alert(1)</script>", content_type="text/html"), False),
    "escapes": (Act(text="\x1b[2J\x1b]0;owned\x07 Answer: A \x9b31m"), True),
    "error-escapes": (Act(status=400, body=OWNED), False),
    "key-in-error": (Act(status=400, body=LEAK), False),
    "key-in-reply": (Act(text=f"Answer: A, with {KEY}"), True),
    "half-characters": (raw(completion("Answer: A \ud800".encode("utf-8", "replace").decode())), True),
    "surrogates": (raw(b'{"choices": [{"message": {"content": "Answer: A \\ud800"}}]}'), True),
    "zero-bytes": (Act(text="Answer: A\x00\x00"), True),
    "long": (Act(text="Answer: A " + "x" * 2_000_000), True),
    "redirect": (Act(status=302, body=b"", headers={"location": "http://127.0.0.1:9/steal"}), False),
    "server-error": (Act(status=500, body=b"<h1>oops</h1>"), False),
    "reset": (Act(reset=True), False),
    "cut": (Act(cut_at=20), False),
    "drip": (Act(drip_s=2.0), False),
    "silence": (Act(delay_s=60.0), False),
    "odd-usage": (raw(b'{"choices": [{"message": {"content": "Answer: A"}}], "usage": "\\u001b[1m"}'), True),
}  # fmt: skip


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of the command over all of them."""
    folder = tmp_path_factory.mktemp("hostile")
    names = list(REPLIES)
    task = 'name: quiz\nid: "{id}"\ngroup: "{id}"\nquestion: question\noptions: choices\nanswer: gold\n'
    (folder / "quiz.yaml").write_text(task)
    rows = [
        {"id": name, "question": f"Question <{name}>", "choices": ["x", "y"], "gold": "A"} for name in names
    ]
    (folder / "d.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")

    def answer(body: dict[str, Any]) -> Act:
        name = re.search(r"Question <([\w-]+)>", json.dumps(body["messages"]))
        return REPLIES[name[1]][0] if name else Act()

    out = folder / "out"
    with ScriptedServer(answer, keep_requests=False) as server:
        words = ["eval", "quiz.yaml", "--data", "d.jsonl", "--model", "m", "--base-url", server.base_url]
        words += ["-o", "out", "--json", "r.json", "--html", "r.html", "resamples=20", "server.attempts=1"]
        words += ["server.timeout_s=8", "server.concurrency=4"]
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OPENAI_API_KEY": KEY, "OMP_NUM_THREADS": "1"},
        )
    told, _, peak = done.stdout.decode("utf-8", "backslashreplace").rpartition("peak kB:")
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    return {
        "status": done.returncode,
        "told": told,
        "mib": int(peak) / 1024,
        "rows": {row["id"]: row for row in rows},
        "folder": folder,
    }


@pytest.mark.parametrize("name", REPLIES)
def test_each_is_one_item(name: str, ended: dict[str, Any]) -> None:
    row = ended["rows"][name]
    has_answer = row.get("response") is not None
    assert has_answer == REPLIES[name][1], row
    assert has_answer or row.get("error")


def test_the_run_ends_with_a_score_of_the_others(ended: dict[str, Any]) -> None:
    assert "bug in vidkit" not in ended["told"] and "Traceback" not in ended["told"]
    assert ended["status"] in (0, 1, 5), ended["told"]
    assert (ended["folder"] / "r.json").is_file() and (ended["folder"] / "r.html").is_file()


def test_memory_stays_small(ended: dict[str, Any]) -> None:
    assert ended["mib"] < MOST_MIB


def test_nothing_steers_the_terminal(ended: dict[str, Any]) -> None:
    odd = [c for c in ended["told"] if (ord(c) < 32 and c not in "\n\r\t") or 0x7F <= ord(c) < 0xA0]
    assert odd == []


def test_no_file_has_the_key(ended: dict[str, Any]) -> None:
    files = [path for path in ended["folder"].rglob("*") if path.is_file()]
    assert len(files) > 4
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []
    assert KEY not in ended["told"]
