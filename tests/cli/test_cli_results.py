"""What the command line hands to a command and what it does with the result."""

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from vidkit import __version__
from vidkit.cli import execute
from vidkit.cli.commands import COMMANDS, WITH_SETTINGS
from vidkit.cli.main import run
from vidkit.cli.plain import plain
from vidkit.config.catalog import config_names, settings_class
from vidkit.config.keys import keys_of
from vidkit.config.schema import GenerateSettings
from vidkit.utils.sealing import sealed

Seen = list[GenerateSettings]


@dataclass
class FakeRecord:
    path: Path
    seconds: float


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """The settings that the command got."""
    settings_seen: Seen = []

    def command(settings: GenerateSettings) -> FakeRecord:
        settings_seen.append(settings)
        print("made out.mp4")
        return FakeRecord(Path("out.mp4"), float("nan"))

    monkeypatch.setattr(execute, "runner_of", lambda command_name: command)
    return settings_seen


@pytest.mark.parametrize(
    ("words", "prompt", "steps"),
    [
        (["a red ball"], "a red ball", 10),
        (["a red ball", "steps=3"], "a red ball", 3),
        (["steps=3", "a red ball"], "a red ball", 3),
        (["prompt=a=b", "steps=3"], "a=b", 3),
        (["steps=3", "--", "a=b"], "a=b", 3),
        (["--", "--seed"], "--seed", 10),
        (["what is 1+1=2?"], "what is 1+1=2?", 10),
        (["-c", "maze_demo", "2 + 2 = 4"], "2 + 2 = 4", 10),
    ],
    ids=["prompt", "then-key", "key-first", "key-with-equals", "dashes", "option-like", "question", "sum"],
)
def test_words_are_a_prompt_and_settings(words: list[str], prompt: str, steps: int, seen: Seen) -> None:
    if steps == 10:
        words = ["steps=10", *words]
    assert run(["generate", *words]) == 0
    assert (seen[0].prompt, seen[0].steps) == (prompt, steps)


def test_options_are_settings(seen: Seen) -> None:
    words = ["--output", "x, y.mp4", "--seed", "7", "--device", "cpu", "--dry-run", "--verbose"]
    assert run(["generate", *words]) == 0
    got = seen[0]
    assert (got.output, got.seed, got.device, got.dry_run, got.verbose) == ("x, y.mp4", 7, "cpu", True, True)


def test_options_not_given_leave_the_config_alone(seen: Seen) -> None:
    assert run(["generate", "seed=5", "device=cpu", "dry_run=true"]) == 0
    assert (seen[0].seed, seen[0].device, seen[0].dry_run, seen[0].verbose) == (5, "cpu", True, False)


def test_json_to_standard_output_is_alone_there(seen: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "--json", "-"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"path": "out.mp4", "seconds": None}
    assert said.err == "made out.mp4\n"


def test_json_to_a_file(seen: Seen, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "--json", str(tmp_path / "x.json")]) == 0
    assert json.loads((tmp_path / "x.json").read_text()) == sealed({"path": "out.mp4", "seconds": None})
    assert capsys.readouterr().out == "made out.mp4\n"


def test_verbose_logs(seen: Seen) -> None:
    run(["generate", "--verbose"])
    assert logging.getLogger("vidkit").level == logging.INFO
    run(["generate"])
    assert logging.getLogger("vidkit").level == logging.WARNING


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"vidkit {__version__}\n"
    assert run([]) == 0
    listed = capsys.readouterr().out
    lines = [
        line for line in listed.splitlines() if line.startswith(tuple(f"  {name} " for name in COMMANDS))
    ]
    assert len(lines) == len(COMMANDS)
    assert not [line for line in lines if line.endswith("...")], "a command's line was cut"


@pytest.mark.parametrize("command", WITH_SETTINGS)
def test_every_command_has_help_and_something_to_run(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    for option in ("--config", "--config-dir", "--json"):
        assert option in shown
    assert f"\n  vidkit {command} " in shown and "\\b" not in shown, "examples keep their lines"
    assert "list[str]" not in shown, "the Python type of the words"
    listed = shown.partition("\nConfigs:\n")[2].replace(",", " ").split()
    assert listed == config_names(command) and listed
    # an option for each common setting that the command has
    common = {"output", "seed", "device", "dry_run", "verbose"} & set(keys_of(settings_class(command)))
    assert {name for name in common if f"--{name.replace('_', '-')}" in shown} == common
    assert callable(execute.runner_of(command))


class Kind(Enum):
    A = "a"


class SaysItself:
    def as_dict(self) -> dict[str, object]:
        return {"x": Kind.A}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2.5, None, True)}, {"a": [1, 2.5, None, True]}),
        (float("inf"), None),
        (Kind.A, "a"),
        (SaysItself(), {"x": "a"}),
        (np.float32(0.5), 0.5),
        (np.array([[1, 2]]), [[1, 2]]),
        (FakeRecord(Path("a/b"), 1.0), {"path": "a/b", "seconds": 1.0}),
    ],
    ids=["mapping", "infinity", "enum", "own", "number", "array", "dataclass"],
)
def test_plain(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_plain_refuses_what_has_no_json_form() -> None:
    with pytest.raises(TypeError, match="a result of type object has no JSON form"):
        plain(object())


def test_json_file_is_written_when_the_reader_of_the_output_leaves(tmp_path: Path) -> None:
    # far more output than a pipe holds, and a reader that takes one line
    program = (
        "import sys; from vidkit.cli import execute, main\n"
        "def command(settings):\n"
        "    for _ in range(20_000): print('a line of output')\n"
        "    return {'done': True}\n"
        "execute.runner_of = lambda name: command\n"
        "sys.exit(main.run(['generate', '--json', sys.argv[1]]))\n"
    )
    target = tmp_path / "result.json"
    writer = subprocess.Popen([sys.executable, "-c", program, str(target)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.wait(300) == 0
    assert json.loads(target.read_text()) == sealed({"done": True})
