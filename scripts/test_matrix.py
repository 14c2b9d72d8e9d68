"""Tests with every Python 3.11 or newer of this machine, with the newest or the lowest dependencies allowed.

    python scripts/test_matrix.py                        # newest dependencies, every Python found
    python scripts/test_matrix.py --without-torch        # video, frames, eval and command line
    python scripts/test_matrix.py --lowest --only 3.11   # exactly the releases pyproject.toml begins with
    python scripts/test_matrix.py --lowest --only 3.11 --each --minutes 4   # a piece; run it again for more

Environments lie in build/matrix/ and are used again while what they hold is what is asked for. Pythons are
looked for on the PATH and among pyenv's. Words after `--` go to pytest. With `--each`, every test file has a
process of its own (scripts/test_files.py): a run that was cut off goes on with what is missing or failed, and
one in which everything has passed begins anew, with the releases of that day.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "matrix"
OLDEST = (3, 11)
TORCH = "2.13.0"  # as in the Makefile
ON_TORCH = ("torch", "diffusers", "accelerate", "triton", "peft")
UNFINISHED = 3  # how scripts/test_files.py ends when some files have not run


def pythons() -> dict[tuple[int, int], Path]:
    """One interpreter a minor version, the first found: those on the PATH, then pyenv's."""
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    # pyenv's shims answer for versions that are not active, so they are asked last and fail
    candidates = [*sorted(pyenv.glob("*/bin/python3"), reverse=True)]
    candidates += [folder / f"python3.{minor}" for folder in folders for minor in range(OLDEST[1], 30)]
    found: dict[tuple[int, int], Path] = {}
    for path in candidates:
        version = version_of(path) if path.exists() else None
        if version is not None and version >= OLDEST:
            found.setdefault(version, path)
    return dict(sorted(found.items()))


def version_of(python: Path) -> tuple[int, int] | None:
    """Version of an interpreter that can make environments; None for any other."""
    code = "import ensurepip, venv, sys; print(*sys.version_info[:2])"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    if done.returncode:
        return None
    major, minor = done.stdout.split()
    return int(major), int(minor)


def requirements(lowest: bool, torch: str | None) -> list[str]:
    """What pyproject.toml asks for with its extras for tests, as pip takes it.

    Args:
        lowest: exactly the release that each bound names.
        torch: "newest", "lowest" or a version; None leaves torch out, and what stands on it.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["eval"], *extras["ray"], *extras["dev"]]
    names = {line: re.split(r"[\[><=;, ]", line, maxsplit=1)[0] for line in asked}
    left_out = ("vidkit", *(ON_TORCH if torch is None else ()))
    chosen = {line: name for line, name in names.items() if name not in left_out}
    wanted = [re.sub(r">=([\w.]+)", r"==\1", line) if lowest else line for line in chosen]
    for place, name in enumerate(chosen.values()):
        if name == "torch" and torch is not None:
            bound = list(chosen)[place]
            exact = {"newest": bound, "lowest": bound.replace(">=", "==")}
            wanted[place] = exact.get(torch, f"torch=={torch}")
    return wanted


def environment(python: Path, home: Path, wanted: list[str], anew: bool) -> Path:
    """An environment in `home` with everything in it; returns its Python."""
    inside, stamp = home / "bin" / "python", home / "ready"
    if not anew and stamp.exists() and stamp.read_text().split("\n") == wanted:
        return inside
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([str(python), "-m", "venv", str(home)], check=True)
    pip = [str(inside), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, *wanted], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", "."], check=True, cwd=ROOT)
    stamp.write_text("\n".join(wanted))
    return inside


def run_tests(inside: Path, asked: argparse.Namespace) -> int:
    """All tests in one go, as `make test` runs them; returns pytest's status."""
    words = [str(inside), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--dist", "loadfile"]
    words += ["-n", str(min(4, os.cpu_count() or 1)), *asked.pytest]
    return subprocess.run(words, cwd=ROOT, env=surroundings(asked)).returncode


def run_each(inside: Path, label: str, asked: argparse.Namespace) -> int:
    """Every file in a process of its own; what came of it goes to the record of all environments."""
    home = inside.parents[1]
    summary = home / "summary.json"
    paths = [word for word in asked.pytest if (ROOT / word.split("::")[0]).exists()]
    words = [str(inside), "scripts/test_files.py", "--record", str(home / "rows.jsonl")]
    words += ["--summary", str(summary), "--workers", str(asked.workers)]
    words += ["--minutes", str(asked.minutes)] if asked.minutes else []
    words += [*(paths or ["tests"]), "--", *(word for word in asked.pytest if word not in paths)]
    status = subprocess.run(words, cwd=ROOT, env=surroundings(asked)).returncode
    if status == 0:
        (home / "finished").touch()
    if asked.record and summary.exists():
        rows = json.loads(asked.record.read_text()) if asked.record.exists() else {}
        rows[label] = json.loads(summary.read_text())
        asked.record.write_text(json.dumps(rows, indent=1) + "\n")
    return status


def surroundings(asked: argparse.Namespace) -> dict[str, str]:
    extra = {"VIDKIT_TEST_WITHOUT_TORCH": "1"} if asked.without_torch else {}
    return {**os.environ, "OMP_NUM_THREADS": "1", **extra}


def asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lowest", action="store_true", help="the releases that the bounds name")
    parser.add_argument("--torch", help=f"newest, lowest or a version; {TORCH}, or lowest with --lowest")
    parser.add_argument("--without-torch", action="store_true", help="leave out torch and what stands on it")
    parser.add_argument(
        "--only", action="append", help="3.11, 3.12, ... or newest; all that are found if not given"
    )
    parser.add_argument("--each", action="store_true", help="every test file in a process of its own")
    parser.add_argument("--minutes", type=float, help="with --each: stop an environment's tests then")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1), help="with --each")
    parser.add_argument("--record", type=Path, help="with --each: JSON of what ran with what")
    parser.add_argument("--anew", action="store_true", help="make environments anew, forget what has passed")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the environments")
    parser.add_argument("pytest", nargs="*", help="words for pytest, after --")
    return parser.parse_args()


def main() -> int:
    """Run the tests with each Python; 0 if all passed everywhere."""
    asked = asked_for()
    found = pythons()
    names = {f"{major}.{minor}": python for (major, minor), python in found.items()}
    only = [list(names)[-1] if name == "newest" and names else name for name in asked.only or names]
    missing = [name for name in only if name not in names]
    if missing or not only:
        here = ", ".join(names) or "none"
        print(f"error: no Python {', '.join(missing) or '3.11 or newer'} here; found {here}")
        return 2
    torch = None if asked.without_torch else asked.torch or ("lowest" if asked.lowest else TORCH)
    wanted = requirements(asked.lowest, torch)
    results = {}
    for name in only:
        label = name + "-lowest" * asked.lowest + "-without-torch" * asked.without_torch
        print(f"== Python {label}", flush=True)
        home = asked.folder / label
        anew = asked.anew or (asked.each and (home / "finished").exists())
        try:
            inside = environment(names[name], home, wanted, anew)
        except subprocess.CalledProcessError as error:
            results[label] = f"not set up: {' '.join(error.cmd[2:6])} ended with {error.returncode}"
            continue
        status = run_each(inside, label, asked) if asked.each else run_tests(inside, asked)
        results[label] = {0: "passed", UNFINISHED if asked.each else -1: "not all run yet"}.get(
            status, f"failed ({status})"
        )
    print("\n".join(f"Python {label}: {result}" for label, result in results.items()))
    return int(any(result != "passed" for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
