"""What the benchmarks of `vidkit bench` share: their folder, their command in words, their plan."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from vidkit.bench.running import Planned
from vidkit.bench.tables import TextTable, say
from vidkit.config.keys import keys_of
from vidkit.utils.files import check_writable
from vidkit.utils.paths import expanded
from vidkit.utils.plain import duration

_UNTOLD = {"output", "dry_run", "force", "verbose", "device"}  # say nothing about the figures


def folder_for(name: str, output: str | None, dry_run: bool = False) -> Path:
    """Where a benchmark writes; made unless this is a dry run.

    Raises:
        OutputError: it cannot be written to.
    """
    folder = expanded(output) if output else Path("outputs") / "bench" / name.replace("-", "_")
    if not dry_run:
        check_writable(folder, create=True)
    return folder


def command_of(name: str, settings: Any) -> str:
    """The command line that measures the same, from the settings that differ from their defaults."""
    words = ["vidkit", "bench", name]
    for key in keys_of(type(settings)).values():
        if key.is_section or key.name in _UNTOLD:
            continue
        value = settings
        for part in key.name.split("."):
            value = getattr(value, part)
        if value != key.default:
            word = f"{key.name}={_word(value)}"
            words.append(word if re.fullmatch(r"[\w=.,:/\[\]+-]+", word) else shlex.quote(word))
    return " ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(map(_word, value)) + "]"
    return str(value.value if isinstance(value, Enum) else value)


def plan_of(
    benchmark: str, parts: Sequence[Planned], notes: Sequence[str], command: str, device: str | None = None
) -> dict[str, Any]:
    """Say what a run would measure: part, what of, about how long; and the same for other programs."""
    title = f"bench {benchmark}" + (f" on {device}" if device else "")
    table = TextTable(("part", "what", "about"), title, left=2)
    for part in parts:
        table.add(part.kind, part.what, duration(max(1.0, part.planned_s)))
    table.add("all", "", duration(max(1.0, sum(part.planned_s for part in parts))))
    table.show()
    for note in notes:
        say(f"note  {note}")
    say(command)
    return {
        "benchmark": benchmark,
        "dry_run": True,
        "command": command,
        **({"device": device} if device else {}),
        "parts": [{"part": part.kind, "of": part.what, "about_s": part.planned_s} for part in parts],
    }


def print_files(folder: Path, names: Sequence[str]) -> None:
    """Where things were written; those that are there."""
    for name in names:
        if (folder / name).is_file():
            say(f"{(folder / name).suffix[1:]:<5} {folder / name}")
