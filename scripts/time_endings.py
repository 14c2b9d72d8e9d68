"""Tell every command to end, at any moment of it: how long it takes, with what status, and what is left.

    python scripts/time_endings.py --each 4 --record docs/results/endings.jsonl
    python scripts/time_endings.py --only tune "bench attention" --each 10

A command is a process of its own, told by SIGINT and SIGTERM in turns at a random moment after its start.
Beside the seconds of the clock a row has `slowness`, how many times longer a piece of work took that was
timed right before, than on the machine alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = (
    "n = 3000\nx = list(range(n, 0, -1))\nfor i in range(n):\n    for j in range(i):\n        x[j] += 1\n"
)
TASK = 'name: t\nid: "{id}"\ngroup: "{id}"\nquestion: q\noptions: choices\nanswer: gold\n'
LONGEST_S = 600  # that one may take to end before it counts as hung
# words, OUT being a new folder and SERVER one that never answers, and seconds it runs at least
COMMANDS: dict[str, tuple[str, float]] = {
    "generate": ("generate --seed 1 steps=40 -o OUT/x.mp4", 20),
    "generate, causal": ("generate -c maze_causal_demo --seed 1 -o OUT/x.mp4", 12),
    "generate, cached": ("generate cache=change --seed 1 steps=40 -o OUT/x.mp4", 20),
    "generate, a file of prompts": ("generate prompts=clips.txt --seed 1 -o OUT/clips", 20),
    "tune": ("tune -o OUT/tune", 40),
    "calibrate": ("calibrate -c maze -o OUT/table.json work=OUT/work", 40),
    "calibrate cache": ("calibrate cache -c maze -o OUT/table.json", 20),
    "select-frames": ("select-frames video.mp4 a-red-ball k=8 cache=off -o OUT/frames", 6),
    "eval vr-bench --make": ("eval vr-bench --make OUT/set benchmark.levels=50", 20),
    "eval engine=speculative": ("eval v-star-mini engine=speculative -o OUT/run", 40),
    "eval engine=agent": ("eval v-star-mini engine=agent -o OUT/run", 30),
    "bench attention": ("bench attention -o OUT", 60),
    "bench attention-quality": ("bench attention-quality -o OUT", 60),
    "bench caching": ("bench caching -o OUT", 60),
    "bench select-frames": ("bench select-frames -o OUT", 40),
    "bench vr-bench": ("bench vr-bench -o OUT", 40),
    "bench agents": ("bench agents -o OUT", 12),
    "bench algoviz": ("bench algoviz programs=reference -o OUT", 30),
    "algoviz run": ("algoviz run s.py -o OUT/t.json", 10),
    "algoviz demo": ("algoviz demo quicksort -o OUT/t.mp4", 10),
    "algoviz ask": ("algoviz ask sort-them --llm SERVER --model m --input [5,2,8] -o OUT/x.mp4", 10),
    "eval --model": ("eval t.yaml --data d.jsonl --model m server.base_url=SERVER -o OUT/run", 10),
    "select-frames --manifest": ("select-frames --manifest m.jsonl k=8 cache=off -o OUT/frames", 12),
    "bench vbench": ("bench vbench videos=[clips.of] dimensions=[temporal_flickering] -o OUT", 12),
}


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Address of a server that takes every call and answers none."""
    held = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):  # closed
                while True:
                    held.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    for each in held:
        each.close()


def told(words: list[str], place: Path, after_s: float, number: int) -> dict[str, Any]:
    """Start a command, tell it to end after some seconds; what became of it."""
    import long_jobs
    import stopwatch

    out = place / "out"
    out.mkdir()
    with (place / "said").open("w+b") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "vidkit", *(word.replace("OUT", str(out)) for word in words)],
            cwd=place, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            slowness = stopwatch.slowness(time.monotonic)
            began = time.monotonic()
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):  # it is among those that are left
                process.wait(LONGEST_S)
            took = time.monotonic() - began
        else:
            slowness = took = 0.0
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    time.sleep(0.2)
    left = long_jobs.alive_in_session(process.pid)
    status = process.poll()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    process.wait()
    return {
        "status": status, "seconds": round(took, 2), "slowness": round(slowness, 1),
        "left": len(left), "files": long_jobs.stray_files(out), "text": text,
    }  # fmt: skip


def wrong_with(row: dict[str, Any], number: int) -> str:
    """What a command may not do when it is told to end; empty: nothing."""
    text = row["text"]
    if row["slowness"] == 0.0 and row["status"] == 0:
        return ""  # whole before the signal came
    if row["status"] is None:
        return f"had not ended after {LONGEST_S} s"
    if row["status"] not in (128 + number, 0):
        return f"status {row['status']}: {text[-300:]}"
    if "Traceback" in text or "bug in vidkit" in text or "Exception ignored" in text:
        return f"says {text[-600:]}"
    if row["left"]:
        return f"{row['left']} processes outlived it"
    if row["seconds"] > 5.0 * max(1.0, row["slowness"]):
        return f"took {row['seconds']} s"
    return ""


def inputs(place: Path) -> None:
    """Files that commands read."""
    import numpy as np

    from vidkit.video.mp4_stream import mp4_stream

    (place / "s.py").write_text(SCRIPT)
    (place / "clips.txt").write_text("\n".join(f"a maze, number {number}" for number in range(40)) + "\n")
    rng = np.random.default_rng(0)
    with mp4_stream(place / "video.mp4") as stream:
        for i in range(600):
            stream.add(rng.integers(0, 255, (180, 320, 3), dtype=np.uint8), i / 10)
    (place / "t.yaml").write_text(TASK)
    rows = [{"id": str(n), "q": "?", "choices": ["x", "y"], "gold": "A"} for n in range(40)]
    (place / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    videos = [{"id": str(n), "video": "video.mp4", "query": "bright"} for n in range(40)]
    (place / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in videos))
    (place / "clips.of").mkdir()
    for number in range(12):
        shutil.copyfile(place / "video.mp4", place / "clips.of" / f"{number}.mp4")


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    from scripts.rows import tell

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("--each", type=int, default=4, help="signals to each command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--record", type=Path, help="JSONL file that a row for each command is added to")
    chosen = parser.parse_args()
    until, failed = time.monotonic() + 60 * chosen.minutes, False
    with tempfile.TemporaryDirectory() as folder, silent_server() as address:
        inputs(Path(folder))
        for name in chosen.only or COMMANDS:
            if time.monotonic() > until:
                print("time is up", file=sys.stderr)
                break
            row = of_command(name, Path(folder), chosen, address)
            failed |= bool(row["wrong"])
            tell(row, chosen.record)
    return int(failed)


def of_command(name: str, base: Path, chosen: argparse.Namespace, address: str) -> dict[str, Any]:
    """One command, told so many times."""
    words, lasts_s = COMMANDS[name]
    draw = random.Random(f"{name}:{chosen.seed}")
    found, wrong = [], []
    for count in range(chosen.each):
        number = (signal.SIGINT, signal.SIGTERM)[count % 2]
        place = base / f"{name.replace(' ', '-')}-{count}"
        shutil.copytree(base, place, ignore=lambda folder, names: [n for n in names if "." not in n])
        after_s = round(draw.uniform(0.5, lasts_s), 2)
        row = told(words.replace("SERVER", address).split(), place, after_s, number)
        if what := wrong_with(row, number):
            wrong.append(f"{number.name} after {after_s} s: {what}")
        found.append({"after_s": after_s, **{key: row[key] for key in ("status", "seconds", "slowness")}})
        shutil.rmtree(place)
    ended = [row for row in found if row["slowness"]]
    return {
        "made_by": "scripts/time_endings.py", "command": name, "words": words, "seed": chosen.seed,
        "signals": len(ended), "slowest_s": max((row["seconds"] for row in ended), default=0.0),
        "slowest_of_yardstick_s": round(max((r["seconds"] / r["slowness"] for r in ended), default=0.0), 2),
        "ends": found, "wrong": wrong, "python": sys.version.split()[0],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
