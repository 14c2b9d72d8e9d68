"""A run that is killed with SIGKILL in the middle goes on where its log stops, over a real HTTP server."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scripted_server import Act, ScriptedServer

ITEMS = 120
CHILD = """
import sys
from vidkit.evaluation.running import RunOptions, run
from vidkit.evaluation.types import Item, Part, PartKind, Prompt, Visuals
from vidkit.serving import open_engine

class Quiz:
    def items(self, rows):
        for place in rows:
            yield Item(f"q{place:03d}", "g", f"Question {place}", ("x", "y"))
    def visuals(self, item):
        return Visuals()
    def prompt(self, item, mode):
        return Prompt((Part(PartKind.TEXT, item.question),))

engine = open_engine("openai:m", base_url=sys.argv[1], concurrency=8)
summary = run(Quiz(), range(int(sys.argv[3])), engine, sys.argv[2], RunOptions())
print(summary.answered, summary.resumed, summary.calls)
"""


def start(server, folder):
    command = [sys.executable, "-c", CHILD, server.base_url, str(folder), str(ITEMS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def wait_for_lines(log, count, process, limit_s=300.0):
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends and process.poll() is None:
        if log.exists() and log.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.01)
    pytest.fail(f"the run did not reach {count} lines in {limit_s} s")


def echo(body):
    number = body["messages"][0]["content"].split()[-1]
    return Act(text=f"reply to {number}", delay_s=0.02)


def test_killed_run_loses_only_calls_in_flight(tmp_path):
    log = tmp_path / "log.jsonl"
    rng = random.Random(0)
    kept = []
    with ScriptedServer(echo) as server:
        for lines in (20, 55, 90):
            process = start(server, tmp_path)
            wait_for_lines(log, lines + rng.randrange(8), process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kept.append([json.loads(line)["id"] for line in log.read_bytes().split(b"\n")[:-1]])
            # what a power cut could leave
            with log.open("ab") as file:
                file.write(b'{"id": "q119", "respo')
        asked_before = len(server.requests)
        last = start(server, tmp_path)
        out, _ = last.communicate(timeout=300)
    answered, resumed, calls = map(int, out.split())
    assert last.returncode == 0
    assert (answered, resumed, calls) == (ITEMS, len(kept[-1]), ITEMS - len(kept[-1]))
    assert all(len(set(ids)) == len(ids) for ids in kept)
    # three kills, each may lose what was in flight: eight calls
    assert asked_before + calls <= ITEMS + 3 * 8
    rows = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [f"q{place:03d}" for place in range(ITEMS)]
    assert all(row["response"] == f"reply to {place}" for place, row in enumerate(rows))


MEMORY = CHILD.replace(
    "print(summary",
    "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\nprint(summary",
)


def peak_mib(server, folder, items):
    command = [sys.executable, "-c", MEMORY, server.base_url, str(folder), str(items)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    return int(out.stdout.split()[0]) / 1024


def test_memory_does_not_grow_with_the_items(tmp_path):
    with ScriptedServer([Act(text="x" * 8000)], keep_requests=False) as server:
        few = peak_mib(server, tmp_path / "few", 200)
        many = peak_mib(server, tmp_path / "many", 1200)
    # 1,000 more items at 8 kB a reply would be 8 MiB and more, if they were held
    assert many - few < 6
