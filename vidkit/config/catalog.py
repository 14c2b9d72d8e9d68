"""Which configs, groups and choices exist, by looking at files; quick, since completion waits for it.

A folder of configs has one subfolder a command (`generate/maze_demo.yaml`) and one a group
(`model/maze.yaml`, chosen by `model=maze`). The user's own folder (`--config-dir`) has the same layout and
goes before the one that ships; entry configs may also lie directly in it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.config.naming import did_you_mean
from vidkit.errors import ConfigError

# folders of entry configs; every other folder is a group
COMMAND_FOLDERS = ("generate", "calibrate", "select_frames", "bench", "algoviz", "eval")
PARTS = "_parts"  # what several configs have in common; no choice of its own
# commands that start from the entry configs of another, whose settings theirs contain
STARTS_FROM = {"tune": "generate"}


def folder_of(command: str) -> str:
    """`select-frames` on the command line is `select_frames` in YAML and Python; `bench x` is `bench/x`."""
    return STARTS_FROM.get(command, command).replace("-", "_").replace(" ", "/")


def schema_name(command: str) -> str:
    """What entry configs call the schema: `bench attention` -> `bench_attention_schema`."""
    return folder_of(command).replace("/", "_") + "_schema"


def settings_class(command: str) -> type[Any]:
    """The dataclass of a command's settings: `select-frames` -> `SelectFramesSettings` of the schema."""
    words = command.replace("-", " ").replace("_", " ").split()
    name = "".join(word.capitalize() for word in words) + "Settings"
    files = Path(__file__).parent.glob(f"{words[0] if ' ' in command else '_'.join(words)}*_schema.py")
    for module in ("schema", *sorted(file.stem for file in files)):
        found = getattr(importlib.import_module(f"vidkit.config.{module}"), name, None)
        if isinstance(found, type):
            return found
    raise AssertionError(f"no {name} for the command '{command}'")


def builtin_dir() -> Path:
    """The configs that ship: beside `pyproject.toml` in a checkout, inside the package when installed."""
    package = Path(__file__).resolve().parents[1]
    if (package.parent / "pyproject.toml").is_file() and (package.parent / "configs").is_dir():
        return package.parent / "configs"
    return package / "_configs"


def search_dirs(config_dir: Path | None = None) -> list[Path]:
    """Folders to look in, first match wins."""
    return [builtin_dir()] if config_dir is None else [config_dir, builtin_dir()]


def config_names(command: str, config_dir: Path | None = None) -> list[str]:
    """Names that `--config` takes, sorted."""
    names = set(group_choices(folder_of(command), config_dir))
    if config_dir is not None:
        names |= set(group_choices(".", config_dir))
    return sorted(names)


def group_names(config_dir: Path | None = None) -> list[str]:
    """Groups of configs, `model` or `attention/executor`, sorted."""
    names = set()
    for folder in search_dirs(config_dir):
        for file in folder.rglob("*.yaml"):
            group = file.parent.relative_to(folder)
            if group.parts and group.parts[0] not in (*COMMAND_FOLDERS, PARTS):
                names.add(group.as_posix())
    return sorted(names)


def group_choices(group: str, config_dir: Path | None = None) -> list[str]:
    """Names that `GROUP=NAME` takes, sorted."""
    files = [file for folder in search_dirs(config_dir) for file in (folder / group).glob("*.yaml")]
    return sorted({file.stem for file in files if file.is_file()})


@dataclass(frozen=True)
class Entry:
    """Where an entry config lies and what else is searched for the groups it names."""

    folder: Path
    name: str  # relative to `folder`, without .yaml
    others: tuple[Path, ...]

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.yaml"


def find_entry(command: str, config: str, config_dir: Path | None = None) -> Entry:
    """Find the file behind `--config`: a name, or the path of a YAML file.

    Raises:
        ConfigError: no such folder, file or name; the hint has the near names.
    """
    if config_dir is not None and not config_dir.is_dir():
        raise ConfigError(
            f"no folder '{config_dir}' (--config-dir)", "name a folder laid out like vidkit's own configs/"
        )
    if config.endswith((".yaml", ".yml")) or "/" in config:
        return _entry_of_file(command, Path(config), config_dir)
    for folder in search_dirs(config_dir):
        others = tuple(other for other in search_dirs(config_dir) if other != folder)
        for name in (f"{folder_of(command)}/{config}", config):
            if (folder / f"{name}.yaml").is_file() and (name != config or folder == config_dir):
                return Entry(folder.resolve(), name, others)
    names = config_names(command, config_dir)
    raise ConfigError(f"no config '{config}' for '{command}'", did_you_mean(config, names, "configs"))


def _entry_of_file(command: str, file: Path, config_dir: Path | None) -> Entry:
    if file.suffix != ".yaml":
        raise ConfigError(
            f"config file '{file}' does not end in .yaml", "give the path of a .yaml file or a config's name"
        )
    if not file.is_file():
        raise ConfigError(
            f"no config file '{file}'", f"available configs: {', '.join(config_names(command, config_dir))}"
        )
    file = file.resolve()
    parts = tuple(folder_of(command).split("/"))
    folder = file.parents[len(parts)] if file.parent.parts[-len(parts) :] == parts else file.parent
    others = tuple(other for other in search_dirs(config_dir) if other != folder)
    return Entry(folder, file.relative_to(folder).with_suffix("").as_posix(), others)
