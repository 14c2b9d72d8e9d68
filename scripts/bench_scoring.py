"""Time scoring: 3,200 rows with 10,000 resamples, in process and as a command; `vidkit eval --help`.

Rows are made (seeded), with long replies of mixed kinds; medians over runs. Run it on a quiet machine; the
result goes to docs/results/scoring.json, from where `make docs` takes it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_startup import processor

from vidkit.evaluation.tasks import social_omni, video_mme_v2
from vidkit.utils.versions import git_commit, versions

RESULT = Path(__file__).resolve().parents[1] / "docs" / "results" / "scoring.json"
TARGET_SCORE_S, TARGET_HELP_S = 2.0, 0.4
LARGE, TARGET_LARGE_S, TARGET_LARGE_MB = 100_000, 8.0, 400
LETTERS = "ABCDEFGH"
STRUCTURES = ("[1, 2, 3, 4]", "[1, [2, 3], 4]", "[[1, 2], 3, 4]")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--large", action="store_true", help=f"score {LARGE:,} predictions as well")
    parser.add_argument("--json", type=Path, default=RESULT, help="write the result here")
    given = parser.parse_args()
    load_before = round(os.getloadavg()[0], 2)
    rows, records = made_rows(), made_records()
    lines = [
        timed(f"{what}, 10,000 resamples", work, given.runs, TARGET_SCORE_S)
        for what, work in (
            ("3,200 Video-MME-v2 rows", lambda: video_mme_v2.score(rows)),
            ("3,200 Video-MME-v2 rows, official mode", lambda: video_mme_v2.score(rows, "official")),
            ("2,209 SocialOmni records", lambda: social_omni.score(records)),
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        data, said = written(Path(folder), rows)
        words = ["eval", "video-mme-v2", "--data", data, "-p", said]
        lines += [
            timed("`vidkit eval video-mme-v2 --data ... -p ...`", command(words), given.runs, None),
            timed("the same with --html", command([*words, "--html", f"{folder}/r.html"]), given.runs, None),
            timed("`vidkit eval --help`", command(["eval", "--help"]), 2 * given.runs, TARGET_HELP_S),
        ]
        if given.large:
            large = Path(folder) / "large"
            large.mkdir()
            lines.append(measured_large(written(large, made_rows(LARGE // 4))))
    result = {
        "made_by": "python scripts/bench_scoring.py",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": git_commit(),
        "device": processor(),
        "load_before": load_before,
        "versions": versions(("numpy", "rich", "typer", "matplotlib", "jinja2")),
        "rows": lines,
    }
    for line in lines:
        target = f"  target {line['target']} s" if line["target"] else ""
        if "peak_mb" in line:
            target += f"  processor {line['cpu_s']} s  peak {line['peak_mb']} MB, target {TARGET_LARGE_MB} MB"
        print(f"{line['what']:55} median {line['median']:.3f} s  best {line['best']:.3f} s{target}")
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result, indent=2) + "\n")
    too_slow = any(line["target"] and line["median"] > line["target"] for line in lines)
    return int(too_slow or any(line.get("peak_mb", 0) > TARGET_LARGE_MB for line in lines))


def measured_large(files: tuple[str, str]) -> dict[str, Any]:
    """Seconds and peak memory of the command on many predictions, once: it takes long enough."""
    words = ["eval", "video-mme-v2", "--data", files[0], "-p", files[1]]
    start = time.perf_counter()
    running = subprocess.Popen([sys.executable, "-m", "vidkit", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    seconds = round(time.perf_counter() - start, 3)
    if status:
        raise SystemExit(f"scoring {LARGE:,} predictions ended with status {status}")
    return {
        "what": f"`vidkit eval video-mme-v2`, {LARGE:,} predictions",
        "best": seconds,
        "median": seconds,
        "unit": "s",
        "runs": 1,
        "target": TARGET_LARGE_S,
        "peak_mb": round(used.ru_maxrss * 1024 / 1e6),  # ru_maxrss is in KiB
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
    }


def timed(what: str, work: Callable[[], object], runs: int, target: float | None) -> dict[str, Any]:
    """Median and best of several runs after one that warms up."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    best, median = round(min(seconds), 3), round(statistics.median(seconds), 3)
    return {"what": what, "best": best, "median": median, "unit": "s", "runs": runs, "target": target}


def command(words: list[str]) -> Callable[[], object]:
    line = [sys.executable, "-m", "vidkit", *words]
    return lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


def written(folder: Path, rows: list[dict[str, Any]]) -> tuple[str, str]:
    data, said = folder / "data.jsonl", folder / "said.jsonl"
    with data.open("w") as questions, said.open("w") as replies:
        for row in rows:
            questions.write(json.dumps({k: v for k, v in row.items() if k != "prediction"}) + "\n")
            replies.write(json.dumps({"id": row["question_id"], "response": row["prediction"]}) + "\n")
    return str(data), str(said)


def reply(draw: random.Random, letter: str) -> str:
    """A reply of one of the usual kinds; a third of them reason at length."""
    thought = "The man walks to the door and looks at the option on the table, then he answers. " * 25
    return draw.choice(
        (
            letter,
            f"{letter}. thing",
            f"Final Answer: {letter}",
            f"{thought}\nFinal Answer: {letter}",
            f"<think>{thought}</think>\n{letter}",
            "I'm sorry, I cannot tell.",
        )
    )


def made_rows(groups: int = 800) -> list[dict[str, Any]]:
    draw = random.Random(0)
    rows = []
    for video in range(1, groups + 1):
        kind = draw.choice(("relevance", "relevance", "logic"))
        structure = draw.choice(STRUCTURES) if kind == "logic" else "None"
        for k in range(1, 5):
            gold = draw.choice(LETTERS)
            rows.append(
                {
                    "video_id": f"{video:03d}",
                    "question_id": f"{video:03d}-{k}",
                    "group_type": kind,
                    "group_structure": structure,
                    "level": draw.choice((1, 2, 3)),
                    "second_head": f"head {draw.randrange(12)}",
                    "third_head": f"type {draw.randrange(31)}",
                    "question": "what happens?",
                    "options": "\n".join(f"{c}. thing {c}{c} of {video}-{k}" for c in LETTERS),
                    "answer": gold,
                    "prediction": reply(draw, draw.choice((gold, draw.choice(LETTERS)))),
                }
            )
    return rows


def made_records() -> list[dict[str, Any]]:
    draw = random.Random(1)
    options = [
        'A. The host said "go"',
        'B. The host said "no"',
        'C. The boy said "go"',
        'D. The boy said "no"',
    ]
    who: list[dict[str, Any]] = [
        {
            "id": i,
            "video_path": f"{i}.mp4",
            "question": "who?",
            "options": options,
            "asr_content": "",
            "correct_answer": draw.choice("ABCD"),
            "prediction": reply(draw, draw.choice("ABCD")),
            "metadata": {"consistency": draw.choice(("consistent", "inconsistent"))},
        }
        for i in range(2000)
    ]
    when: list[dict[str, Any]] = [
        {
            "video_id": f"s{i}",
            "question_1": {"timestamp": "00:05:00", "correct_answer": "A" if i < 133 else "B"},
            "question_2": {"answer": "Fine."},
            "q1": reply(draw, draw.choice("AB")),
            "q2": "Good.",
            "judges": {"one": "Score: 75", "two": "50"},
        }
        for i in range(209)
    ]
    return who + when


if __name__ == "__main__":
    sys.exit(main())
