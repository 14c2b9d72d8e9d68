"""The words of bubblewrap: a tree of read-only mounts with one writable folder, and namespaces of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

INSTALL = "apt-get install bubblewrap (or the package bubblewrap of your distribution)"


def program() -> str | None:
    """Path of bwrap, None where it is not installed."""
    return shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin")


def words(bwrap: str, read: Iterable[str], folder: str, is_root: bool) -> list[str]:
    """Bwrap's command line up to the program.

    Args:
        bwrap: path of the program.
        read: files and folders to be seen, read-only, at their own paths.
        folder: the writable folder, at its own path.
        is_root: real root makes the namespaces without a user namespace, and keeps what is needed to become
            another user inside.
    """
    if is_root:
        spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_READ_SEARCH")
        rights = [word for name in kept for word in ("--cap-add", name)]
    else:
        spaces = ["--unshare-all"]
        rights = []
    mounts: list[str] = []
    for path in read:
        if os.path.islink(path):
            mounts += ["--symlink", os.readlink(path), path]
        else:
            mounts += ["--ro-bind", path, path]
    return [
        bwrap, *spaces, "--die-with-parent", "--new-session", "--cap-drop", "ALL", *rights, *mounts,
        "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--bind", folder, folder,
        "--remount-ro", "/", "--chdir", folder, "--hostname", "sandbox", "--",
    ]  # fmt: skip
