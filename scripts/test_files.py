"""Test files, each in a process of its own; what failed or was cut off runs again, what passed does not.

    python scripts/test_files.py --record build/rows.jsonl tests/unit
    python scripts/test_files.py --record build/rows.jsonl --minutes 4 tests/unit   # a piece; again for more

A process is a fork of this one, which has imported the packages that take seconds: a file finds nothing that
another left behind, and one that ends its process ends no other. The record has a row a file; what pytest
printed lies beside it. Words after `--` go to pytest. Ends with 0 if every file has passed, 1 if one has not,
3 if some have not run to their end yet.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import importlib.metadata
import json
import os
import platform
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
# hydra brings a plugin, for which pytest would read all of it anew in every process
SLOW_TO_IMPORT = ("torch", "scipy.signal", "cv2", "av", "transformers", "diffusers", "hydra", "hypothesis")
PASSED, OUT_OF_TIME = "passed", "out of time"
Row = dict[str, Any]


class Outcomes:
    """What became of the tests of one file, as a pytest plugin."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.skipped: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test's set-up, call or end."""
        self.passed += report.when == "call" and report.passed
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported, or says that it is not for here."""
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.skipped[reason.removeprefix("Skipped: ")] += 1


@dataclass
class Running:
    """A file whose process is under way."""

    file: str
    result: Path
    began: float = field(default_factory=time.monotonic)


def test_files(paths: list[str]) -> list[str]:
    """The test files in `paths`, relative to the repository, sorted."""
    found: set[Path] = set()
    for path in paths:
        place = ROOT / path
        found |= set(place.rglob("test_*.py")) if place.is_dir() else {place}
    missing = sorted(str(path) for path in found if not path.is_file())
    if missing or not found:
        raise SystemExit(f"error: no test file {', '.join(missing or paths)}")
    return sorted(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path) for path in found)


def read_rows(record: Path) -> dict[str, Row]:
    """The last row of each file; a line that a kill cut off is left out."""
    if not record.exists():
        return {}
    lines = record.read_text(encoding="utf-8").split("\n")[:-1]
    return {row["file"]: row for row in map(json.loads, filter(None, lines))}


def run_here(file: str, words: list[str], result: Path, log: Path) -> int:
    """Run one file in this process; the row goes to `result`, what pytest prints to `log`."""
    os.setsid()  # so that what it starts can be ended with it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with log.open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    outcomes = Outcomes()
    status = int(pytest.main(["-q", "-p", "no:cacheprovider", *words, file], plugins=[outcomes]))
    # 5: the file has no test that these words chose
    end = PASSED if status in (0, 5) else "failed"
    row = {
        "passed": outcomes.passed,
        "skipped": dict(outcomes.skipped),
        "failed": outcomes.failed,
        "end": end,
    }
    result.write_text(json.dumps(row), encoding="utf-8")
    return status


def start(file: str, words: list[str], logs: Path) -> tuple[int, Running]:
    """Fork a process for `file`; returns its id."""
    name = file.removesuffix(".py").strip("/").replace("/", ".")
    running = Running(file, logs / f"{name}.json")
    running.result.unlink(missing_ok=True)
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            status = run_here(file, words, running.result, logs / f"{name}.txt")
        finally:
            sys.stdout.flush()
            os._exit(status)
    return process, running


def row_of(running: Running, status: int) -> Row:
    """The row of a file whose process has ended with `status`, as os.wait4 gives it."""
    row: Row = {"passed": 0, "skipped": {}, "failed": [running.file], "end": "no result"}
    if os.WIFSIGNALED(status):
        row["end"] = f"the process ended with {signal.Signals(os.WTERMSIG(status)).name}"
    elif running.result.exists():
        row = json.loads(running.result.read_text(encoding="utf-8"))
    return {"file": running.file, **row, "seconds": round(time.monotonic() - running.began, 1)}


def run_all(files: list[str], words: list[str], record: Path, workers: int, until: float) -> None:
    """Run `files`, `workers` at a time, and append their rows; nothing goes on after `until`."""
    logs = record.parent / f"{record.stem}-logs"
    logs.mkdir(parents=True, exist_ok=True)
    common = {"commit": commit_here(), "day": time.strftime("%Y-%m-%d")}
    waiting, running = list(files), dict[int, Running]()
    try:
        while (waiting or running) and time.monotonic() < until:
            while waiting and len(running) < workers:
                process, begun = start(waiting.pop(0), words, logs)
                running[process] = begun
            ended, status, used = os.wait4(-1, os.WNOHANG)
            if ended in running:
                processor = {"processor_seconds": round(used.ru_utime + used.ru_stime, 1)}
                write_row(record, row_of(running.pop(ended), status) | processor | common)
            else:
                time.sleep(0.05)
    finally:
        for process, begun in running.items():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
            write_row(record, row_of(begun, 0) | common | {"end": OUT_OF_TIME, "failed": []})


def commit_here() -> str:
    """The commit that is tested; "" where git does not know."""
    words = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def write_row(record: Path, row: Row) -> None:
    """Append a row and print it."""
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    counts = f"{row['passed']} passed, {sum(row['skipped'].values())} skipped, {len(row['failed'])} failed"
    print(f"{row['file']}: {row['end']} ({counts}, {row['seconds']} s)", flush=True)


def totals(files: list[str], rows: dict[str, Row]) -> Row:
    """What became of `files`, in numbers, and how those ended that did not pass."""
    done = [rows[file] for file in files if rows.get(file, {}).get("end", OUT_OF_TIME) != OUT_OF_TIME]
    wrong = [row for row in done if row["end"] != PASSED]
    return {
        "files": len(files),
        "ran": len(done),
        "passed": sum(row["passed"] for row in done),
        "skipped": sum(sum(row["skipped"].values()) for row in done),
        "failed": sum(len(row["failed"]) for row in done),
        "reasons": dict(sum((Counter(row["skipped"]) for row in done), Counter[str]()).most_common()),
        "days": sorted({row["day"] for row in done}),
        "commits": list(dict.fromkeys(row["commit"] for row in done)),
        "wrong": {row["file"]: ": ".join([row["end"], ", ".join(row["failed"])]) for row in wrong},
    }


def versions() -> dict[str, str]:
    """Of this Python and of every package that pyproject.toml names and that is here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    found = {"python": platform.python_version()}
    for line in [*project["dependencies"], *(line for lines in extras for line in lines)]:
        name = line.split(";")[0].split("[")[0].split(">")[0].strip()
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    found.pop("vidkit", None)
    return found


def run_missing(files: list[str], words: list[str], asked: argparse.Namespace) -> None:
    """Run those of `files` that have not passed yet; first what was cut off, which has the whole time now."""
    until = time.monotonic() + 60 * asked.minutes
    rows = read_rows(asked.record)
    missing = [file for file in files if rows.get(file, {}).get("end") != PASSED]
    missing.sort(key=lambda file: rows.get(file, {}).get("end") != OUT_OF_TIME)
    if not missing:
        return
    for name in SLOW_TO_IMPORT:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or each process would walk over all of that several times
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no process stays behind
    run_all(missing, words, asked.record, asked.workers, until)
    gc.unfreeze()  # triton complains about what is left at the end


def main() -> int:
    """Run what has not passed yet, and say what has."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--record", type=Path, required=True, help="JSON lines, a row a file")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop then")
    parser.add_argument("--summary", type=Path, help="JSON of versions and numbers of all rows")
    parser.add_argument("--workers", type=int, default=1, help="files at a time")
    parser.add_argument("paths", nargs="+", help="test files and folders of them")
    own, words = sys.argv[1:], list[str]()
    if "--" in own:
        own, words = own[: own.index("--")], own[own.index("--") + 1 :]
    asked = parser.parse_args(own)
    asked.record = asked.record.resolve()
    asked.summary = asked.summary and asked.summary.resolve()
    asked.record.parent.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    files = test_files(asked.paths)
    run_missing(files, words, asked)
    total = totals(files, read_rows(asked.record))
    print("{ran} of {files} files ran: {passed} passed, {skipped} skipped, {failed} failed".format(**total))
    for file, end in total["wrong"].items():
        print(f"{file}: {end}")
    if asked.summary:
        summary = {"paths": asked.paths, "versions": versions(), **total}
        asked.summary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return 3 if total["ran"] < total["files"] else int(bool(total["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
