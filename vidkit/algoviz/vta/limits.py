"""How much of a file is read: of what untrusted code wrote less than of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import DataError


@dataclass(frozen=True)
class Limits:
    """The most that is read.

    Args:
        bytes: of a file.
        steps: deltas.
        characters: of one text.
    """

    bytes: int = 512 * 2**20
    steps: int = 1_000_000
    characters: int = 10_000_000


USUAL = Limits()
HOSTILE = Limits(bytes=32 * 2**20, steps=20_000, characters=10_000)  # of what untrusted code wrote


def check_limits(raw: Any, where: str, limits: Limits, length: int) -> None:
    """Refuse a JSON value with too many steps or too long a text.

    Args:
        raw: the value.
        where: its file, for messages.
        limits: the most that is read.
        length: characters of the text it was read from.

    Raises:
        DataError: with what there is and the most that is read.
    """
    deltas = raw.get("deltas") if isinstance(raw, dict) else None
    if isinstance(deltas, list) and len(deltas) > limits.steps:
        raise DataError(f"{where}: {len(deltas):,} steps", f"at most {limits.steps:,} are read")
    longest = max(map(len, _texts(raw)), default=0) if length > limits.characters else 0
    if longest > limits.characters:
        raise DataError(
            f"{where}: a string of {longest:,} characters", f"at most {limits.characters:,} are read"
        )


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def read_text(path: Path, largest: int) -> str:
    """The text of a file of at most so many bytes.

    Raises:
        DataError: no such file, too large, not UTF-8, no ordinary file, or it cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise DataError(f"'{path}' has {size:,} bytes", f"at most {largest:,} are read")
        with path.open("rb") as file:
            found = file.read(largest + 1)  # a pipe has no size
        if len(found) > largest:
            raise DataError(f"'{path}' has more than {largest:,} bytes", "give a smaller trace")
        return found.decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"no file '{path}'", "give the path of a trace, a .json file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"cannot read '{path}': {reason}", "give the path of a trace, a .json file"
        ) from error
