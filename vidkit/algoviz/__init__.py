"""Algorithm animations from traces: what a program did, then how it is drawn.

`load(path)` gives a `Trace`; `Trace.replay()` its states, `Trace.state(k)` one of them;
`render(trace, to="mp4", output="sort.mp4")` draws it. Names here are
imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkit.algoviz.renderers.rendering import Rendered, render
    from vidkit.algoviz.rsl.resolve import ResolvedStyle, style_of
    from vidkit.algoviz.vta.state import State
    from vidkit.algoviz.vta.trace import Trace, load, trace_of

__all__ = ["Rendered", "ResolvedStyle", "State", "Trace", "load", "render", "style_of", "trace_of"]

_HOMES = {
    "render": "vidkit.algoviz.renderers.rendering",
    "Rendered": "vidkit.algoviz.renderers.rendering",
    "load": "vidkit.algoviz.vta.trace",
    "trace_of": "vidkit.algoviz.vta.trace",
    "Trace": "vidkit.algoviz.vta.trace",
    "style_of": "vidkit.algoviz.rsl.resolve",
    "ResolvedStyle": "vidkit.algoviz.rsl.resolve",
    "State": "vidkit.algoviz.vta.state",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vidkit.algoviz' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
