"""scripts/test_files.py: what ran stands in the record, and a second run does only the rest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# without what takes seconds to import
RUN = "import sys; from scripts import test_files as t; t.SLOW_TO_IMPORT = (); sys.exit(t.main())"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    (made / "test_good.py").write_text(
        "import pytest\ndef test_one(): ...\n@pytest.mark.skip(reason='not here')\ndef test_two(): ...\n"
    )
    (made / "test_bad.py").write_text("def test_wrong(): assert 1 == 2\n")
    (made / "test_dies.py").write_text(
        "import os, signal\ndef test_dies(): os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    (made / "test_unreadable.py").write_text("import no_such_module_anywhere\n")
    return made


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    record, summary = folder.parent / "rows.jsonl", folder.parent / "summary.json"
    own = ["--record", str(record), "--summary", str(summary), *words, str(folder)]
    plain = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-c", RUN, *own], cwd=ROOT, capture_output=True, text=True, env=plain
    )


def rows(folder: Path) -> list[dict[str, object]]:
    lines = (folder.parent / "rows.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_every_file_has_a_row_even_one_that_ends_its_process(folder: Path) -> None:
    done = run(folder)
    ends = {Path(str(row["file"])).name: row["end"] for row in rows(folder)}
    assert ends == {
        "test_bad.py": "failed",
        "test_dies.py": "the process ended with SIGSEGV",
        "test_good.py": "passed",
        "test_unreadable.py": "failed",
    }
    assert done.returncode == 1
    assert "4 of 4 files ran: 1 passed, 1 skipped, 3 failed" in done.stdout
    summary = json.loads((folder.parent / "summary.json").read_text())
    assert summary["reasons"] == {"not here": 1}
    assert summary["versions"]["pytest"] == pytest.__version__
    printed = "\n".join(log.read_text() for log in (folder.parent / "rows-logs").glob("*.txt"))
    assert "assert 1 == 2" in printed and "no_such_module_anywhere" in printed


def test_a_second_run_leaves_out_what_has_passed(folder: Path) -> None:
    run(folder)
    (folder / "test_bad.py").write_text("def test_wrong(): assert 2 == 2\n")
    (folder / "test_dies.py").unlink()
    (folder / "test_unreadable.py").unlink()
    before = len(rows(folder))
    done = run(folder)
    assert [Path(str(row["file"])).name for row in rows(folder)[before:]] == ["test_bad.py"]
    assert done.returncode == 0 and "2 of 2 files ran: 2 passed, 1 skipped, 0 failed" in done.stdout


def test_a_run_out_of_time_says_what_is_missing(folder: Path) -> None:
    for file in folder.glob("*.py"):
        file.unlink()
    (folder / "test_long.py").write_text("import time\ndef test_long(): time.sleep(600)\n")
    done = run(folder, "--minutes", "0.02")
    assert done.returncode == 3 and "0 of 1 files ran" in done.stdout
    assert [row["end"] for row in rows(folder)] == ["out of time"]


def test_a_path_without_tests_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(tmp_path / "empty")
    assert done.returncode == 1 and "no test file" in done.stderr
