"""What can be said of a tracker without running it. No protection: that is the sandbox's."""

from __future__ import annotations

import ast
import importlib.util
import sys
import warnings
from collections.abc import Iterator

from vidkit.algoviz.asking.findings import Finding

_ENTRIES = ("trace", "main")
_REACHING_OUT = {"socket", "urllib", "http", "requests", "httpx", "ftplib", "smtplib", "aiohttp"}
_LARGEST = 200_000  # characters; Python's parser takes some seconds for a million


def check_source(source: str, form: str = "tracker") -> list[Finding]:
    """Findings of a program's text.

    Args:
        source: of the program.
        form: `tracker` makes a trace itself, `script` is watched.
    """
    if len(source) > _LARGEST:
        return [
            Finding(
                "static",
                f"the program has {len(source):,} characters, of which {_LARGEST:,} are read",
                "write a short one",
            )
        ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        near = (error.text or "").strip()[:80]
        return [Finding("static", f"SyntaxError: {error.msg}: {near}", "", "", f"line {error.lineno}")]
    except (ValueError, RecursionError, MemoryError) as error:
        return [Finding("static", f"not a Python program: {error}", "write plain Python")]
    found = [*_imports(tree)]
    if form == "tracker" and not _makes_trace(tree):
        found.append(
            Finding(
                "static",
                "nothing here makes a trace",
                "define trace(data) that returns the trace, or write trace.json",
            )
        )
    return found


def _imports(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module and not node.level else []
        for name in names:
            top, place = name.partition(".")[0], f"line {node.lineno}"
            if top in _REACHING_OUT:
                yield Finding("static", f"'{name}' is of no use: there is no network", "", "", place, False)
            elif top not in sys.stdlib_module_names and not _is_there(top):
                yield Finding(
                    "static", f"the package '{top}' is not installed", "use the standard library", "", place
                )


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _makes_trace(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in _ENTRIES:
            return True
        if isinstance(node, ast.Name) and node.id == "Tracer":
            return True
        if isinstance(node, ast.Constant) and node.value in ("trace.json", "trace.jsonl"):
            return True
    return False


def has_function(source: str, name: str) -> bool:
    """Whether a program defines a function of that name at its top level."""
    if len(source) > _LARGEST:
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
