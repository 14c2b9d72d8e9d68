"""Renew what the docs take from elsewhere: tables of settings, measured figures, what the demo prints.

Between `<!-- NAME: how it is made -->` and `<!-- end -->` stands what `BLOCKS` makes of that name;
a block without a result file in docs/results/ stays as it is. Run `make docs`; `--check` changes
nothing and says whether the pages are up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from vidkit.cli.commands import WITH_SETTINGS
from vidkit.config.describe import markdown_table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.doc_tables import (  # noqa: E402 (needs the path)
    algoviz,
    attention,
    caching,
    families,
    frames,
    mazes,
    models,
    readme,
    second_edition,
    tool,
    versions,
)

SETTINGS = "docs/configuration.md"
PAGES = (
    "README.md",
    SETTINGS,
    "docs/algoviz.md",
    "docs/algoviz-gallery.md",
    "docs/attention.md",
    "docs/benchmarks.md",
    "docs/maze-model.md",
    "docs/methods/haste.md",
    "docs/caching.md",
    "docs/select-frames.md",
    "docs/methods/frame-encoder.md",
    "docs/vr-bench.md",
    "docs/packaging.md",
    "docs/parallel.md",
)
_BLOCK = re.compile(
    r"(?P<open><!-- (?P<name>settings of [\w -]+|(?:startup|scoring|serving|demo|maze|quality|second seed"
    r"|attention|encoder|generate|headline|measured|baseline|selection|planted|token|reader"
    r"|second edition|learning|reading|tracker|cheat|maze speed|caching|balance|version) figures|demo output"
    r"|(?:operation|code|style code|fuzz|gallery|family|dependency) table):[^\n]*-->\n)"
    r"(?P<body>.*?)(?P<close><!-- end -->)",
    re.DOTALL,
)


BLOCKS: dict[str, Callable[[], str | None]] = {
    "operation table": algoviz.operation_table,
    "code table": algoviz.code_table,
    "fuzz table": algoviz.fuzz_table,
    "gallery table": algoviz.gallery_table,
    "family table": families.family_table,
    "style code table": algoviz.style_code_table,
    "startup figures": lambda: tool.figures("startup"),
    "scoring figures": lambda: tool.figures("scoring"),
    "serving figures": tool.serving_figures,
    "demo figures": lambda: tool.figures("demo"),
    "demo output": tool.demo_output,
    "maze figures": models.maze_tables,
    "quality figures": attention.quality_tables,
    "balance figures": attention.balance_table,
    "caching figures": caching.caching_tables,
    "second seed figures": models.second_seed,
    "second edition figures": second_edition.second_edition,
    "learning figures": second_edition.learning_table,
    "attention figures": attention.attention_tables,
    "encoder figures": models.encoder_table,
    "generate figures": models.generate_table,
    "headline figures": attention.headline,
    "measured figures": readme.measured_table,
    "baseline figures": readme.baselines_table,
    "selection figures": frames.selection_figures,
    "planted figures": frames.planted_table,
    "token figures": frames.token_table,
    "reader figures": frames.reader_table,
    "reading figures": frames.reading_table,
    "tracker figures": mazes.tracker_table,
    "cheat figures": mazes.cheat_table,
    "maze speed figures": mazes.speed_table,
    "version figures": versions.run_table,
    "dependency table": versions.dependency_table,
} | {f"settings of {command}": lambda command=command: markdown_table(command) for command in WITH_SETTINGS}


def renewed(page: str) -> str:
    """The page with every block made anew."""

    def replace(match: re.Match[str]) -> str:
        body = BLOCKS[match["name"]]()
        return match[0] if body is None else f"{match['open']}\n{body}\n{match['close']}"

    return _BLOCK.sub(replace, page)


def with_all_commands(page: str) -> str:
    """The page of settings with an empty table for each command and benchmark that has none yet."""
    for command in WITH_SETTINGS:
        if f"settings of {command}" not in blocks_in(page):
            opening = f"<!-- settings of {command}: made by `make docs` from the schema; do not edit -->"
            page = f"{page.rstrip()}\n\n## Settings of `vidkit {command}`\n\n{opening}\n<!-- end -->\n"
    return page


def blocks_in(page: str) -> set[str]:
    return {match["name"] for match in _BLOCK.finditer(page)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing, exit 1 if a page is out of date"
    )
    check = parser.parse_args().check
    old = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}
    new = {name: renewed(with_all_commands(page) if name == SETTINGS else page) for name, page in old.items()}
    for file, text in algoviz.schema_files().items():
        old[file], new[file] = (ROOT / file).read_text(encoding="utf-8"), text
    changed = {name: page for name, page in new.items() if page != old[name]}
    for name, page in changed.items():
        print(f"{name} is out of date: run make docs" if check else f"renewed {name}")
        if not check:
            (ROOT / name).write_text(page, encoding="utf-8")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
