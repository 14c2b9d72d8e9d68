"""Threads of operators: how they wait is set before torch is loaded, and is the user's to choose."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from vidkit.cli import execute, main
class Torch:  # in its place: what it would find when it is loaded
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "torch":
            print(os.environ["OMP_WAIT_POLICY"])
            raise SystemExit(0)
sys.meta_path.insert(0, Torch)
def says(settings):
    import torch
execute.runner_of = lambda command: says
execute.settings_of = lambda request: None
assert "torch" not in sys.modules
sys.argv[1:] = ["generate"]
main.main()
"""


@pytest.mark.parametrize(("given", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_wait_without_loops_unless_they_are_told_to(given: str | None, found: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {} if given is None else {"OMP_WAIT_POLICY": given}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == found
