"""Names: of files made from ids, and the nearest known name to a mistyped one."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable

from vidkit.errors import DataError

_MARK = "~"  # stands in front of a hash; a plain name has none
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,99}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # names that Windows keeps for itself
_SLUG_LENGTH = 60
_LONGEST_NAME = 200


def file_name(identity: str) -> str:
    """A file or folder name for an id: different for different ids, on every file system.

    Ids of lower-case letters, digits, `_`, `-` and `.` are names as they are. Any other id becomes what is
    readable of it and a hash of the whole (`a/b` -> `a_b~c14cddc033f64b9d`): capitals too, since many file
    systems do not tell `A` from `a`, and accents, which some of them rewrite.
    """
    is_plain = _PLAIN.fullmatch(identity) and not identity.endswith(".") and not _DEVICES.fullmatch(identity)
    if is_plain:
        return identity
    ascii_only = unicodedata.normalize("NFKD", identity[:1000]).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9-]+", "_", ascii_only).strip("_-")[:_SLUG_LENGTH]
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{slug or 'id'}{_MARK}{digest}"


def check_id(identity: str, where: str = "") -> None:
    """Refuse an id that is empty, or that holds what cannot be written or read.

    Args:
        identity: of an item.
        where: `file:line`, the head of the message.

    Raises:
        DataError: it names the id and what is wrong with it.
    """
    place = f"{where}: " if where else ""
    if not identity.strip():
        raise DataError(f"{place}the id {identity!r} is empty", "give each line an id that can be read")
    for sign in identity:
        if unicodedata.category(sign) in ("Cc", "Cs"):
            kind = "half a character" if "\ud800" <= sign <= "\udfff" else "a control character"
            raise DataError(
                f"{place}the id {identity!a:.80} holds {kind} ({ascii(sign)[1:-1]})",
                "give each line an id that can be read",
            )


def near_names(name: str, known: Iterable[str], limit: int = 3, cutoff: float = 0.6) -> list[str]:
    """The known names that look like `name`, best first; none for a text longer than any name."""
    if len(name) > _LONGEST_NAME:  # the comparison takes the square of the length
        return []
    return difflib.get_close_matches(name, list(known), n=limit, cutoff=cutoff)


def near_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that a mistyped one most likely means; None when none is near."""
    return next(iter(near_names(name, known, 1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The beginning of a hint about a mistyped name; empty when no known one is near."""
    near = near_name(name, known)
    return f"did you mean '{near}'? " if near else ""
