"""The code that a task's YAML names: a file beside it, told once for each state of it, or vidkit's own."""

from __future__ import annotations

import hashlib
import importlib
import logging
from pathlib import Path
from types import ModuleType

from vidkit.errors import ConfigError, OutputError
from vidkit.utils.caches import own_folder
from vidkit.utils.plugins import module_of_file

logger = logging.getLogger(__name__)
_OURS = "vidkit."


def load_functions(name: str, file: Path) -> ModuleType:
    """Run the file or import the module that a task's `functions:` names.

    A YAML file may come from anywhere, and this is where it becomes code: it may name a Python file that lies
    in its own folder, and modules of vidkit; nothing else on this computer.

    Args:
        name: `birds.py`, or `vidkit.evaluation.tasks.pope`.
        file: the YAML.

    Raises:
        ConfigError: another place, no such file or module, or code that cannot be run.
    """
    if not name.endswith(".py"):
        return _own_module(name, file)
    path = file.parent / name
    if (
        Path(name).name != name
        or "\\" in name
        or (path.is_symlink() and path.resolve().parent != file.parent.resolve())
    ):
        raise ConfigError(
            f"{file.name}: functions '{name}' is not in the same folder",
            "a task runs only Python files of its own folder: copy the file there",
        )
    if not path.is_file():
        raise ConfigError(
            f"{file.name}: no file '{name}' in the same folder (functions)", "give the file's name"
        )
    _tell_once(path, file)
    return module_of_file(path)


def _own_module(name: str, file: Path) -> ModuleType:
    if not name.startswith(_OURS):
        raise ConfigError(
            f"{file.name}: functions '{name}' is neither a file in the same folder nor a module of vidkit",
            "name a .py file in the same folder, which may import what it needs",
        )
    try:
        return importlib.import_module(name)
    except (ImportError, ValueError) as error:
        raise ConfigError(
            f"{file.name}: no module '{name}' (functions)", "name a .py file in the same folder"
        ) from error


def _tell_once(path: Path, file: Path) -> None:
    """Say that a file is run as code, once for each content; where nothing can be remembered, every time."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        mark = own_folder("task-code") / digest
        if mark.exists():
            return
        mark.touch()
    except (OutputError, OSError):
        pass
    logger.warning(
        "%s runs '%s' (sha256 %s) as Python code with your rights; reported once per version of the file",
        file.name, path, digest[:16],
    )  # fmt: skip
