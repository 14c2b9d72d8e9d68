"""Presets of `attention=NAME` and the embedded model's masks, from the YAML files that commands compose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkit.config.attention_schema import AttentionSettings
from vidkit.errors import ConfigError


def preset(name: str) -> AttentionSettings:
    """Settings of the presets that `attention=NAME` also has: configs/attention/NAME.yaml.

    Raises:
        ConfigError: unknown name.
    """
    folder = _configs() / "attention"
    path = folder / f"{name.replace('-', '_')}.yaml"
    if not path.is_file():
        names = sorted(p.stem for p in folder.glob("*.yaml"))
        raise ConfigError(f"unknown attention policy '{name}'", f"choose from: {', '.join(names)}")
    return AttentionSettings(**_read(path))


def embedded_masks() -> dict[str, Any]:
    """Settings of masks that suit the embedded model's 2304 tokens, as its configs have them."""
    return _read(_configs() / "_parts" / "maze_masks.yaml")


def _read(path: Path) -> dict[str, Any]:
    import yaml  # omegaconf depends on it

    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _configs() -> Path:
    """The config folder: the repository's when it stands beside the package, else the installed copy."""
    package = Path(__file__).resolve().parents[1]
    beside = package.parent / "configs"
    return beside if (package.parent / "pyproject.toml").is_file() else package / "_configs"
