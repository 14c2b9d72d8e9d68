"""Completion as a shell asks for it: through the environment, in a process that loads nothing heavy."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import vidkit_process

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

OFFLOADS = ["none", "model", "sequential", "group"]


def completed(line: str) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    done = vidkit_process.run(
        [],
        bare=True,
        prepare=PROGRAM,
        env=os.environ
        | {
            "_VIDKIT_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("vidkit gen", ["generate"]),
        ("vidkit bench sel", ["select-frames"]),
        ("vidkit bench select-frames --config f", ["full"]),
        ("vidkit bench attention sec", ["sections="]),
        (
            "vidkit generate --config wan14",
            [name for name in config_names("generate") if name.startswith("wan14")],
        ),
        ("vidkit generate --config zzz", []),
        ("vidkit generate ste", ["steps="]),
        ("vidkit generate mod", ["model.", "model="]),
        ("vidkit generate model.off", [f"model.offload={x}" for x in OFFLOADS]),
        ("vidkit generate model.offload =", OFFLOADS),
        ("vidkit generate steps=3 model.offload = no", ["none"]),
        (
            "vidkit generate model.offload=",
            [f"model.offload={x}" for x in OFFLOADS],
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


BASH = """
eval "$(_VIDKIT_COMPLETE=source_bash {python} -c "$PROGRAM")"
vidkit() {{ {python} -c "$PROGRAM" "$@"; }}
export -f vidkit
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_vidkit_completion "{folder}/vidkit"
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_script_for_bash_completes_behind_the_equals_sign(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(f"import sys\nsys.argv[0] = 'vidkit'\n{PROGRAM}")
    # no `#!` line takes an interpreter whose path has blanks
    start = f"exec {shlex.quote(sys.executable)} {shlex.quote(str(tmp_path / 'program.py'))}"
    (tmp_path / "vidkit").write_text(f'#!/bin/sh\n{start} "$@"\n')
    (tmp_path / "vidkit").chmod(0o755)
    # bash cuts `model.offload=mo` into three words
    python = shlex.quote(sys.executable)
    script = BASH.format(python=python, folder=tmp_path, words="vidkit generate model.offload = mo")
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PROGRAM": PROGRAM.replace("main()", "sys.argv[0] = 'vidkit'; main()", 1)},
    )
    assert done.stdout.split() == ["model"], done.stderr
