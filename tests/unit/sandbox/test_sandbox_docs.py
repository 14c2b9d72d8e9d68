"""The page about the sandbox names what is tried, all of it and no more."""

from pathlib import Path

from sandbox_attacks import ALL

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sandbox.md"


def test_table_has_a_row_for_each_attack_and_no_other() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("## What each backend stops")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert [row for row in rows if row not in ("Attempt", "---")] == list(ALL)
