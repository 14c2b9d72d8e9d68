"""Starts the modules of `inside` in a fresh interpreter that knows nothing of vidkit."""

from __future__ import annotations

import sys
from pathlib import Path

INSIDE = str(Path(__file__).resolve().parent / "inside")

# the folder as a package of its own, so that neither vidkit nor site-packages is imported
_CODE = (
    "import sys,types,importlib;"
    "p=types.ModuleType('inside');p.__path__=[{folder!r}];sys.modules['inside']=p;"
    "importlib.import_module('inside.{module}').main()"
)


def python(module: str) -> list[str]:
    """Command line that runs `main` of a module of `inside`."""
    return [sys.executable, "-I", "-S", "-B", "-c", _CODE.format(folder=INSIDE, module=module)]
