"""Renew the generated parts of docs/: the tables of settings in docs/configuration.md.

Run `make docs` (or `python scripts/make_docs.py`); `--check` only says whether the pages are up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from vidkit.cli.main import COMMANDS
from vidkit.config.describe import markdown_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
_BLOCK = re.compile(r"(<!-- settings of (?P<command>[\w-]+):[^\n]* -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(page: str) -> str:
    """The page with every table made anew from the schema.

    Raises:
        ValueError: a command has no block in the page.
    """
    missing = set(COMMANDS) - {match["command"] for match in _BLOCK.finditer(page)}
    if missing:
        raise ValueError(f"{PAGE.name} has no '<!-- settings of {min(missing)}: ... -->' block")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{markdown_table(match['command'])}\n{match[3]}", page)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing, exit 1 if a page is out of date"
    )
    check = parser.parse_args().check
    old = PAGE.read_text(encoding="utf-8")
    new = renewed(old)
    if check and new != old:
        print(f"{PAGE} is out of date: run make docs")
        return 1
    if new != old:
        PAGE.write_text(new, encoding="utf-8")
        print(f"renewed {PAGE.relative_to(PAGE.parents[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
