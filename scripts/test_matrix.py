"""Tests with every Python 3.11 or newer of this machine, with the newest or the lowest dependencies allowed.

    python scripts/test_matrix.py                        # newest dependencies, every Python found
    python scripts/test_matrix.py --without-torch        # video, frames, eval and command line
    python scripts/test_matrix.py --lowest --only 3.11   # the lowest minor releases pyproject.toml allows

Environments lie in build/matrix/ and are used again while pyproject.toml stays as it is. Pythons are looked
for on the PATH and among pyenv's. Words after `--` go to pytest.
"""

from __future__ import annotations

import argparse
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
TORCH = "torch==2.13.0"
ON_TORCH = ("torch", "diffusers", "accelerate", "triton", "peft")


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


def requirements(lowest: bool, with_torch: bool) -> list[str]:
    """What pyproject.toml asks for with its extras for tests, as pip takes it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["eval"], *extras["ray"], *extras["dev"]]
    left_out = () if with_torch else ON_TORCH
    names = {line: re.split(r"[\[><=;, ]", line, maxsplit=1)[0] for line in asked}
    chosen = [line for line in asked if names[line] not in (*left_out, "vidkit", "torch")]
    return [re.sub(r">=([\w.]+)", r"==\1.*", line) for line in chosen] if lowest else chosen


def environment(python: Path, name: str, lowest: bool, with_torch: bool) -> Path:
    """An environment with everything in it; returns its Python."""
    home = FOLDER / name
    inside, stamp = home / "bin" / "python", home / "ready"
    wanted = (ROOT / "pyproject.toml").read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return inside
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([str(python), "-m", "venv", str(home)], check=True)
    pip = [str(inside), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    if with_torch:
        subprocess.run([*pip, TORCH], check=True)
    subprocess.run([*pip, *requirements(lowest, with_torch)], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", "."], check=True, cwd=ROOT)
    stamp.write_text(wanted)
    return inside


def main() -> int:
    """Run the tests with each Python; 0 if all passed everywhere."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lowest", action="store_true", help="the lowest minor releases allowed")
    parser.add_argument("--without-torch", action="store_true", help="leave out torch and what stands on it")
    parser.add_argument(
        "--only", action="append", help="3.11, 3.12, ... or newest; all that are found if not given"
    )
    parser.add_argument("pytest", nargs="*", help="words for pytest, after --")
    asked = parser.parse_args()
    found = pythons()
    names = {f"{major}.{minor}": python for (major, minor), python in found.items()}
    only = [list(names)[-1] if name == "newest" else name for name in asked.only or names]
    missing = [name for name in only if name not in names]
    if missing or not only:
        here = ", ".join(names) or "none"
        print(f"error: no Python {', '.join(missing) or '3.11 or newer'} here; found {here}")
        return 2
    results = {}
    for name in only:
        label = name + "-lowest" * asked.lowest + "-without-torch" * asked.without_torch
        print(f"== Python {label}", flush=True)
        try:
            inside = environment(names[name], label, asked.lowest, not asked.without_torch)
        except subprocess.CalledProcessError as error:
            results[label] = f"not set up: {' '.join(error.cmd[2:6])} ended with {error.returncode}"
            continue
        words = [str(inside), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--dist", "loadfile"]
        words += ["-n", str(min(4, os.cpu_count() or 1)), *asked.pytest]
        extra = {
            "OMP_NUM_THREADS": "1",
            **({"VIDKIT_TEST_WITHOUT_TORCH": "1"} if asked.without_torch else {}),
        }
        status = subprocess.run(words, cwd=ROOT, env={**os.environ, **extra}).returncode
        results[label] = "passed" if status == 0 else f"failed ({status})"
    print("\n".join(f"Python {label}: {result}" for label, result in results.items()))
    return int(any(result != "passed" for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
