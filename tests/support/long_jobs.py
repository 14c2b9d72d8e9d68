"""The commands that run long, small enough for tests: how each is started, its log, and its results."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import vidkit_process
from scripted_server import Act, ScriptedServer
from stopwatch import patience_s

from vidkit.video.mp4_stream import mp4_stream

ITEMS = 12
SIGNAL_S = 5.0  # what a run may take to end once it was told to


@dataclass
class Job:
    """A command that can be killed and started again.

    Attributes:
        name: of it.
        words: of the command line, for an output.
        log: the file whose lines are its progress, below the output's folder.
        lines: that a whole run has there.
        results: what must be the same after any number of kills.
        calls: of the server it asks, if it asks one.
        heavy: whether it needs torch.
        ending_s: of processor time from the last signal to the end, which load does not lengthen.
    """

    name: str
    words: Callable[[Path], list[str]]
    log: Callable[[Path], Path]
    lines: int
    results: Callable[[Path], Any]
    calls: Callable[[], int] = field(default=lambda: 0)
    heavy: bool = False
    ending_s: float = 0.0

    def start(self, out: Path) -> vidkit_process.Forked:
        """The command in a process of its own, in a session of its own."""
        out.mkdir(parents=True, exist_ok=True)
        return vidkit_process.start(
            self.words(out),
            cwd=Path(__file__).parents[2],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            heavy=self.heavy,
            new_session=True,
        )

    def run(self, out: Path) -> tuple[int, str]:
        """To the end: exit status and standard error."""
        process = self.start(out)
        told = process.communicate(timeout=1800)[1]
        return process.returncode, told

    def done(self, out: Path) -> int:
        """Lines in the log."""
        log = self.log(out)
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def stopped_at(self, out: Path, lines: int, number: int, limit_s: float = 300) -> tuple[int, float, str]:
        """Start it, send a signal once the log has some lines.

        Returns:
            Exit status, seconds from the signal to the end, standard error. Where it was whole before the
            signal came, the status is its own.
        """
        process = self.start(out)
        ends = time.monotonic() + limit_s
        while time.monotonic() < ends and process.poll() is None and self.done(out) < lines:
            time.sleep(0.005)
        before = process.spent_until_now() if process.poll() is None else 0.0
        began = time.monotonic()
        if process.poll() is None:
            process.send_signal(number)
        told = process.communicate(timeout=600)[1]
        took = time.monotonic() - began
        self.ending_s = process.spent_s - before
        assert process.returncode is not None
        return process.returncode, took, told


def allowed_s() -> float:
    """Seconds in which a run has to end; more where others keep the processors busy."""
    return max(SIGNAL_S, patience_s(SIGNAL_S / 2))


def alive_in_session(pid: int) -> list[int]:
    """Processes of a session that still run, without those that only wait to be reaped."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == pid and fields[0] != "Z":
            found.append(int(place.parent.name))
    return found


def stray_files(folder: Path) -> list[str]:
    """Temporary files that something left."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*") if path.name != ".lock")


def manifest(folder: Path) -> Job:
    """Frames for a dozen short videos with two workers."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    rows = []
    for number in range(ITEMS):
        colours = rng.integers(20, 235, (2, 3))
        with mp4_stream(folder / f"v{number}.mp4") as stream:
            for i in range(48):
                noise = rng.normal(0, 5, (36, 64, 1))
                stream.add(np.clip(colours[i // 24] + noise, 0, 255).astype(np.uint8), i / 4)
        rows.append({"id": f"q{number}", "video": f"v{number}.mp4", "query": "something bright"})
    (folder / "m.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    words = ["select-frames", "--manifest", str(folder / "m.jsonl"), "k=4", "cache=off", "manifest.workers=2"]
    return Job(
        "manifest",
        lambda out: [*words, "-o", str(out)],
        lambda out: out / "log.jsonl",
        1 + ITEMS,
        lambda out: [(out / name).read_bytes() for name in ("selection.jsonl", "keyframes.json")],
    )


@contextmanager
def evaluation(folder: Path) -> Iterator[Job]:
    """Forty questions to a served model."""
    folder.mkdir(parents=True)
    (folder / "quiz.yaml").write_text(
        'name: quiz\nid: "{id}"\ngroup: "{id}"\nquestion: question\noptions: choices\nanswer: gold\n'
        "answer_is: index\n"
    )
    rows = [{"id": f"b{n:02d}", "question": f"Question {n}", "choices": ["x", "y", "z"], "gold": n % 3}
            for n in range(40)]  # fmt: skip
    (folder / "d.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")

    def answer(body: dict[str, Any]) -> Act:
        text = json.dumps(body["messages"])
        number = next(n for n in range(39, -1, -1) if f"Question {n}" in text)
        return Act(text=f"Answer: {'ABC'[number % 2]}", delay_s=0.05)

    with ScriptedServer(answer) as server:
        words = ["eval", str(folder / "quiz.yaml"), "--data", str(folder / "d.jsonl"), "--model", "m"]
        words += ["--base-url", server.base_url, "resamples=20", "server.concurrency=2"]

        def results(out: Path) -> Any:
            lines = (out / "predictions.jsonl").read_text().splitlines()
            return [{key: row.get(key) for key in ("id", "response")} for row in map(json.loads, lines)]

        yield Job(
            "eval",
            lambda out: [*words, "-o", str(out)],
            lambda out: out / "log.jsonl",
            40,
            results,
            lambda: len(server.requests),
        )


def agents(folder: Path) -> Job:
    """Two dozen questions to the embedded pair: drafts, and an agent for those that are not believed."""
    folder.mkdir(parents=True)
    words = [
        "eval",
        "v-star-mini",
        "engine=speculative",
        "--limit",
        "24",
        "resamples=20",
        "server.concurrency=2",
    ]

    def results(out: Path) -> Any:
        lines = (out / "predictions.jsonl").read_text().splitlines()
        return [{key: row.get(key) for key in ("id", "response")} for row in map(json.loads, lines)]

    return Job("agents", lambda out: [*words, "-o", str(out)], lambda out: out / "log.jsonl", 24, results)


_TINY = ["height=32", "width=32", "frames=13", "steps=3", "--device", "cpu"]
_TINY += ["model.weights=pretrained"]


def calibration(folder: Path, model: Path) -> Job:
    """Twenty probes of a tiny model."""
    folder.mkdir(parents=True)
    (folder / "prompts.txt").write_text("a red ball\na green ball\na light maze\n")
    words = [
        "calibrate", f"prompts={folder / 'prompts.txt'}", "prompt_count=3", *_TINY, f"model.path={model}",
        "attention.block_q=8", "attention.block_k=8", "attention.stride=4", "attention.always_keep=[]",
        "candidates=[0.5,0.7]", "attention.tau=0.7", "intervals=3", "target_reuse=0.3",
    ]  # fmt: skip

    def results(out: Path) -> Any:
        table = json.loads((out / "table.json").read_text())
        return {name: table[name] for name in ("tau", "candidates", "model", "budget")}

    return Job(
        "calibrate",
        lambda out: [*words, "--output", str(out / "table.json"), f"work={out / 'work'}"],
        lambda out: out / "work" / "probes.jsonl",
        21,
        results,
        heavy=True,
    )


def generation(folder: Path, model: Path) -> Job:
    """Four clips of a tiny model, by the lines of a file."""
    folder.mkdir(parents=True)
    (folder / "clips.txt").write_text("\n".join(f"a {word} ball" for word in
                                               ("red", "green", "light", "dark")) + "\n")  # fmt: skip
    words = ["generate", f"prompts={folder / 'clips.txt'}", *_TINY, f"model.path={model}", "image=null"]
    words += ["--seed", "3", "model.family=skyreels_df"]

    def results(out: Path) -> Any:
        from vidkit.video.reading import read_clip

        # hidden ones are what a kill left of files that were being written
        seen = [path for path in sorted(out.iterdir()) if not path.name.startswith(".")]
        records = {path.name: json.loads(path.read_text()) for path in seen if path.suffix == ".json"}
        clips = {path.name: read_clip(path).frames.shape for path in seen if path.suffix == ".mp4"}
        return {name: (record["seed"], record["prompt"]) for name, record in records.items()}, clips

    return Job(
        "generate",
        lambda out: [*words, "--output", str(out)],
        lambda out: out / "batch.jsonl",
        5,
        results,
        heavy=True,
    )


def bench(folder: Path) -> Job:
    """Trackers on a dozen clips, measured by two workers."""
    folder.mkdir(parents=True)
    words = ["bench", "vr-bench", "sections=[truth]", "types=[regular]", "difficulties=[easy]"]
    words += ["truth.seeds=2", "truth.size=128", "truth.frames=41", "truth.trackers=[robust]"]

    def results(out: Path) -> Any:
        record = json.loads((out / "vr_bench.json").read_text())
        rows = [json.loads(line) for line in (out / "work" / "truth.jsonl").read_text().splitlines()[1:]]
        return record["complete"], sorted(row["key"] for row in rows)

    log = Path("work") / "truth.jsonl"
    return Job("bench", lambda out: [*words, "-o", str(out)], lambda out: out / log, 13, results)


def killed_and_resumed(
    job: Job, folder: Path, kills: int, draw: random.Random, until: float = float("inf")
) -> dict[str, Any]:
    """Kill a job again and again at lines of its log, let it end, compare with one that was left alone.

    Args:
        job: to be killed.
        folder: for its outputs.
        kills: how many.
        draw: the lines.
        until: by the monotonic clock, after which no further kill begins.

    Returns:
        Kills, of which so many were before the job was whole, what is wrong (empty: nothing).
    """
    wrong: list[str] = []
    status, told = job.run(folder / "whole")
    if status:
        wrong.append(f"whole run: {status}: {told[-300:]}")
    wanted = job.results(folder / "whole") if not wrong else None
    done, number = 0, 0
    while done < kills and not wrong and time.monotonic() < until:
        out = folder / f"killed{number}"
        number += 1
        lines = 0
        while done < kills and lines < job.lines - 1 and time.monotonic() < until:
            lines = draw.randrange(min(job.done(out), job.lines - 1), job.lines)
            status, _, told = job.stopped_at(out, lines, signal.SIGKILL)
            if status != -signal.SIGKILL:
                if status:
                    wrong.append(f"resumed at {lines}: {status}: {told[-300:]}")
                break
            done += 1
        before = job.log(out).read_bytes() if job.log(out).exists() else b""
        status, told = job.run(out)
        after = job.log(out).read_bytes() if job.log(out).exists() else b""
        if status:
            wrong.append(f"last run: {status}: {told[-300:]}")
        elif job.results(out) != wanted:
            wrong.append(f"run {number}: results differ")
        if not after.startswith(before[: before.rfind(b"\n") + 1]):
            wrong.append(f"run {number}: the log was not only added to")
    return {"job": job.name, "kills": done, "wrong": wrong}
