"""`vidkit bench attention-quality` where neither Hydra nor the package is installed (a bare GPU machine).

    PYTHONPATH=.:kernels python scripts/bench_attention_quality.py device=cuda steps=5,20 mazes=40 batch=40

Words are KEY=VALUE of `BenchAttentionQualitySettings`, lists with commas. Needs torch, diffusers,
transformers, numpy, SciPy, rich and matplotlib.
"""

from __future__ import annotations

import sys
import typing
from enum import Enum
from typing import Any

from vidkit.config import bench_quality_schema as schema
from vidkit.errors import ConfigError, VidkitError

Settings = schema.BenchAttentionQualitySettings


def settings_of(words: list[str]) -> Settings:
    """Settings from KEY=VALUE words.

    Raises:
        ConfigError: an unknown key, or a value of the wrong kind.
    """
    kinds = typing.get_type_hints(Settings)
    values: dict[str, Any] = {}
    for word in words:
        key, _, text = word.partition("=")
        if key not in kinds:
            raise ConfigError(f"unknown setting '{key}'", f"settings: {', '.join(kinds)}")
        try:
            values[key] = _value(text, kinds[key])
        except (ValueError, KeyError) as error:
            raise ConfigError(f"cannot take {word}", str(error)) from error
    try:
        return Settings(**values)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _value(text: str, kind: Any) -> Any:
    if typing.get_origin(kind) is list:
        item = typing.get_args(kind)[0]
        return [_value(part, item) for part in text.strip("[]").split(",") if part]
    if type(None) in typing.get_args(kind):
        return text or None
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(text)
    return kind(text)


def main() -> int:
    """Run it."""
    from vidkit.commands.bench.attention_quality import run

    try:
        run(settings_of(sys.argv[1:]))
    except VidkitError as error:
        print(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
