"""The names of the commands: what there is, and what has settings of its own."""

from __future__ import annotations

from vidkit.cli.bench import BENCHMARKS

COMMANDS = ("generate", "tune", "calibrate", "eval", "select-frames", "algoviz", "bench", "list", "config")
TWO_WORDS = ("calibrate gate", "calibrate cache")  # commands of two words beside one of the first word alone
LOOK_UPS = ("list", "config")  # commands that say what there is and compute nothing
# command lines that have settings of their own
WITH_SETTINGS = (
    *(name for name in COMMANDS if name not in ("algoviz", "bench", *LOOK_UPS)),
    *TWO_WORDS,
    *(f"bench {name}" for name in BENCHMARKS),
)
