"""Seeds: drawn once, recorded, and split into independent streams."""

from __future__ import annotations

import hashlib
import secrets


def draw_seed() -> int:
    """A fresh seed that fits a signed 32-bit integer."""
    return secrets.randbelow(2**31)


def derive_seed(seed: int, *names: str) -> int:
    """A seed for one named stream, so that two uses of one seed do not share their numbers."""
    digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
