"""Runs untrusted programs: without network, in a folder of their own, within limits; nothing of them remains.

`run(argv, limits, files)` takes the backend that works here: bubblewrap (namespaces), or Landlock with a
filter of system calls. See docs/sandbox.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vidkit.errors import SandboxError
from vidkit.sandbox.choosing import Backend, backends, choose
from vidkit.sandbox.execute import Request, execute
from vidkit.sandbox.limits import Limits
from vidkit.sandbox.outcome import Outcome

__all__ = ["Backend", "Limits", "Outcome", "SandboxError", "backends", "run"]


def run(
    argv: Sequence[str],
    limits: Limits | None = None,
    files: Mapping[str, bytes | str | Path] | None = None,
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    read: Sequence[str | Path] = (),
    backend: str = "auto",
    unsafe: bool = False,
) -> Outcome:
    """Run a program as untrusted and wait for its end.

    Args:
        argv: program and arguments; "python" is this interpreter. It starts in its folder.
        limits: what it may use.
        files: relative path -> content (or a path to copy from), put into its folder.
        stdin: its standard input; without, that is empty.
        env: variables besides PATH, HOME, TMPDIR and LANG; nothing of the caller's environment is passed on.
        read: more files and folders it may read, at their own paths.
        backend: "auto", "bubblewrap" or "landlock".
        unsafe: where no backend works, run it held by limits alone; the outcome says so.

    Returns:
        How it ended, what it printed and wrote. A program that fails or hits a limit is an outcome, no error.

    Raises:
        SandboxError: no backend works here, or the program cannot be started.
    """
    name = choose(backend, unsafe)
    return execute(name, Request(argv, limits or Limits(), files or {}, stdin, env or {}, read))
