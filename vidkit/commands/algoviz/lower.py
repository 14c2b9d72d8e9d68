"""`vidkit algoviz lower`: a trace without vidkit's extensions."""

from __future__ import annotations

from pathlib import Path

from vidkit.algoviz.vta.lowering import lower
from vidkit.algoviz.vta.trace import load
from vidkit.commands.algoviz.writing import Made, write_trace


def run(file: Path, output: str | None, force: bool) -> Made:
    """Write a trace without vidkit's extensions.

    Raises:
        DataError: the file is no trace.
        OutputError: the output cannot be written.
    """
    return write_trace(lower(load(file)), output, force, [file])
