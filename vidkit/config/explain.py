"""What Hydra, OmegaConf and the YAML reader complain about, in the words of the command line."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import yaml
from hydra.errors import MissingConfigException

from vidkit.config.catalog import Entry, folder_of, group_choices
from vidkit.config.keys import Key
from vidkit.config.naming import did_you_mean
from vidkit.config.overrides import section_error, unknown_key
from vidkit.config.sources import Source, place_of, short
from vidkit.errors import ConfigError
from vidkit.utils.plain import TYPE_WORDS


def yaml_error(error: yaml.YAMLError) -> ConfigError:
    hint = "correct that line: settings are 'key: value', lists [a, b], nesting is by spaces"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return ConfigError(f"{short(Path(mark.name))}:{mark.line + 1}: not valid YAML: {error.problem}", hint)
    return ConfigError(f"not valid YAML: {first_line(error)}", hint)


def reading_error(error: Exception, entry: Entry) -> ConfigError:
    """Files that Hydra could not read at all, or not to the end."""
    if isinstance(error, RecursionError):
        return ConfigError(
            f"{short(entry.file)} builds on itself", "remove the cycle from the 'defaults' lists"
        )
    if isinstance(error, UnicodeDecodeError):
        broken = next((file for file in (entry.file, *_beside(entry)) if not _is_text(file)), entry.file)
        return ConfigError(
            f"{short(broken)} is not a text file in UTF-8", "save it as UTF-8, or leave it out"
        )
    if isinstance(error, OSError):
        return ConfigError(
            f"cannot read {error.filename or short(entry.file)}: {error.strerror}",
            "check the file's permissions",
        )
    return ConfigError(
        f"cannot compose {short(entry.file)}: {first_line(error)}",
        "a 'defaults' list is written 'defaults: [/generate/NAME, _self_]'",
    )


def _beside(entry: Entry) -> list[Path]:
    return [file for folder in (entry.folder, *entry.others) for file in sorted(folder.rglob("*.yaml"))]


def _is_text(file: Path) -> bool:
    try:
        file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return True


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def composition_error(
    error: Exception, command: str, entry: Entry, keys: dict[str, Key], config_dir: Path | None
) -> ConfigError:
    """Say Hydra's error in the words of the command line."""
    text = str(error)
    if isinstance(error, MissingConfigException):
        return _missing_file(error, entry, config_dir)
    file, package = _file_of(text, entry)
    cause = error.__cause__ or error.__context__
    inner = f"{text}\n{cause}"
    key = _matched(r"full_key: (.+)", inner) or _section_of(_matched(r"not a subclass of (\w+)", inner), keys)
    if (item := re.fullmatch(r"(.+)\[\d+\]", key)) and item[1] in keys:
        value = _matched(r"Value '(.*?)' of type", inner) or _matched(r"[Ii]nvalid value '(.*?)'", inner)
        value = value or "null"
        part = next(iter(typing.get_args(keys[item[1]].annotation)), object)
        wanted = TYPE_WORDS.get(part, "what this list takes")
        return ConfigError(
            f"'{value}' is not {wanted}: {item[1]}", f"'{item[1]}' takes {keys[item[1]].takes}"
        )
    if "must be a DictConfig" in text:
        return ConfigError(f"{short(entry.file)} does not hold settings", "write one 'key: value' per line")
    where = (
        ""
        if file is None
        else place_of(key, [Source(file, ""), Source(file, package)]) or f" ({short(file)})"
    )
    if file is not None and key == folder_of(command).split("/")[0] and key not in keys:
        return ConfigError(
            f"the settings of {short(file)} end up below '{key}'", "start the file with '# @package _global_'"
        )
    if re.search(r"Key '.*' (is )?not in", inner):
        return unknown_key(key or _matched(r"Key '(.*?)'", inner), command, keys, where)
    value = _matched(r"Value '(.*?)' of type", inner) or _matched(r"[Ii]nvalid value '(.*?)'", inner)
    if key in keys and keys[key].is_section:
        return section_error(key, keys, where)
    if key in keys:
        value = value or _matched(rf"override \+*{re.escape(key)}=(\S+)", text) or "null"
        hint = f"'{key}' takes {keys[key].takes}" + (
            f", for example {_example(keys[key])}" if not where else ""
        )
        return ConfigError(f"'{value}' is not {keys[key].takes}: {key}={value}{where}", hint)
    reason = text.splitlines()[1] if file is not None and "\n" in text else first_line(error)
    return ConfigError(
        f"cannot compose '{entry.name}': {reason}{where}", "check the words and the YAML files"
    )


def _section_of(class_name: str, keys: dict[str, Key]) -> str:
    return next(
        (name for name, key in keys.items() if getattr(key.annotation, "__name__", "") == class_name), ""
    )


def _example(key: Key) -> str:
    default = key.default
    usable = isinstance(default, int | float | str) and not isinstance(default, bool)
    usual = {int: "1", float: "0.5", bool: "true", dict: "'{name: 1}'", list: "[1,2]", tuple: "[1,2]"}
    shown = default if usable else usual.get(typing.get_origin(key.annotation) or key.annotation, "...")
    return f"{key.name}={shown}"


def _matched(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else ""


def _file_of(text: str, entry: Entry) -> tuple[Path | None, str]:
    name = _matched(r"In '(.*?)': \w+ raised while composing", text)
    for folder in (entry.folder, *entry.others):
        if name and (folder / f"{name}.yaml").is_file():
            group = name.rpartition("/")[0]
            return folder / f"{name}.yaml", group.replace("/", ".")
    return None, ""


def _missing_file(error: MissingConfigException, entry: Entry, config_dir: Path | None) -> ConfigError:
    missing = error.missing_cfg_file or ""
    group, _, name = missing.rpartition("/")
    by = _matched(r"In '(.*?)'", str(error)) or entry.name
    names = group_choices(group, config_dir) if group else []
    return ConfigError(
        f"'{by}' names a config '{missing}' that does not exist", did_you_mean(name, names, "choices")
    )
