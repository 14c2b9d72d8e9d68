"""What a user reads says things as the field says them: messages, help, docs, comments of configs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.syntax import syntax_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "kernels").rglob("*.md")]
PICTURE = "docs/architecture.md"  # the one page that may speak of a house and its rooms
OF_THE_PICTURE = r"\bhouse of\b|\b(this|the) rooms?\b|\brooms of\b"
# what must not be written, and what is meant
INSTEAD = {
    r"\b(frames?|candidates?|samples|ticks|bytes|clips|calls|requests) a second\b": "per second",
    r"\b(prompt|object|row|line|number|reply|item)s? an? (line|row|item)\b(?! (of|that))": "per",
    r"(?<!here )\b(is|are) no (?!longer|less|more|worse|faster|better|other)(\.\w+|\w+)\b": "is not a",
    r"\b(seconds|s|ms|time|heads|steps|frames|levels) an? (clip|chunk|task|forward|call|video)\b": "per",
    r"must be at least \d|must be greater than|must not be negative": "must be >= 1, got 0",
    r"\bmust lie in\b": "must be in",
    r"\bgo(es)? on (where|after|from)\b|\brun goes on\b": "resumes",
    r"\btwins?\b": "reference",
    r"\bpeers?\b": "baselines",
    r"\bthe bars? (is|are)\b|\| Bar \|": "target",
    r"\b(made|begin|start) anew\b": "recomputed, start over",
    r"\bput right\b": "correct",
    r"\b(is|are) told (with|as|by)\b": "is reported",
    OF_THE_PICTURE: "package",
}  # fmt: skip


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Text of a module that may reach a user: literals and comments of settings, docstrings left out."""
    text = path.read_text(encoding="utf-8")
    tree = syntax_of(text)
    unseen = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unseen:
            yield node.lineno, node.value
    if path.stem.endswith("schema"):
        for number, line in enumerate(text.splitlines(), 1):
            if "# " in line:
                yield number, line.partition("# ")[2]


def texts() -> Iterator[tuple[str, str]]:
    """Where, and what is written there."""
    for page in PAGES:
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{page.relative_to(ROOT)}:{number}", line
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line.partition("#")[2]
    for path in sorted((ROOT / "vidkit").rglob("*.py")):
        for number, text in strings(path):
            yield f"{path.relative_to(ROOT)}:{number}", text


@pytest.fixture(scope="module")
def every() -> list[tuple[str, str]]:
    return list(texts())


@pytest.mark.parametrize("phrase", INSTEAD)
def test_a_phrase_that_nobody_would_write_is_not_there(phrase: str, every: list[tuple[str, str]]) -> None:
    found = [
        f"{where}: {text.strip()[:90]}"
        for where, text in every
        if re.search(phrase, text) and not (phrase == OF_THE_PICTURE and PICTURE in where)
    ]
    assert found == [], f"write '{INSTEAD[phrase]}'"


def test_the_phrases_find_what_they_are_for() -> None:
    bad = [
        "16 frames a second",
        "one prompt a line",
        "output is no .mp4 file",
        "8 steps a chunk",
        "steps must be at least 1",
        "size must lie in 4..8",
        "it goes on where it was",
        "its twin",
        "its peers",
        "the bar is 3 s",
        "masks are made anew",
        "you can put right",
        "is told with what to do",
        "the rooms of it",
    ]
    assert len(bad) == len(INSTEAD)
    assert all(re.search(phrase, text) for phrase, text in zip(INSTEAD, bad, strict=True))
