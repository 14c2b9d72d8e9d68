"""Try numbers that cannot be meant in every whole-number setting of every command: told at once, or a plan.

    python scripts/try_numbers.py --only tune "bench caching" --record docs/results/numbers.jsonl

Each setting gets 0, -1, 10^9, 10^18 and the most that it takes, with a dry run, in a process of its own that
may take some GiB of memory and some seconds. Allowed ends are a plan, and an error in two lines.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import types
import typing
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.every_command import attempt, judge_commands
from scripts.keep_others_commands import Words

VALUES = (0, -1, 10**9, 10**18)
MOST_S = 5  # of the processor, beyond what the command takes with its own numbers
MEMORY = 6 << 30  # of address space, above what is loaded
HUNG_S = 600  # of the clock


def whole_numbers(command: str) -> Iterator[tuple[str, bool, tuple[str, ...]]]:
    """Whole-number settings of a command: name, whether it is a list, and the methods that have it."""
    from vidkit.config.catalog import settings_class
    from vidkit.config.keys import keys_of

    for key in keys_of(settings_class(command)).values():
        origin = typing.get_origin(key.annotation)
        if key.annotation is int or (
            origin in (list, tuple, typing.Union, types.UnionType) and int in typing.get_args(key.annotation)
        ):
            yield key.name, origin in (list, tuple), key.methods


def ended(run: Callable[[], tuple[int, str]], most_s: float = 2 * MOST_S) -> tuple[int, str, float]:
    """Status, what was said and seconds of the processor, of something run in a process of its own."""
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(out)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + MEMORY,) * 2)
        used = sum(os.times()[:2])
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + most_s) + 1,) * 2)
        signal.alarm(HUNG_S)
        try:
            status, said = run()
        except BaseException as error:
            status, said = 99, repr(error)
        os.write(into, f"{status}\n{said[-3000:]}".encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as stream:
        text = stream.read().decode("utf-8", "replace")
    _, how, used_ = os.wait4(pid, 0)
    seconds = used_.ru_utime + used_.ru_stime
    if os.WIFSIGNALED(how) or not text:
        return -1, f"ended by signal {os.WTERMSIG(how)}", seconds
    status_, _, said = text.partition("\n")
    return int(status_), said, seconds


def wrong_with(status: int, said: str, seconds: float) -> str:
    """What is wrong with an end; empty: nothing."""
    if "bug in vidkit" in said or "Traceback" in said or status not in (0, 2, 3, 5):
        return f"status {status}: {said[-300:]}"
    lines = [line for line in said.splitlines() if line.startswith("error:")]
    if status and len(lines) != 1:
        return f"status {status} with {len(lines)} errors: {said[-300:]}"
    return f"{seconds:.1f} s" if seconds > MOST_S else ""


def of_command(name: str, words: Words, base: Path) -> dict[str, Any]:
    """All numbers of one command."""
    from vidkit.cli.commands import WITH_SETTINGS
    from vidkit.config.most import most_of

    (base / "out").mkdir(parents=True)
    attempt([*words(base / "out"), "dry_run=true"])  # what is loaded once is no part of the seconds
    began, wrong, ends = time.monotonic(), [], {"plan": 0, "refused": 0, "ended": 0}
    command = max((one for one in WITH_SETTINGS if name.startswith(one)), key=len)
    dry = ["dry_run=true"] if command != "calibrate gate" else []
    for key, is_list, methods in whole_numbers(command):
        most = most_of(key)
        for value in (*VALUES, *([most[0]] if most else [])):
            said_as = f"{key}=[{value}]" if is_list else f"{key}={value}"
            given = [word for word in words(base / "out") if not word.startswith(f"{key}=")]
            if methods and "." in key:  # it needs a method that has it
                given.append(f"{key.partition('.')[0]}={methods[0]}")
            status, said, seconds = ended(partial(attempt, [*given, *dry, said_as]))
            ends["plan" if status == 0 else "refused" if status > 0 else "ended"] += 1
            if what := wrong_with(status, said, seconds):
                wrong.append(f"{said_as}: {what}")
                print(wrong[-1], file=sys.stderr, flush=True)
    return {
        "made_by": "scripts/try_numbers.py", "command": name, "ends": ends, "wrong": wrong,
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(judge_commands(__doc__ or "", of_command))
