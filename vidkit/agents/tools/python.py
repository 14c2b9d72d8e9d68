"""Programs that a model writes, run in the sandbox with the pictures at hand."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from vidkit.agents.types import ToolError, ToolResult
from vidkit.agents.workspace import Workspace, fitted
from vidkit.errors import SandboxError
from vidkit.serving.messages import Image

_MOST_PICTURES = 4
_MOST_TEXT = 4000  # letters of the output that the model is shown
_START = (
    "import os, runpy; os.makedirs('out', exist_ok=True); runpy.run_path('program.py', run_name='__main__')"
)


class PythonTool:
    """Runs one program per call, each in a fresh folder: pictures in in/, what it saves to out/ comes back.

    Source: the code tool of Thyme; differs: a sandbox of the system (see docs/sandbox.md), not a list of
    forbidden words.

    Args:
        seconds: a program may take.
        memory_mib: it may use.
        largest: pixels of a picture that it saved, as it is shown.
    """

    name = "python"
    description = "Runs a Python program; pictures lie in in/, save pictures to out/ and print what you need."
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {"code": {"type": "string", "description": "the program"}},
        "required": ["code"],
    }

    def __init__(self, seconds: float = 10.0, memory_mib: int = 1024, largest: int = 1_000_000) -> None:
        self._seconds, self._memory_mib, self._largest = seconds, memory_mib, largest

    def run(self, arguments: Mapping[str, Any], workspace: Workspace) -> ToolResult:
        """What the program printed and saved; how it ended where it failed."""
        from vidkit import sandbox

        code = arguments.get("code")
        if not isinstance(code, str) or not code.strip():
            raise ToolError("code must be a Python program")
        files: dict[str, bytes | str] = {"program.py": code}
        for number, picture in enumerate(workspace.pictures, 1):
            buffer = io.BytesIO()
            picture.convert("RGB").save(buffer, "PNG")
            files[f"in/picture{number}.png"] = buffer.getvalue()
        limits = sandbox.Limits(cpu_s=self._seconds, wall_s=self._seconds, memory_mib=self._memory_mib)
        try:
            outcome = sandbox.run(["python", "-c", _START], limits, files)
        except SandboxError as error:
            raise ToolError(f"programs cannot be run here: {error.message}") from error
        text = outcome.stdout[:_MOST_TEXT]
        if outcome.stdout_bytes > _MOST_TEXT:
            text += f"\n[{outcome.stdout_bytes} bytes in all]"
        if not outcome.ok:
            last = outcome.stderr.strip().rpartition("\n")[2][:300]
            problem = f"the program failed, {outcome.why()}" + (f": {last}" if last else "")
            return ToolResult(text, problem=problem)
        return ToolResult(text or "the program printed nothing", self._pictures(outcome.files))

    def _pictures(self, files: Mapping[str, bytes]) -> tuple[Image, ...]:
        """Pictures saved to out/, the first four by name; what is none is left out."""
        found: list[Image] = []
        for name in sorted(files):
            if not name.startswith("out/") or len(found) == _MOST_PICTURES:
                continue
            try:
                picture = Image.from_bytes(files[name], name).to_pil()
            except Exception:
                continue
            size = fitted(*picture.size, largest=self._largest)
            found.append(Image.from_pil(picture.resize(size), lossless=True))
        return tuple(found)
