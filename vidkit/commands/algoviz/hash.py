"""`vidkit algoviz hash`: the canonical hash of a trace, and of each of its states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkit.algoviz.vta.trace import load


@dataclass(frozen=True)
class Hashed:
    """SHA-256 in hexadecimal.

    Args:
        file: as it was given.
        trace: of the canonical JSON of the file.
        states: of each state, marks of a step left out; None: not asked for.
    """

    file: str
    trace: str
    states: tuple[str, ...] | None


def run(file: Path, each_step: bool) -> Hashed:
    """Hash a trace, print the hashes.

    Raises:
        DataError: the file is no trace.
    """
    trace = load(file)
    made = Hashed(str(file), trace.hash(), tuple(trace.hashes()) if each_step else None)
    print(f"{made.trace}  {file}")
    for step, digest in enumerate(made.states or ()):
        print(f"{digest}  step {step}")
    return made
