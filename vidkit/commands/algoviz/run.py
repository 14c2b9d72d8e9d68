"""`vidkit algoviz run`: an ordinary script, run in the sandbox and watched; its trace, or the trace drawn."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkit.algoviz.tracing.run import Traced, read_script, trace_source
from vidkit.commands.algoviz.reading import summary
from vidkit.commands.algoviz.writing import is_trace_file, write_trace
from vidkit.errors import DataError

SCRIPT_FAILED = 4  # exit status


@dataclass(frozen=True)
class Settings:
    """What `vidkit algoviz run` takes.

    Args:
        script: path.
        arguments: of the script.
        watch: names of variables to show; empty: what matters most.
        output: `.json` for the trace, another suffix for a picture, page or video; None: beside the script's
            name in this folder, `.trace.json`.
        stdin: file that the script reads as standard input.
        files: that it may read, copied into its folder under their names.
        most_steps: of the trace.
        sandbox: "auto", "bubblewrap" or "landlock".
        unsafe: run it without a sandbox where none works.
        force: overwrite the output.
    """

    script: Path
    arguments: Sequence[str] = ()
    watch: Sequence[str] = ()
    output: str | None = None
    stdin: Path | None = None
    files: Sequence[Path] = ()
    most_steps: int = 2000
    sandbox: str = "auto"
    unsafe: bool = False
    force: bool = False


@dataclass(frozen=True)
class Ran:
    """What came of it.

    Args:
        output: file that was written, the first of several.
        files: all that were written; none where the trace went to standard output.
        steps: of the trace.
        views: title and kind of each, the main one first.
        ended: "exit status 0", "over its limit (cpu)" and so on.
        findings: what is worth telling, with its severity.
        printed: standard output of the script, its start.
        sandbox: what held it.
        seconds: of the run.
        failed: whether the script did not come to its end.
    """

    output: str
    files: tuple[str, ...]
    steps: int
    views: tuple[tuple[str, str], ...]
    ended: str
    findings: tuple[tuple[str, str], ...]
    printed: str
    sandbox: str
    seconds: float
    failed: bool


def run(settings: Settings) -> Ran:
    """Trace a script and write what was asked for; what was done before a fault is written, too.

    Raises:
        DataError: the script or an input cannot be read, or nothing could be traced.
        SandboxError: no sandbox works here; exit status 7.
        OutputError: the output cannot be written.
    """
    source = read_script(settings.script)
    output = settings.output or f"{settings.script.stem}.trace.json"
    if not is_trace_file(output):
        from vidkit.algoviz.renderers.registry import check_ending

        check_ending(output, (".json", ".jsonl", ".ndjson"))  # before the script runs
    made = trace_source(
        source,
        str(settings.script),
        watch=settings.watch,
        arguments=settings.arguments,
        stdin=b"" if settings.stdin is None else _bytes(settings.stdin),
        files={path.name: _bytes(path) for path in settings.files},
        most_steps=settings.most_steps,
        backend=settings.sandbox,
        unsafe=settings.unsafe,
    )
    read = [settings.script, *settings.files, *([] if settings.stdin is None else [settings.stdin])]
    if is_trace_file(output):
        write_trace(made.trace, output, settings.force, read)
        files: tuple[str, ...] = (output,) if output != "-" else ()
    else:
        from vidkit.algoviz.renderers.rendering import render

        given = [settings.script, *settings.files]
        drawn = render(made.trace, output=output, force=settings.force, inputs=given)
        files = tuple(str(path) for path in drawn.files)
    told = _ran(made, files)
    _tell(made, told)
    return told


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}", "give the path of a file") from error


def _ran(made: Traced, files: tuple[str, ...]) -> Ran:
    views: dict[str, tuple[str, str]] = {}
    for state in made.trace.replay():
        for view in state.views:
            views.setdefault(view.view_id, (view.title or view.view_id, view.kind))
    outcome = made.outcome
    return Ran(
        output=files[0] if files else "-",
        files=files,
        steps=len(made.trace),
        views=tuple(views.values()),
        ended=outcome.why(),
        findings=made.findings,
        printed=outcome.stdout,
        sandbox=outcome.backend,
        seconds=round(outcome.seconds, 3),
        failed=not made.ok,
    )


def _tell(made: Traced, told: Ran) -> None:
    """What people read goes to standard error where the trace goes to standard output."""
    stream = sys.stderr if told.output == "-" else sys.stdout
    shown = ", ".join(f"{title} ({kind})" for title, kind in told.views)
    last = f" to {told.files[-1]}" if len(told.files) > 1 else ""
    print(f"{told.output}{last}: {summary(made.trace)}; {told.ended}, sandbox: {told.sandbox}", file=stream)
    print(f"  views: {shown}", file=stream)
    for text, severity in told.findings:
        print(f"  {severity}: {text}", file=stream)
