"""How a sandboxed program ended and what it left."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """The end of a run.

    Args:
        exit: exit status; None where a signal ended the program.
        signal: number of that signal, else None.
        limit: the limit that was hit: "cpu", "wall", "memory", "processes", "file", "folder", "files" (too
            many or too deep), "output"; "" for none.
        stdout: start of the standard output, decoded as UTF-8 with replacement.
        stderr: start of the standard error.
        stdout_bytes: length of all that was written to standard output.
        stderr_bytes: the same of standard error.
        files: what was written or changed in the folder, path -> content; regular files alone.
        files_left_out: path -> why it is not in `files`.
        seconds: time that passed.
        cpu_s: processor time of all processes.
        peak_memory_mib: most resident memory seen, of all processes together (looked at 50 times per second).
        peak_processes: most processes and threads seen at the same time.
        backend: what held it: "bubblewrap", "landlock", or "none".
        unsafe: nothing but limits held it.
        notes: what this machine could not do.
    """

    exit: int | None
    signal: int | None
    limit: str
    stdout: str
    stderr: str
    stdout_bytes: int
    stderr_bytes: int
    files: dict[str, bytes] = field(repr=False)
    files_left_out: dict[str, str]
    seconds: float
    cpu_s: float
    peak_memory_mib: float
    peak_processes: int
    backend: str
    unsafe: bool = False
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Ended by itself with status 0, no limit hit."""
        return self.exit == 0 and not self.limit

    def why(self) -> str:
        """In words, how it ended: "exit status 1", "ended by signal 9", "over its limit of memory"."""
        if self.limit:
            return f"over its limit ({self.limit})"
        return f"exit status {self.exit}" if self.signal is None else f"ended by signal {self.signal}"
