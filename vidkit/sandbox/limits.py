"""What a sandboxed program may use."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from vidkit.errors import SandboxError


@dataclass(frozen=True)
class Limits:
    """Limits of a run; at each of them the whole run is ended, or the program gets an error from the kernel.

    Args:
        cpu_s: seconds of processor, of all processes together.
        wall_s: seconds that pass.
        memory_mib: address space of a process (MemoryError beyond), and resident memory of all together.
        processes: processes and threads at the same time.
        file_mib: size of one file.
        folder_mib: size of all files together.
        folder_files: entries in the folder; also what an outcome holds of them.
        open_files: descriptors of a process.
        output_kib: kept of standard output and of standard error each; more is counted and dropped, and 256
            times as much ends the run.
    """

    cpu_s: float = 10.0
    wall_s: float = 30.0
    memory_mib: float = 512.0
    processes: int = 32
    file_mib: float = 32.0
    folder_mib: float = 64.0
    folder_files: int = 1000
    open_files: int = 64
    output_kib: float = 64.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not math.isfinite(value)
                or value <= 0
            ):
                raise SandboxError(f"{field.name} must be a number > 0, got {value!r}")
        if self.memory_mib < 32:
            raise SandboxError(
                f"memory_mib must be >= 32, got {self.memory_mib:g}", "Python alone needs about 20 MiB"
            )
        if self.open_files < 8:
            raise SandboxError(f"open_files must be >= 8, got {self.open_files}")
