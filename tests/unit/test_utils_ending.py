"""Whatever a command is doing, a signal ends it: soon, with the status of the signal, its files closed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import long_jobs
import pytest
import vidkit_process

from scripts import time_endings
from vidkit.cli.commands import WITH_SETTINGS

# stands for what a command does; writes "begun" when it is there
DOING = {
    # one operation that does not return to Python, as a forward of a large model may not for minutes
    "one operation": """
        say(); lock = ctypes.CDLL(None).pthread_mutex_lock; mutex = ctypes.create_string_buffer(128)
        lock(mutex); lock(mutex)
    """,
    "waiting for a thread": """
        thread = threading.Thread(target=time.sleep, args=(1000,))
        thread.start()
        try:
            say(); time.sleep(1000)
        finally:
            thread.join()
    """,
    "a thread of a loop": """
        async def main():
            say(); await asyncio.to_thread(time.sleep, 1000)
        run_whole(main())
    """,
    "python": """
        say()
        while True: time.sleep(0.01)
    """,
    "a loop": """
        async def main():
            try:
                say(); await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(0.01)
                print("closed", file=sys.stderr, flush=True)
        run_whole(main())
    """,
    "hearing nothing": """
        say()
        while True:
            try:
                time.sleep(1000)
            except BaseException:
                pass
    """,
}
PREPARE = """
import asyncio, ctypes, sys, threading, time, textwrap
import vidkit.cli.execute
from vidkit.utils.event_loop import run_whole
def say(): print("begun", file=sys.stderr, flush=True)
def run(settings):
    exec(textwrap.dedent({code!r}))
vidkit.cli.execute.runner_of = lambda command: run
globals().update(locals())
"""


Ended = tuple[int, float, str]


def told(code: str, number: int) -> vidkit_process.Forked:
    """A command that does something, and is told to end."""
    process = vidkit_process.start(["calibrate"], prepare=PREPARE.format(code=code), new_session=True)
    said = process.stderr.readline()
    assert said == "begun\n", said + process.stderr.read()
    time.sleep(0.2)  # it is in what it does
    process.send_signal(number)
    return process


def ended(process: vidkit_process.Forked, began: float) -> Ended:
    """Exit status, seconds since it began to be told, standard error."""
    err = process.communicate(timeout=300)[1]
    assert process.returncode is not None
    return process.returncode, time.monotonic() - began, err


@pytest.fixture(scope="module")
def ends() -> dict[tuple[str, int], Ended]:
    """How each ended; all of them are told at the same time, since some wait."""
    began, all_told = {}, {}
    for doing in DOING:
        for number in (signal.SIGINT, signal.SIGTERM):
            all_told[doing, number] = told(DOING[doing], number)
            began[doing, number] = time.monotonic()
    quick_first = sorted(all_told, key=lambda key: key[0] not in ("python", "a loop"))
    return {key: ended(all_told[key], began[key]) for key in quick_first}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("doing", DOING)
def test_it_ends_soon(doing: str, number: signal.Signals, ends: dict[tuple[str, int], Ended]) -> None:
    status, seconds, err = ends[doing, number]
    assert status == 128 + number, err
    assert seconds < long_jobs.allowed_s()
    assert err.endswith("interrupted\n") == (number == signal.SIGINT), err
    assert "Traceback" not in err and "bug in vidkit" not in err
    if doing == "a loop":
        assert "closed\n" in err


def test_who_works_on_the_way_out_may_take_longer() -> None:
    code = """
        try:
            say(); time.sleep(1000)
        finally:
            ends = time.monotonic() + 5.5
            while time.monotonic() < ends:
                sum(range(200_000)); time.sleep(0.01)
            print("closed", file=sys.stderr, flush=True)
    """
    status, _, err = ended(told(code, signal.SIGTERM), time.monotonic())
    assert (status, err) == (143, "closed\n")


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_while_python_takes_itself_down_changes_no_status(number: str) -> None:
    code = f"""
import builtins, os, signal, sys
class Late:
    def __del__(self, kill=os.kill, me=os.getpid(), number=signal.{number}):
        kill(me, number)
builtins.late = Late()
sys.argv = ["vidkit", "--version"]
from vidkit.cli.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("vidkit ") and done.stderr == ""


def test_ctrl_c_within_the_exec_of_a_text_has_its_usual_status(tmp_path: Path) -> None:
    (tmp_path / "as_module.py").write_text(
        "import sys\n"
        "import vidkit.cli.execute\n"
        "def run(settings):\n"
        "    exec('raise KeyboardInterrupt')\n"
        "vidkit.cli.execute.runner_of = lambda command: run\n"
        "sys.argv = ['vidkit', 'calibrate']\n"
        "from vidkit.cli.main import main\n"
        "main()\n"
    )
    words = [sys.executable, "-m", "as_module"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_every_command_is_told_to_end() -> None:
    """By scripts/time_endings.py; `calibrate gate` reads a file and is done within a second."""
    named = list(time_endings.COMMANDS)
    missing = {word for word in WITH_SETTINGS if not any(name.startswith(word) for name in named)}
    assert missing == {"calibrate gate"}
