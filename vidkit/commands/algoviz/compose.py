"""`vidkit algoviz compose`: traces one after the other as one."""

from __future__ import annotations

from pathlib import Path

from vidkit.algoviz.vta.composing import compose
from vidkit.algoviz.vta.trace import load
from vidkit.commands.algoviz.writing import Made, write_trace


def run(files: list[Path], output: str | None, force: bool, rebase: bool) -> Made:
    """Write traces as one, each beginning where the one before ends.

    Raises:
        DataError: a file is no trace, or one begins elsewhere and `rebase` is not given.
        OutputError: the output cannot be written.
    """
    traces = [load(file) for file in files]
    made = traces[0]
    for trace in traces[1:]:
        made = compose(made, trace, rebase)
    return write_trace(made, output, force)
