"""Files and functions stay short: one noun a file, one idea a function."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.syntax import syntax_of

ROOT = Path(__file__).parents[2]
LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FILE = 450, 80, 130
FOLDERS = ("vidkit", "kernels", "scripts", "tests")
KERNELS = ROOT / "kernels" / "vidkit_kernels"  # a kernel and its launcher are one function each


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def functions_of(file: Path) -> Iterator[tuple[str, int]]:
    """Names and lengths in lines, decorators left out."""
    for node in ast.walk(syntax_of(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_long(folder: str) -> None:
    files = python_files(folder)
    assert len(files) > 20
    long = {str(file.relative_to(ROOT)): lines for file in files if (lines := lines_of(file)) > LONGEST_FILE}
    assert long == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_function_outside_the_kernels_is_long(folder: str) -> None:
    long = {
        f"{file.relative_to(ROOT)}: {name}": lines
        for file in python_files(folder)
        if not file.is_relative_to(KERNELS)
        for name, lines in functions_of(file)
        if lines > LONGEST_FUNCTION
    }
    assert long == {}


def test_most_files_of_the_package_are_short() -> None:
    assert statistics.median(map(lines_of, python_files("vidkit"))) <= MEDIAN_FILE
