"""Rows of runs that take long: each is printed, and added to a JSONL file if one is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def tell(row: Mapping[str, Any], record: Path | None) -> None:
    """Print a row, and add it to `record`."""
    line = json.dumps(row)
    print(line, flush=True)
    if record is not None:
        with record.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
