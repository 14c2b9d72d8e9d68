"""A user for one run: where the caller is root, the program gets an id that nothing else runs as."""

from __future__ import annotations

import os
import random
from contextlib import suppress

_FIRST, _LAST = 61184, 65519  # ids that distributions leave to services made on the fly


def _mapped() -> list[tuple[int, int]]:
    """Ranges of user ids that exist in this user namespace."""
    ranges: list[tuple[int, int]] = []
    with suppress(OSError), open("/proc/self/uid_map") as file:
        for line in file:
            start, _, length = (int(word) for word in line.split())
            ranges.append((start, start + length))
    return ranges


def _in_use() -> set[int]:
    users: set[int] = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                users.add(os.stat(f"/proc/{name}").st_uid)
    return users


def _can_change_user() -> bool:
    with suppress(OSError, ValueError), open("/proc/self/status") as file:
        for line in file:
            if line.startswith("CapEff:"):
                effective = int(line.split()[1], 16)
                return effective & 0b11000001 == 0b11000001  # CAP_CHOWN, CAP_SETGID, CAP_SETUID
    return False


def spare_uid() -> int | None:
    """An id without processes; None where the caller is not root, or has no other user to give."""
    if os.geteuid() != 0 or not _can_change_user():
        return None
    ranges, used = _mapped(), _in_use()
    for _ in range(100):
        uid = random.randint(_FIRST, _LAST)
        if uid not in used and any(start <= uid < end for start, end in ranges):
            return uid
    return None


def processes_of(uid: int) -> int:
    """Processes and threads of a user now: those count against its limit too."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == uid:
                    total += len(os.listdir(f"/proc/{name}/task"))
    return total
