"""What a program in the sandbox may read: the system's programs and libraries, and this Python."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable
from pathlib import Path

_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/libx32", "/bin", "/sbin")
_SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/alternatives",
)
_RANDOM = ("/dev/urandom", "/dev/random", "/dev/zero")


def _python() -> set[str]:
    """Folders of this interpreter and of the packages it imports."""
    packages = (path for path in sys.path if Path(path).name in ("site-packages", "dist-packages"))
    own = {
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        sys.base_exec_prefix,
        *site.getsitepackages(),
        *packages,
    }
    own.add(str(Path(os.path.realpath(sys.executable)).parent))
    return {path for path in own if path not in ("", "/")}


def _outermost(paths: Iterable[str]) -> list[str]:
    """Those that exist and lie in no other one."""
    kept: list[str] = []
    for path in sorted({os.path.abspath(path) for path in paths if os.path.exists(path)}):
        if not any(path == outer or path.startswith(f"{outer}/") for outer in kept):
            kept.append(path)
    return kept


def folders(extra: Iterable[str | Path] = ()) -> list[str]:
    """Folders and files to be read and executed, none inside another."""
    return _outermost([*_SYSTEM, *_SYSTEM_FILES, *_python(), *(str(path) for path in extra)])


def devices() -> list[str]:
    """Devices to be read; `/dev/null` alone may be written."""
    return [path for path in _RANDOM if os.path.exists(path)]
