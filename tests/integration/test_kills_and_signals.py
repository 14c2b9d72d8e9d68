"""Long commands end soon when told to, are held by one process, and resume after any kill."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import long_jobs
import pytest
from long_jobs import Job

from vidkit.utils.reservation import locked

KILLS = {"manifest": 1, "eval": 2}  # three of all five commands in `make fuzz`, fifty in `make soak`


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[dict[str, Job]]:
    base = tmp_path_factory.mktemp("jobs")
    with ExitStack() as stack:
        made = [
            long_jobs.manifest(base / "manifest"),
            stack.enter_context(long_jobs.evaluation(base / "eval")),
            long_jobs.calibration(base / "calibrate", tiny_model),
        ]
        yield {job.name: job for job in made}


@pytest.mark.slow
@pytest.mark.parametrize("name", KILLS)
def test_killed_at_any_line_and_resumed_it_is_the_run_left_alone(
    name: str, jobs: dict[str, Job], tmp_path: Path
) -> None:
    ended = long_jobs.killed_and_resumed(jobs[name], tmp_path, KILLS[name], random.Random(name))
    assert ended == {"job": name, "kills": KILLS[name], "wrong": []}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("manifest", signal.SIGINT),
        ("eval", signal.SIGTERM),
        ("calibrate", signal.SIGINT),
    ],
)
def test_it_ends_soon_when_told_to(
    name: str, number: signal.Signals, jobs: dict[str, Job], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    status, seconds, told = jobs[name].stopped_at(out, 2, number)
    assert status == 128 + number, told
    assert seconds < long_jobs.allowed_s()
    assert "Traceback" not in told and "bug in vidkit" not in told
    assert long_jobs.stray_files(out) == []


def test_workers_that_hear_no_signal_are_ended_too(jobs: dict[str, Job], tmp_path: Path, monkeypatch) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import signal, sys, time\n"
        "def audit(event, args):\n"
        "    if event == 'open' and str(args[0]).endswith(('v4.mp4', 'v5.mp4')):\n"
        "        # as a decoder that does not return\n"
        "        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "        time.sleep(100)\n"
        "sys.addaudithook(audit)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    job = jobs["manifest"]
    process = job.start(tmp_path / "out")
    ends = time.monotonic() + 600
    while time.monotonic() < ends and (
        job.done(tmp_path / "out") < 3 or len(long_jobs.alive_in_session(process.pid)) < 3
    ):
        time.sleep(0.05)
    time.sleep(1)  # both workers sleep
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=300)[1]
    assert process.returncode == 130, told
    assert time.monotonic() - began < long_jobs.allowed_s()
    # a killed process is listed until the system has taken it away
    while time.monotonic() - began < long_jobs.allowed_s() and long_jobs.alive_in_session(process.pid):
        time.sleep(0.05)
    assert long_jobs.alive_in_session(process.pid) == []


@pytest.mark.slow
def test_a_second_run_into_the_same_folder_is_refused(jobs: dict[str, Job], tmp_path: Path) -> None:
    job, out = jobs["manifest"], tmp_path / "out"
    first = job.start(out)
    while first.poll() is None and job.done(out) < 1:
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)  # it holds its log as long as it lives
    try:
        status, told = job.run(out)
    finally:
        first.send_signal(signal.SIGCONT)
    assert status == 2 and "another run" in told, told
    assert first.wait(300) == 0
    assert job.done(out) == job.lines


@pytest.mark.slow
def test_a_calibration_whose_log_is_held_is_refused(jobs: dict[str, Job], tmp_path: Path) -> None:
    job, out = jobs["calibrate"], tmp_path / "out"
    log = job.log(out)
    log.parent.mkdir(parents=True)
    with log.open("wb") as file:
        assert locked(file.fileno())
        status, told = job.run(out)
    assert status == 2 and "another run is writing" in told, told
    assert log.read_bytes() == b""
