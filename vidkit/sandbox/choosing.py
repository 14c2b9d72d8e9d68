"""Which ways of confining a program work on this machine: found by really running one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

from vidkit.errors import SandboxError
from vidkit.sandbox import bubblewrap
from vidkit.sandbox.execute import Request, execute
from vidkit.sandbox.inside import landlock
from vidkit.sandbox.inside.syscalls import AUDIT_ARCH, machine
from vidkit.sandbox.limits import Limits

NAMES = ("bubblewrap", "landlock")
"""In the order in which they are taken."""


@dataclass(frozen=True)
class Backend:
    """A way of confining a program.

    Args:
        name: "bubblewrap" or "landlock".
        works: a program ran in it here.
        reason: why it does not work; "" where it does.
        hint: what would make it work.
    """

    name: str
    works: bool
    reason: str = ""
    hint: str = ""


def _missing(name: str) -> Backend | None:
    """What can be said without trying."""
    if not sys.platform.startswith("linux"):
        return Backend(
            name,
            False,
            f"it needs Linux, this is {sys.platform}",
            "run vidkit in a Linux container or virtual machine",
        )
    if machine() not in AUDIT_ARCH:
        known = " and ".join(AUDIT_ARCH)
        return Backend(name, False, f"the system calls of {machine()} are not known, those of {known} are")
    if name == "bubblewrap" and bubblewrap.program() is None:
        return Backend(name, False, "bwrap is not installed", bubblewrap.INSTALL)
    if name == "landlock" and landlock.version() == 0:
        return Backend(
            name,
            False,
            "the kernel has no Landlock",
            "Linux 5.13 or later, with landlock in the boot option lsm=",
        )
    return None


def probe(name: str) -> Backend:
    """Try a backend, without the memory of an earlier try."""
    missing = _missing(name)
    if missing is not None:
        return missing
    try:
        outcome = execute(name, Request(["python", "-I", "-S", "-c", "print('held')"], Limits(wall_s=20)))
    except SandboxError as error:
        hint = "namespaces are forbidden here (a container?)" if name == "bubblewrap" else ""
        return Backend(name, False, error.message, error.hint or hint)
    if outcome.stdout != "held\n":
        return Backend(
            name, False, f"Python does not start in it: {outcome.why()}: {outcome.stderr[-200:].strip()}"
        )
    return Backend(name, True)


@cache
def _tried(name: str) -> Backend:
    return probe(name)


def backends() -> tuple[Backend, ...]:
    """All backends with what a try on this machine gave, the preferred one first; tried once per process."""
    return tuple(_tried(name) for name in NAMES)


def choose(wanted: str = "auto", unsafe: bool = False) -> str:
    """Name of the backend to use.

    Args:
        wanted: "auto" (the first that works), or a name.
        unsafe: take "none" where no backend works.

    Raises:
        SandboxError: nothing that was asked for works; the hint says what to install.
    """
    if wanted not in ("auto", "none", *NAMES):
        raise SandboxError(f"no sandbox {wanted!r}", f"one of: auto, {', '.join(NAMES)}")
    if not sys.platform.startswith("linux"):
        raise SandboxError(
            f"the sandbox needs Linux, this is {sys.platform}",
            "run vidkit in a Linux container or virtual machine",
        )
    if wanted == "none":
        if not unsafe:
            raise SandboxError(
                "sandbox 'none' gives no protection", "use unsafe=True (--unsafe) to run without protection"
            )
        return "none"
    failed = []
    for name in NAMES if wanted == "auto" else (wanted,):
        backend = _tried(name)
        if backend.works:
            return name
        failed.append(backend)
    if unsafe:
        return "none"
    reasons = "; ".join(f"{backend.name}: {backend.reason}" for backend in failed)
    hints = [backend.hint for backend in failed if backend.hint] or [bubblewrap.INSTALL]
    raise SandboxError(
        f"no sandbox works on this machine ({reasons})", f"{hints[0]}, or --unsafe to run it unprotected", 7
    )
