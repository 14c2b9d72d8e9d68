"""`vidkit algoviz compose`: traces one after the other, or two beside each other, as one."""

from __future__ import annotations

from pathlib import Path

from vidkit.algoviz.vta.beside import beside
from vidkit.algoviz.vta.composing import compose
from vidkit.algoviz.vta.trace import load
from vidkit.commands.algoviz.writing import Made, write_trace
from vidkit.errors import ConfigError


def run(files: list[Path], output: str | None, force: bool, rebase: bool, side_by_side: bool) -> Made:
    """Write traces as one, each beginning where the one before ends; or two at the same time.

    Raises:
        ConfigError: other than two traces beside each other.
        DataError: a file is no trace, or one begins elsewhere and `rebase` is not given.
        OutputError: the output cannot be written.
    """
    traces = [load(file) for file in files]
    if side_by_side:
        if len(traces) != 2:
            raise ConfigError(f"--beside takes two traces, got {len(traces)}", "name two files")
        return write_trace(beside(traces[0], traces[1]), output, force, files)
    made = traces[0]
    for trace in traces[1:]:
        made = compose(made, trace, rebase)
    return write_trace(made, output, force, files)
