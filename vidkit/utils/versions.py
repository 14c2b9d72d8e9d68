"""What a result was made with: package versions and the commit."""

from __future__ import annotations

import importlib.util
import platform
import re
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import vidkit


def versions(packages: Iterable[str]) -> dict[str, str | None]:
    """Versions of Python, vidkit and `packages`; None for what is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "vidkit": vidkit.__version__}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    if found.get("torch") is not None:
        found["torch"] = torch_build()[0] or found["torch"]
    return found


def torch_build() -> tuple[str | None, str | None]:
    """Torch's own version and its accelerator (`cuda 13.0`, `hip 6.4`), read from files, not by importing it.

    PyPI's wheels call themselves 2.13.0 in their metadata and 2.13.0+cu130 in torch, which says more.
    """
    found = importlib.util.find_spec("torch")
    if found is None or not found.submodule_search_locations:
        return None, None
    try:
        text = (Path(found.submodule_search_locations[0]) / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None, None
    values = dict(re.findall(r"^(\w+)\b[^=\n]*= *['\"]([^'\"]+)['\"]", text, re.MULTILINE))
    kind = next((name for name in ("cuda", "hip", "xpu") if name in values), None)
    return values.get("__version__"), None if kind is None else f"{kind} {values[kind]}"


def git_commit() -> str | None:
    """Commit of the checkout vidkit runs from, with '-dirty' if tracked files changed; None outside one."""
    root = Path(vidkit.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}-dirty" if changed else commit


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
