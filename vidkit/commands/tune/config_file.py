"""Settings as a YAML file that `--config FILE` takes: all that differs from the defaults of the schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from vidkit.config.compose import compose
from vidkit.config.schema import GenerateSettings
from vidkit.errors import VidkitError
from vidkit.utils.files import atomic_path

# of single runs, not of how a model is run
_NOT_KEPT = {"output", "seed", "prompts", "force", "dry_run", "verbose", "stats", "device", "num_videos"}


def write_config(path: Path, settings: GenerateSettings, comments: Sequence[str]) -> None:
    """Write it, and read it back as `vidkit generate` will.

    Args:
        path: ends in .yaml.
        settings: what the config is to come to.
        comments: lines above it.

    Raises:
        VidkitError: it would not come to the same settings.
    """
    kept = dataclasses.replace(settings, **_defaults(_NOT_KEPT))
    values = differences(kept, GenerateSettings())
    text = "# @package _global_\n" + "".join(f"# {line}\n" for line in comments)
    text += "defaults: [/generate_schema, _self_]\n\n"
    text += yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")
        checked = part.with_name(part.name + ".yaml")
        try:
            checked.write_text(text, encoding="utf-8")
            found = compose("generate", str(checked))
        finally:
            checked.unlink(missing_ok=True)
        if dataclasses.asdict(found) != dataclasses.asdict(kept):
            raise VidkitError(
                f"'{path}' would not give the settings that were measured", "report it with tune.jsonl"
            )


def differences(settings: Any, default: Any) -> dict[str, Any]:
    """Fields that differ from those of another instance, nested, as YAML holds them."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(default):
        value, usual = getattr(settings, field.name), getattr(default, field.name)
        if dataclasses.is_dataclass(value):
            inner = differences(value, usual)
            if inner:
                found[field.name] = inner
        elif value != usual:
            if "settings_of" in field.metadata:
                found |= {name: _plain(one) for name, one in value.items()}
            else:
                found[field.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value.replace("${", "\\${")  # which would be looked up
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _defaults(names: set[str]) -> dict[str, Any]:
    usual = GenerateSettings()
    return {name: getattr(usual, name) for name in names}
