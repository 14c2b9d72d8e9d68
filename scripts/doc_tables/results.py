"""The results kept in docs/results/, and how a figure says where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: of the embedded model's transformer, as records name it under "weights"
FIRST_EDITION = "b5aa8e85a4ac0662"


def result(name: str) -> dict[str, Any] | None:
    """A JSON of docs/results/, None if it was not made yet."""
    file = ROOT / "docs" / "results" / f"{name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def commit_of(made: dict[str, Any]) -> str:
    dirty = " with local changes" if str(made["commit"]).endswith("-dirty") else ""
    return f"commit {str(made['commit'])[:12]}{dirty}"


def edition_of(made: dict[str, Any]) -> str:
    """Which edition of the embedded model a record was made with, where it is not the one that ships."""
    return "first edition" if made.get("weights") == FIRST_EDITION else ""
