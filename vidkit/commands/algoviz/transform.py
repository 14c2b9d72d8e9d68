"""`vidkit algoviz lower` and `compose`: traces made of traces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkit.algoviz.vta.composing import compose
from vidkit.algoviz.vta.lowering import lower
from vidkit.algoviz.vta.trace import Trace, load
from vidkit.commands.algoviz.reading import write_trace


@dataclass(frozen=True)
class Made:
    """What was written.

    Args:
        output: the file; None: standard output.
        steps: number of deltas.
        hash: SHA-256 of the canonical JSON.
    """

    output: str | None
    steps: int
    hash: str


def run_lower(file: Path, output: str | None, force: bool) -> Made:
    """Write a trace without vidkit's extensions.

    Raises:
        DataError: the file is no trace.
        OutputError: the output cannot be written.
    """
    return _written(lower(load(file)), output, force)


def run_compose(files: list[Path], output: str | None, force: bool, rebase: bool) -> Made:
    """Write traces as one, each beginning where the one before ends.

    Raises:
        DataError: a file is no trace, or one begins elsewhere and `rebase` is not given.
        OutputError: the output cannot be written.
    """
    traces = [load(file) for file in files]
    made = traces[0]
    for trace in traces[1:]:
        made = compose(made, trace, rebase)
    return _written(made, output, force)


def _written(trace: Trace, output: str | None, force: bool) -> Made:
    write_trace(trace, output, force)
    return Made(output, len(trace), trace.hash())
