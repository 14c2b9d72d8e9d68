"""Judge every command one after the other in this process, with a row for each."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.keep_others_commands import Words, all_commands
from scripts.rows import tell


def attempt(words: list[str]) -> tuple[int, str]:
    """Exit status of a command and what it said."""
    from vidkit.cli.main import run

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = run(words)
    return status, said.getvalue()


def judge_commands(about: str, of_command: Callable[[str, Words, Path], dict[str, Any]]) -> int:
    """The command line of a script that judges commands; its exit status.

    Args:
        about: the script's docstring.
        of_command: makes the row of a command of its name, its words and a folder that does not exist yet;
            `wrong` of the row lists what is wrong.
    """
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests" / "support")]
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--only", nargs="+", help="commands, by the names in scripts/keep_others_commands.py")
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--record", type=Path, help="JSONL file that a row for each command is added to")
    chosen = parser.parse_args()
    record = chosen.record and chosen.record.resolve()
    until, failed = time.monotonic() + 60 * chosen.minutes, False
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        os.chdir(base)
        for number, (name, words) in enumerate(all_commands(base)):
            if (chosen.only and name not in chosen.only) or time.monotonic() > until:
                continue
            row = of_command(name, words, base / f"c{number}")
            failed |= bool(row["wrong"])
            tell(row, record)
    return int(failed)
