"""`vidkit algoviz demo`: a script of the gallery, traced in the sandbox and drawn."""

from __future__ import annotations

from dataclasses import replace

from vidkit.algoviz.gallery.entries import Entry, find
from vidkit.algoviz.renderers.registry import load_renderer
from vidkit.algoviz.renderers.rendering import Rendered
from vidkit.algoviz.tracing.run import trace_source
from vidkit.algoviz.vta.trace import Trace, trace_of
from vidkit.commands.algoviz.draw import Drawing, draw
from vidkit.commands.algoviz.writing import Made, is_trace_file, write_trace
from vidkit.errors import DataError
from vidkit.utils.plain import counted


def run(name: str, asked: Drawing, sandbox: str = "auto", unsafe: bool = False) -> Rendered | Made:
    """Trace an algorithm of the gallery and draw it, or write its trace where the output ends in `.json`.

    Raises:
        ConfigError: no such algorithm, renderer, style or step.
        SandboxError: no sandbox works here; exit status 7.
        OutputError: the output cannot be written.
        MissingDependency: what the renderer needs is not installed.
    """
    entry = find(name)
    trace = traced(entry, sandbox, unsafe)
    output = asked.output
    if asked.to is None and output is not None and is_trace_file(output):
        made = write_trace(trace, output, asked.force)
        if made.output != "-":
            print(f"{made.output}: {entry.title}, {counted(made.steps, 'step')}")
        return made
    if output is None:
        asked = replace(asked, output=entry.name + load_renderer(asked.to or "html").suffix)
    return draw(trace, asked, (entry.path,))


def traced(entry: Entry, sandbox: str = "auto", unsafe: bool = False) -> Trace:
    """The trace of a script of the gallery, run in the sandbox.

    Raises:
        SandboxError: no sandbox works here.
        DataError: it did not come to its end.
    """
    made = trace_source(entry.source, entry.title, backend=sandbox, unsafe=unsafe)
    if not made.ok:
        raise DataError(
            f"'{entry.name}' did not finish: {made.outcome.why()}", "try it with --sandbox landlock"
        )
    raw = made.trace.as_dict()
    area = entry.area.replace("_", " ")
    algorithm = {**raw["algorithm"], "family": "dynamic programming" if area == "dp" else area}
    return trace_of({**raw, "algorithm": algorithm}, made.trace.where)
