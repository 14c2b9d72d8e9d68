"""docs/terms.md: each file exists, says the term, and is linked to where it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(
    r"^\| (?P<term>[^|]+) \| (?P<paper>[^|]+) \| \[`(?P<file>[^`]+)`\]\((?P<link>[^)]+)\) \|$", re.MULTILINE
)
PAGE = (ROOT / "docs" / "terms.md").read_text(encoding="utf-8")
ROWS = [tuple(match.groups()) for match in ROW.finditer(PAGE)]


def plain(text: str) -> str:
    """Lower case, with words apart by one space: docstrings wrap, names have underscores."""
    return " ".join(re.sub(r"[\s_-]+", " ", text.lower()).split())


def test_every_row_of_the_tables_is_read() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    rows = [line for line in lines if not line.startswith(("| Term", "| ---"))]
    assert len(rows) == len(ROWS) >= 50


@pytest.mark.parametrize(("term", "paper", "file", "link"), ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_term_is_in_its_file(term: str, paper: str, file: str, link: str) -> None:
    assert link == f"../{file}"
    path = ROOT / file
    assert path.is_file(), f"{file} is gone: say in docs/terms.md where '{term}' is now"
    text = plain(path.read_text(encoding="utf-8"))
    for part in term.split(", "):
        assert re.search(rf"\b{re.escape(plain(part))}", text), f"{file} does not say '{part}'"


@pytest.mark.parametrize(
    "term",
    [
        "antidiagonal scoring", "semantic permutation", "temporal mask reuse", "drift threshold", "EBC",
        "event segmentation", "adaptive MMR", "wavelet boundaries", "budget allocation", "who", "when", "how",
        "always-YES baseline", "resume log", "exact match",
    ],
)  # fmt: skip
def test_terms_of_the_papers_have_a_row(term: str) -> None:
    assert term in [row[0] for row in ROWS]
