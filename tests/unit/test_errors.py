"""Errors carry what happened, what to do and an exit status; optional packages say how to get them."""

import ast
import math
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.syntax import syntax_of
from vidkit.cli.report import report_error
from vidkit.errors import (
    ConfigError,
    DataError,
    MissingDependency,
    ModelError,
    OutputError,
    VideoError,
    VidkitError,
    require,
)


@pytest.mark.parametrize(
    "kind", [ConfigError, DataError, MissingDependency, ModelError, OutputError, VideoError]
)
def test_errors_are_mistakes_of_the_user_by_default(kind: type[VidkitError]) -> None:
    error = kind("no file 'x'", "name another")
    assert isinstance(error, VidkitError)
    assert (error.message, error.hint, error.exit_code, str(error)) == (
        "no file 'x'",
        "name another",
        2,
        "no file 'x'",
    )


def test_require_returns_the_module() -> None:
    assert require("math", extra="dev") is math


def test_require_says_how_to_install_what_is_missing() -> None:
    with pytest.raises(MissingDependency) as caught:
        require("no_such_package", extra="eval")
    assert caught.value.message == "this needs the package 'no_such_package', which is not installed"
    assert caught.value.hint == "pip install 'vidkit[eval]'"


def test_every_extra_named_in_the_code_exists() -> None:
    root = Path(__file__).resolve().parents[2]
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = set()
    for file in (root / "vidkit").rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        if "require(" not in source and "vidkit[" not in source:
            continue  # most of a thousand files
        for node in ast.walk(syntax_of(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
                values = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
                named.update((value.value, file.name) for value in values if isinstance(value, ast.Constant))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.update((extra, file.name) for extra in re.findall(r"vidkit\[(\w+)\]", node.value))
    assert {extra for extra, _ in named} >= {"eval", "ray"}
    assert [(extra, file) for extra, file in named if extra and extra not in extras] == []


def test_a_package_of_vidkit_itself_is_named_without_an_extra() -> None:
    with pytest.raises(MissingDependency) as error:
        require("no_such_package.part")
    assert error.value.hint == "pip install no_such_package"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 745. GiB for an array"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 745 bytes"),
        MemoryError(),
    ],
    ids=["numpy", "torch", "python"],
)
def test_memory_that_is_not_there_is_no_bug(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(error, "'vidkit --help'") == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("error: out of memory: ") and len(said) == 2
    assert "bug" not in said[1]
