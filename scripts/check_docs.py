"""Check what README.md, CONTRIBUTING.md and docs/ promise: links lead somewhere, commands can be typed.

Each `vidkit ...` line of a shell block is parsed and its settings composed, without running it; each `make X`
has a target; each linked file exists. Run `make docs`.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from vidkit.cli import algoviz, execute, main

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "kernels").rglob("*.md")])


def broken_links(page: Path) -> Iterator[str]:
    """Relative links of a page that lead nowhere."""
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith(("#", "mailto:")):
            continue
        if not (page.parent / target.split("#")[0]).exists():
            yield f"{page.relative_to(ROOT)}: link to '{target}' leads nowhere"


def command_lines(page: Path) -> Iterator[str]:
    """Lines of shell blocks, continuation lines joined, comments and prompts removed."""
    for language, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language in ("sh", "bash", "shell", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                if language != "console" or line.startswith("$ "):
                    yield line.removeprefix("$ ").strip()


def wrong_commands(page: Path) -> Iterator[str]:
    """Commands of a page that could not be typed."""
    for line in command_lines(page):
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"\w+=\S*", words[0]):  # environment variables before the command
            words = words[1:]
        problem = _problem(words)
        if problem:
            yield f"{page.relative_to(ROOT)}: `{line}`: {problem}"


def _problem(words: list[str]) -> str:
    if words[:1] == ["make"]:
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        wrong = [word for word in words[1:] if "=" not in word and word not in targets]
        return f"no target {wrong[0]}" if wrong else ""
    if words[:1] == ["python"] and len(words) > 1 and words[1].endswith(".py"):
        return "" if (ROOT / words[1]).is_file() else f"no file {words[1]}"
    return _vidkit_problem(words[1:]) if words[:1] == ["vidkit"] else ""


def _vidkit_problem(words: list[str]) -> str:
    if {"--help", "-h", "--version", "--install-completion", "--show-completion"} & set(words):
        return ""
    cut = next((at for at, word in enumerate(words) if word in ("|", ">", "2>", "&&", ";")), len(words))
    said = io.StringIO()
    with (
        mock.patch.object(execute, "runner_of", lambda command: lambda settings: None),
        mock.patch.object(algoviz, "command_of", lambda name: lambda *values: None),
        mock.patch("vidkit.cli.result_file.put_json"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(said),
    ):
        status = main.run(words[:cut])
    return said.getvalue().strip() or (f"exits with {status}" if status else "")


def check() -> list[str]:
    """Everything that is wrong, in words."""
    return [problem for page in pages() for find in (broken_links, wrong_commands) for problem in find(page)]


if __name__ == "__main__":
    found = check()
    print("\n".join(found) or f"{len(pages())} pages: links and commands are right")
    sys.exit(bool(found))
