"""What the tests ran with, read from the record of `make test-versions` and from pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from scripts.doc_tables.results import ROOT, result

# what a dependency changed that vidkit has to know of
CHANGES = {
    "transformers": "5.0 renamed image processors and loading arguments",
    "numpy": "2.0 changed promotion and text of scalars, 2.4 removed deprecated conversions",
    "opencv-python-headless": "5.0 changed defaults of reading pictures: others' are read with Pillow",
    "av": "see below",
    "typer": "see below",
}
_TOOLS = ("pytest", "pytest-xdist", "hypothesis", "mypy", "types-PyYAML", "ruff", "hatchling")


def run_table() -> str | None:
    """An environment a row: what ran when, with which Python, and what came of it."""
    made = result("versions")
    if made is None:
        return None
    lines = ["| Environment | Python | Tests | Day | Result |", "| --- | --- | --- | --- | --- |"]
    for label, row in made.items():
        releases = "lowest releases" if label.endswith("-lowest") else "newest releases"
        if "without-torch" in label:
            releases += ", without torch"
        ran = f"`{' '.join(row['paths'])}`: {row['ran']} of {row['files']} files"
        counts = f"{row['passed']:,} passed, {row['skipped']:,} skipped, {row['failed']} failed"
        days = " to ".join(_ends(row["days"]))
        lines.append(f"| {releases} | {row['versions']['python']} | {ran} | {days} | {counts} |")
    wrong = {label: row["wrong"] for label, row in made.items() if row["wrong"]}
    lines += [
        "",
        *(f"Did not pass ({label}): `{end}`." for label, ends in wrong.items() for end in ends.values()),
    ]
    return "\n".join(lines).rstrip()


def _ends(days: list[str]) -> list[str]:
    return sorted({days[0], days[-1]}) if days else ["never"]


def dependency_table() -> str | None:
    """A dependency a row: the bound, the lowest and the newest that the tests ran with."""
    made = result("versions")
    if made is None:
        return None
    lowest = _of(made, lowest=True)
    newest = _of(made, lowest=False)
    lines = [
        "| Dependency | Lowest allowed | Lowest tested | Newest tested | Which change it went through |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, bound in _bounds().items():
        tested = f"{lowest.get(name, 'no')} | {newest.get(name, 'no')}"
        lines.append(f"| `{name}` | {bound} | {tested} | {CHANGES.get(name, '')} |")
    return "\n".join(lines)


def _of(made: dict[str, Any], *, lowest: bool) -> dict[str, str]:
    """Versions of the last environment of that kind."""
    rows = [row["versions"] for label, row in made.items() if label.endswith("-lowest") == lowest]
    return dict(rows[-1]) if rows else {}


def _bounds() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["eval"], *extras["ray"], *extras["dev"]]
    found = (re.match(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)", line) for line in lines)
    return {match[1]: match[2] for match in found if match and match[1] not in _TOOLS}
