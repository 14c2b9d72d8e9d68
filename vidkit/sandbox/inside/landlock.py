"""Landlock: the kernel's own guard of files for a process and its descendants (man 7 landlock)."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on x86-64 and aarch64
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_SOCKET, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Bits of rights that a version knows; 16 from version 5 on."""


def version() -> int:
    """Version of Landlock that the kernel offers, 0 for none (too old, or turned off at boot)."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_CREATE, None, 0, 1)))


def _rule(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there cannot be read either
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _ON_FILES
        rule = ctypes.create_string_buffer(struct.pack("<Qi", rights, descriptor), 12)
        if libc.syscall(_ADD, ruleset, 1, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), f"Landlock refuses a rule for {path}")
    finally:
        os.close(descriptor)


def restrict(read: Iterable[str], read_write: Iterable[str], folder: str, known: int) -> None:
    """Limit this process and all it starts, for good; needs `no_new_privs` and a single thread.

    Args:
        read: files and folders that may be read and executed.
        read_write: files (devices) that may be read and written.
        folder: where everything but devices and sockets may be made.
        known: version of Landlock to use, at most what the kernel offers.

    Raises:
        OSError: the kernel refuses it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    files = (1 << _RIGHTS.get(known, 16)) - 1
    fields = [files, 3 if known >= 4 else 0, 3 if known >= 6 else 0]  # TCP; abstract sockets and signals
    packed = struct.pack("<3Q", *fields)[: 8 if known < 4 else 16 if known < 6 else 24]
    attributes = ctypes.create_string_buffer(packed, len(packed))
    ruleset = libc.syscall(_CREATE, attributes, len(packed), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock refuses its rules")
    for path in read:
        _rule(libc, ruleset, path, _READ)
    for path in read_write:
        _rule(libc, ruleset, path, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & files)
    _rule(libc, ruleset, folder, files & ~(_MAKE_CHAR | _MAKE_SOCKET | _MAKE_BLOCK | _IOCTL))
    if libc.syscall(_RESTRICT, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "Landlock refuses to restrict this process")
    os.close(ruleset)
