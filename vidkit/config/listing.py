"""What `vidkit list` shows: configs, methods, tasks, presets, models and skins, each with its own words.

Read from files and package metadata alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkit.config.catalog import config_names, folder_of, group_choices, group_names, search_dirs
from vidkit.config.methods import OURS, methods
from vidkit.config.static import note_of_class
from vidkit.utils.plugins import KINDS, plugins, warn_once


@dataclass(frozen=True)
class Listed:
    """One line of a list.

    Attributes:
        name: what the command line takes.
        of: the command, group or kind that takes it.
        note: what it is.
        origin: `vidkit`, a package with its version, or a folder of the user's own.
        use: a word of a command line that chooses it.
    """

    name: str
    of: str
    note: str
    origin: str
    use: str


TASKS = "eval/tasks"
_WORDS = {
    "selector": "frames={}",
    "predictor": "attention.predictor={}",
    "reuse": "attention.reuse={}",
    "executor": "attention.executor={}",
    "cache": "cache={}",
    "encoder": "encoder={}",
    "engine": "--model {}:...",
}


def configs(commands: list[str], config_dir: Path | None = None) -> list[Listed]:
    """Entry configs of every command."""
    found = []
    for command in commands:
        folder = folder_of(command)
        for name in config_names(command, config_dir):
            file = _file(folder, name, config_dir) or _file(".", name, config_dir)
            found.append(_listed_file(name, command, file, f"--config {name}"))
    return found


def method_lines() -> list[Listed]:
    """Methods that can be chosen by name, ours and those of installed packages."""
    found = []
    for kind in KINDS:
        if kind == "task":
            continue
        for method in methods(kind).values():
            if method.origin != OURS and not method.can_be_found:
                warn_once(
                    f"the plugin '{method.name}' of {method.origin} is broken: there is no {method.target}"
                )
            use = _WORDS[kind].format(method.name)
            found.append(Listed(method.name, kind, method.note, method.origin, use))
    return found


def tasks(config_dir: Path | None = None) -> list[Listed]:
    """Benchmarks of `vidkit eval`."""
    found = [
        _listed_file(name, "eval", _file(TASKS, name, config_dir), f"vidkit eval {name}")
        for name in group_choices(TASKS, config_dir)
    ]
    return found + [
        Listed(plugin.name, "eval", note_of_class(plugin.target), plugin.origin, f"vidkit eval {plugin.name}")
        for plugin in plugins("task").values()
    ]


def presets(config_dir: Path | None = None) -> list[Listed]:
    """Choices of groups, `attention=svg2` for example."""
    return _choices([group for group in group_names(config_dir) if group != "model"], config_dir)


def models(config_dir: Path | None = None) -> list[Listed]:
    """Models of `vidkit generate` and `vidkit calibrate`."""
    return _choices(["model"], config_dir)


def _choices(groups: list[str], config_dir: Path | None) -> list[Listed]:
    return [
        _listed_file(name, group, _file(group, name, config_dir), f"{group}={name}")
        for group in groups
        for name in group_choices(group, config_dir)
    ]


def _file(group: str, name: str, config_dir: Path | None) -> Path | None:
    files = (folder / group / f"{name}.yaml" for folder in search_dirs(config_dir))
    return next((file for file in files if file.is_file()), None)


def _listed_file(name: str, of: str, file: Path | None, use: str) -> Listed:
    if file is None:
        return Listed(name, of, "", OURS, use)
    built_in = file.is_relative_to(search_dirs()[0])
    return Listed(name, of, first_comment(file), OURS if built_in else str(file.parent), use)


def first_comment(file: Path) -> str:
    """The first sentence at the top of a YAML file: its comment lines before any setting."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    words: list[str] = []
    for line in lines:
        if not line.startswith("#"):
            break
        if "@package" not in line:
            words.append(line.lstrip("# ").strip())
    return " ".join(words)


def skins() -> list[Listed]:
    """Looks of the embedded model's mazes, and of each type of drawn maze."""
    from vidkit.config.static import PACKAGE, first_arguments, table_of

    styles = table_of(PACKAGE / "mazes" / "embedded" / "skins.py", "STYLES")
    found = [Listed(name, "generate", "of image=maze", OURS, f"maze.skin={name}") for name in styles]
    drawn = first_arguments(PACKAGE / "mazes" / "drawing" / "skins.py", "_TABLES")
    return found + [
        Listed(name, "eval", f"of {kind} mazes", OURS, f"benchmark.skins=[{name}]")
        for kind, names in drawn.items()
        for name in names
    ]
