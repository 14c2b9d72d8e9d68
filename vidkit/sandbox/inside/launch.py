"""The last steps before the program: limits, user, guards, then exec.

In bubblewrap also the program's parent, which tells how it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

from . import landlock, privileges, seccomp
from .syscalls import machine

Spec = dict[str, Any]
"""A program and its guards: argv, env, cwd, limits, processes, uid, read, read_write, landlock, filter."""


def close_all_above(last: int, keep: int) -> None:
    """Close every descriptor after `last` but `keep`."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > last and descriptor != keep:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def confine_and_exec(spec: Spec, status: int) -> None:
    """Confine this process and become the program; never returns.

    Args:
        spec: what to run, and how.
        status: descriptor that gets one line of JSON where the program cannot be started.
    """
    try:
        close_all_above(2, status)
        os.set_inheritable(status, False)
        os.umask(0o077)
        os.chdir(spec["cwd"])
        privileges.limit(spec["limits"], spec["processes"])
        privileges.no_new_privileges()
        known = spec["landlock"]
        if known:
            landlock.restrict(spec["read"], spec["read_write"], spec["cwd"], known)
        privileges.become(spec["uid"], spec["read"], spec["cwd"])
        privileges.die_with_parent()  # a change of user forgets it
        if spec["filter"]:
            own = os.getpid() if known and spec["uid"] is None else 0
            seccomp.install(seccomp.program(machine(), known, own))
        os.execve(spec["argv"][0], spec["argv"], spec["env"])
    except BaseException as error:
        report = {"cannot_start": f"{type(error).__name__}: {error}"}
        os.write(status, json.dumps(report).encode() + b"\n")
    os._exit(127)


def ended(wait_status: int) -> dict[str, int | None]:
    """Exit status or signal from what `wait` returns."""
    signalled = os.WIFSIGNALED(wait_status)
    return {
        "exit": None if signalled else os.WEXITSTATUS(wait_status),
        "signal": os.WTERMSIG(wait_status) if signalled else None,
    }


def main() -> None:
    """Inside bubblewrap: start the program, wait for it, tell how it ended."""
    spec = json.loads(sys.argv[1])
    status = int(sys.argv[2])
    os.write(status, b'{"started": true}\n')
    child = os.fork()
    if child == 0:
        os.setsid()  # SIGCONT passes within a session
        confine_and_exec(spec, status)
    os.close(0)
    os.close(1)
    os.close(2)
    _, wait_status = os.waitpid(child, 0)
    os.write(status, json.dumps(ended(wait_status)).encode() + b"\n")
    os._exit(0)
