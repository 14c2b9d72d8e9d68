"""Put files of others wherever a command writes: they stay; with --force, what links lead to stays.

    python scripts/keep_others.py --record docs/results/keep_others.jsonl
    python scripts/keep_others.py --only tune "bench caching"

Each command runs once into an empty folder, which shows the names that it writes. Then, for each kind of
name, something of somebody else lies there: a file, links of both kinds to one, a link to nothing, a folder
with a file, a name in other letter case beside it. A row tells how the command ended, and what was lost.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.every_command import attempt, judge_commands
from scripts.keep_others_commands import Words

THEIRS = '{"mine": 1}\n'
CASES = ("file", "link", "hard link", "link to nothing", "folder", "look-alike")
FORCED = ("link", "hard link", "link to nothing", "folder", "look-alike")


def planted(case: str, place: Path, outside: Path) -> Path:
    """Put something of somebody else at a place; where it lies, which differs for a look-alike."""
    place.parent.mkdir(parents=True, exist_ok=True)
    (outside / "theirs").write_text(THEIRS)
    if case == "file":
        place.write_text(THEIRS)
    elif case == "link":
        place.symlink_to(outside / "theirs")
    elif case == "hard link":
        os.link(outside / "theirs", place)
    elif case == "link to nothing":
        place.symlink_to(outside / "nothing")
    elif case == "folder":
        place.mkdir()
        (place / "theirs").write_text(THEIRS)
    else:
        place = place.with_name(place.name.swapcase())
        place.write_text(THEIRS)
    return place


def lost(case: str, place: Path, outside: Path, forced: bool) -> str:
    """What somebody else no longer has; empty: nothing."""
    if (outside / "theirs").read_bytes() != THEIRS.encode():
        return "a file elsewhere was changed"
    if sorted(path.name for path in outside.iterdir()) != ["theirs"]:
        return "a file was made elsewhere"
    if forced and case in ("link", "hard link", "link to nothing"):
        return ""  # may be replaced
    if forced and case == "folder" and not place.is_dir():
        place = place.with_name(f"{place.name}.1")  # set aside
    kept = {
        "link": lambda: os.readlink(place) == str(outside / "theirs"),
        "link to nothing": lambda: os.readlink(place) == str(outside / "nothing"),
        "folder": lambda: (place / "theirs").read_text() == THEIRS,
    }.get(case, lambda: not place.is_symlink() and place.read_bytes() == THEIRS.encode())
    try:
        return "" if kept() else "it was changed"
    except OSError:
        return "it is gone"


def kinds_of(folder: Path) -> list[Path]:
    """One file of each kind that lies in a folder: names that differ by numbers are one kind."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            name = path.relative_to(folder)
            found.setdefault(re.sub(r"[0-9a-f]{6,}|\d+", "#", str(name)), name)
    return list(found.values())


def of_command(
    name: str, words: Words, base: Path, cases: Sequence[str] = CASES, forced_cases: Sequence[str] = FORCED
) -> dict[str, Any]:
    """Cases of one command, without --force and with it."""
    began, wrong, ends = time.monotonic(), [], Counter[str]()
    (base / "whole").mkdir(parents=True)
    status, said = attempt(words(base / "whole"))
    kinds = kinds_of(base / "whole")
    if status or not kinds:
        wrong.append(f"status {status} of the run alone: {said[-300:]}")
    tried = [(case, False) for case in cases] + [(case, True) for case in forced_cases]
    for number, (kind, (case, forced)) in enumerate(itertools.product(kinds, tried)):
        out, outside = base / f"out{number}", base / f"outside{number}"
        outside.mkdir()
        place = planted(case, out / kind, outside)
        status, said = attempt([*words(out), *(["--force"] if forced else [])])
        ends["done" if status == 0 else "refused" if status == 2 else f"status {status}"] += 1
        how = f"{case} at {kind}{', forced' if forced else ''}"
        if what := lost(case, place, outside, forced):
            wrong.append(f"{how}: {what} (status {status})")
        if "bug in vidkit" in said or "Traceback" in said:
            wrong.append(f"{how}: {said[-300:]}")
        if status == 2 and sum(line.startswith("error:") for line in said.splitlines()) != 1:
            wrong.append(f"{how}: not one error: {said[-300:]}")
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(outside)
    return {
        "made_by": "scripts/keep_others.py", "command": name, "files": [str(kind) for kind in kinds],
        "ends": dict(sorted(ends.items())), "wrong": wrong, "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(judge_commands(__doc__ or "", of_command))
