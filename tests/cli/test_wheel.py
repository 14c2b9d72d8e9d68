"""The wheel built from the tree holds everything and works from another folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="hatchling (extra dev) builds the wheel without network")
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from vidkit.cli.main import main; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
               "--disable-pip-version-check", "--wheel-dir", str(folder), str(ROOT)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(folder.glob("vidkit-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the unpacked wheel; what it depends on comes from this environment."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
               "--disable-pip-version-check", "--target", str(folder), str(wheel)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


def call(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed vidkit from `/`, without the checkout: -S leaves out its editable link."""
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM, *words],
        cwd="/",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )


def package_files() -> set[str]:
    """What of the tree belongs into the wheel, as paths inside it."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout: no list of files to compare with")
    found = set()
    for name in tracked.stdout.splitlines():
        if name.startswith("vidkit/"):
            found.add(name)
        elif name.startswith("kernels/vidkit_kernels/"):
            found.add(name.removeprefix("kernels/"))
        elif name.startswith("configs/"):
            found.add(name.replace("configs/", "vidkit/_configs/", 1))
    return {name for name in found if not Path(name).name.startswith(".")}


def test_wheel_holds_code_configs_kernels_and_model_data(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    assert package_files() - held == set()
    assert {"vidkit/py.typed", "vidkit_kernels/py.typed", "vidkit/_configs/generate/maze_demo.yaml"} <= held
    assert not [name for name in held if name.startswith(("tests/", "scripts/", "docs/"))]
    doubles = [name for name in held if Path(name).name.startswith(("_testing", "_scripted"))]
    # what checks kernels before their figures is part of `vidkit bench attention`
    assert doubles == ["vidkit_kernels/_testing.py"]


def test_installed_vidkit_is_the_wheels(installed: Path) -> None:
    where = "import vidkit, vidkit_kernels; print(vidkit.__file__, vidkit_kernels.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", where],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(file).is_relative_to(installed) for file in done.stdout.split())


def test_help_from_the_root_folder(installed: Path) -> None:
    done = call(installed, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "generate" in done.stdout


def test_dry_run_from_the_root_folder(installed: Path) -> None:
    done = call(installed, "generate", "--dry-run", "--config", "wan1_3b_480p")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_an_unknown_config_lists_those_in_the_wheel(installed: Path) -> None:
    done = call(installed, "generate", "--config", "maze_dem")
    assert done.returncode == 2
    assert "did you mean 'maze_demo'?" in done.stderr
