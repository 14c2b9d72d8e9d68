"""Giving up rights: another user where this one is root, no capabilities, limits of the kernel."""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from collections.abc import Iterable, Mapping

_READ_SEARCH = 2  # CAP_DAC_READ_SEARCH
_MIB = 1 << 20


def _prctl(option: int, *arguments: int) -> int:
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, *padded))


def no_new_privileges() -> None:
    """Programs that start from here gain nothing: no set-uid, no file capabilities."""
    if _prctl(38, 1) != 0:
        raise OSError("the kernel refuses no_new_privs")


def die_with_parent() -> None:
    """SIGKILL when the process that started this one ends."""
    _prctl(1, 9)


def adopt_orphans() -> None:
    """Descendants whose parents end become children of this process (also double-forked daemons)."""
    if _prctl(36, 1) != 0:
        raise OSError("the kernel has no PR_SET_CHILD_SUBREAPER")


def _capset(kept: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("<Ii", 0x20080522, 0), 8)
    data = ctypes.create_string_buffer(struct.pack("<6I", kept, kept, kept, 0, 0, 0), 24)
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capabilities cannot be given up")


def become(uid: int | None, read: Iterable[str], folder: str) -> None:
    """Give up everything: the user if it is root, and all capabilities.

    Args:
        uid: user to become (needs root); None: the user stays.
        read: what must stay readable. Where that user could not (an interpreter below /root), one capability
            stays, to read what permissions forbid: Landlock or the mounts say what is there to be read.
        folder: the same for the working folder, which that user owns.
    """
    for capability in range(64):
        if capability != _READ_SEARCH and _prctl(24, capability) != 0:  # PR_CAPBSET_DROP
            break
    _prctl(47, 4)  # no ambient capabilities
    kept = 0
    if uid is not None:
        _prctl(8, 1)  # PR_SET_KEEPCAPS: permitted, not effective after the change of user
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        may_read = all(os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0)) for path in read)
        kept = 0 if may_read and os.access(folder, os.W_OK | os.X_OK) else 1 << _READ_SEARCH
    _capset(kept)
    if kept:
        _prctl(47, 2, _READ_SEARCH)  # ambient: it outlives exec


def limit(limits: Mapping[str, float], processes: int) -> None:
    """Limits of the kernel for each process: memory, processor, files, processes.

    Args:
        limits: fields of `Limits`.
        processes: of the user in all, those outside the sandbox included where they count.
    """
    cpu = max(1, int(limits["cpu_s"] + 0.999))
    memory = int(limits["memory_mib"] * _MIB)
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 64 << 10,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_SIGPENDING: 256,
        resource.RLIMIT_STACK: 8 * _MIB,
        resource.RLIMIT_FSIZE: int(limits["file_mib"] * _MIB),
        resource.RLIMIT_NOFILE: int(limits["open_files"]),
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_AS: memory,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        above = value + 1 if kind == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else value
        resource.setrlimit(kind, (value, above))
