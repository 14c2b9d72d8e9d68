"""`vidkit algoviz schema`: the JSON Schema of traces or styles."""

from __future__ import annotations

from vidkit.algoviz.json_schema import FOLDER, NAMES
from vidkit.errors import ConfigError
from vidkit.utils.naming import did_you_mean


def run(what: str) -> None:
    """Print a schema.

    Raises:
        ConfigError: no schema of that name.
    """
    if what not in NAMES:
        raise ConfigError(f"no schema '{what}'", f"{did_you_mean(what, NAMES)}schemas: {', '.join(NAMES)}")
    print((FOLDER / NAMES[what]).read_text(encoding="utf-8"), end="")
