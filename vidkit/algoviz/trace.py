"""Traces of ordinary Python: of a script, or of a function with its arguments.

```python
from vidkit.algoviz import trace

made = trace.run("quick_sort.py")  # in the sandbox
made = trace.run(bubble_sort, [5, 2, 8])  # in this process: a function of yours
trace.show(made)  # in a notebook
```
"""

from __future__ import annotations

import html
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.algoviz.tracing.tracer import Tracer

if TYPE_CHECKING:
    from vidkit.algoviz.vta.trace import Trace

__all__ = ["Tracer", "run", "show"]


def run(
    function_or_path: Callable[..., Any] | str | Path,
    *args: Any,
    watch: Iterable[str] = (),
    most_steps: int = 2000,
    **kwargs: Any,
) -> Trace:
    """Run a script or a function and tell what it did.

    Args:
        function_or_path: path of a script, run in the sandbox with `args` as its arguments (text); or a
            function of the caller, run in this process with `args` and `kwargs`.
        *args: see above.
        watch: names of variables to show, no others; empty: what matters most.
        most_steps: of the trace; more are counted, not shown.
        **kwargs: for a function; of a script `limits`, `stdin`, `files`, `backend` and `unsafe`, as
            `vidkit.algoviz.tracing.run.trace_source` takes them.

    Raises:
        DataError: nothing could be traced.
        SandboxError: a script, and no sandbox works here.
        Exception: what the function raises.
    """
    from vidkit.algoviz.tracing.here import record_call
    from vidkit.algoviz.tracing.run import read_script, trace_source
    from vidkit.algoviz.tracing.telling import tell
    from vidkit.algoviz.vta.trace import trace_of

    if isinstance(function_or_path, str | Path):
        words = [str(word) for word in args]
        name = str(function_or_path)
        return trace_source(
            read_script(name), name, watch=watch, most_steps=most_steps, arguments=words, **kwargs
        ).trace
    recording, _ = record_call(function_or_path, args, kwargs)
    name = getattr(function_or_path, "__name__", "")
    return trace_of(tell(recording, name, watch, most_steps), name)


class Shown:
    """A trace as a notebook shows it: the player in a frame, by `_repr_html_`."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def _repr_html_(self) -> str:
        text = html.escape(self.page, quote=True)
        size = f"width:100%;height:{self.height}px;border:0"
        return f'<iframe srcdoc="{text}" style="{size}" sandbox="allow-scripts"></iframe>'


def show(made: Trace, height: int = 640) -> Shown:
    """A trace for a notebook: the last value of a cell, or an argument of `display`.

    Args:
        made: the trace.
        height: of the frame, in pixels.

    Raises:
        ConfigError: this version draws no pages.
    """
    from vidkit.algoviz.renderers.rendering import render

    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "trace.html"
        render(made, to="html", output=page)
        return Shown(page.read_text(encoding="utf-8"), height)
