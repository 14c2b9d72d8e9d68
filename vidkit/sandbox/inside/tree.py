"""The processes below one: what they use together, and ending them all."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass
class Use:
    """What a tree of processes uses now: threads, seconds of processor, resident memory."""

    processes: int = 0
    cpu_s: float = 0.0
    memory_kib: int = 0


def _stat(pid: int) -> list[str]:
    with open(f"/proc/{pid}/stat", "rb") as file:
        text = file.read().decode("ascii", "replace")
    return text[text.rindex(")") + 2 :].split()


def _parents() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                children.setdefault(int(_stat(int(name))[1]), []).append(int(name))
    return children


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            found += [int(word) for word in file.read().split()]
    return found


def descendants(root: int) -> list[int]:
    """Processes below `root`, parents first; zombies included."""
    by_scan = None if os.path.exists(f"/proc/self/task/{os.getpid()}/children") else _parents()
    found: list[int] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        children: list[int] = []
        with contextlib.suppress(OSError, ValueError):
            children = by_scan.get(pid, []) if by_scan is not None else _children(pid)
        found += children
        waiting += children
    return found


def _own_memory_kib(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                return int(line.split()[1])
    return 0


def use(pids: list[int], limit_kib: int) -> Use:
    """What `pids` use together; pages they share count once where the sum would be over `limit_kib`."""
    total = Use()
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = _stat(pid)
            total.cpu_s += sum(int(fields[index]) for index in range(11, 15)) / _TICKS
            total.processes += int(fields[17])
            total.memory_kib += int(fields[21]) * _PAGE_KIB
    if total.memory_kib > limit_kib:
        with contextlib.suppress(OSError, ValueError):
            total.memory_kib = sum(_own_memory_kib(pid) for pid in pids)
    return total


def _kill_user(uid: int) -> None:
    """SIGKILL to all processes of a user that runs nothing else: no fork escapes it."""
    helper = os.fork()
    if helper == 0:
        with contextlib.suppress(OSError):
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(helper, 0)


def end_all(root: int, uid: int | None, patience_s: float = 10.0) -> bool:
    """Kill and reap everything below `root`, the calling process.

    Args:
        root: this process.
        uid: the user that everything below runs as, where it is theirs alone; else None.
        patience_s: how long to go on.

    Returns:
        Whether nothing is left.
    """
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        left = descendants(root)
        for pid in left:  # stopped first: what is stopped does not fork
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGSTOP)
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if uid is not None:
            _kill_user(uid)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        time.sleep(0.002)
    return False
