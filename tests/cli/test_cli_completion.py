"""Completion as a shell asks for it: through the environment, in a fresh process that loads nothing heavy."""

import os
import subprocess
import sys

import pytest

from vidkit.config.catalog import config_names, group_choices

PROGRAM = """
import sys
from vidkit.cli.main import main
try:
    main()
finally:
    heavy = {"torch", "hydra", "omegaconf", "numpy", "rich"} & set(sys.modules)
    assert not heavy, heavy
"""


def completed(line: str) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True, text=True, timeout=60,
        env=os.environ | {
            "_VIDKIT_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("vidkit gen", ["generate"]),
        (
            "vidkit generate --config wan14",
            [name for name in config_names("generate") if name.startswith("wan14")],
        ),
        ("vidkit generate --config zzz", []),
        ("vidkit generate ste", ["steps="]),
        ("vidkit generate mod", ["model.", "model="]),
        ("vidkit generate model.off", ["model.offload="]),
        (
            "vidkit generate model.offload=",
            [f"model.offload={x}" for x in ("none", "model", "sequential", "group")],
        ),
        (
            "vidkit generate model=wan14b_",
            [f"model={x}" for x in group_choices("model") if x.startswith("wan14b_")],
        ),
        ("vidkit generate steps=3 dry_run=t", ["dry_run=true"]),
        ("vidkit generate --device cu", ["cuda"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bash_is_offered(line: str, expected: list[str]) -> None:
    assert completed(line) == expected
