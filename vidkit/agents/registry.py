"""Dialects and tools by name: ours, installed plug-ins, or a class in one file of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidkit.agents.types import Dialect, Foresight, Tool
from vidkit.errors import ConfigError
from vidkit.utils.plugins import load_class

DIALECTS: Mapping[str, str] = {
    "hermes_text": "vidkit.agents.dialects.hermes_text:HermesText",
    "python_block": "vidkit.agents.dialects.python_block:PythonBlock",
    "openai_tools": "vidkit.agents.dialects.openai_tools:OpenAITools",
}
FRAMES_TOOL = "frames"
TOOLS: Mapping[str, str] = {
    "zoom": "vidkit.agents.tools.zoom:ZoomTool",
    "rotate": "vidkit.agents.tools.rotate:RotateTool",
    "python": "vidkit.agents.tools.python:PythonTool",
    FRAMES_TOOL: "vidkit.agents.tools.frames:FramesTool",
}
_CALLED: Mapping[str, str] = {
    "image_zoom_in_tool": "zoom",
    "image_rotate_tool": "rotate",
    "video_frames_tool": FRAMES_TOOL,
}
"""Names of settings by the names that models call tools by."""
FORESIGHTS: Mapping[str, str] = {"centre": "vidkit.agents.foresight:Centre"}
_DIALECT_NEEDS = ("system", "question", "declarations", "read", "turn", "observation", "reminder")


def open_dialect(name: str) -> Dialect:
    """A dialect by name.

    Raises:
        ConfigError: no such dialect, or a class that lacks a method.
    """
    found: Dialect = load_class("dialect", name, DIALECTS, _DIALECT_NEEDS)()
    return found


def open_foresight(name: str, frame: str = "model") -> Foresight | None:
    """What guesses an agent's next call, by name; None for `none`.

    Raises:
        ConfigError: no such foresight, or a class that lacks a method.
    """
    if name == "none":
        return None
    found: Foresight = load_class("foresight", name, FORESIGHTS, ("__call__",))(frame)
    return found


def open_tools(names: Sequence[str], frame: str = "model") -> list[Tool]:
    """Tools by name.

    Args:
        names: of tools.
        frame: in which the model writes boxes, see `vidkit.agents.tools.boxes.FRAMES`.

    Raises:
        ConfigError: no such tool, or a class that lacks a method.
    """
    made: list[Tool] = []
    for name in names:
        try:
            factory = load_class("tool", name, TOOLS, ("run",))
        except ConfigError as error:
            if name not in _CALLED:
                raise
            hint = f"did you mean '{_CALLED[name]}'? models know it as {name}; {error.hint}"
            raise ConfigError(error.message, hint) from error
        made.append(factory(frame) if name == "zoom" else factory())
    return made
