"""Letters from right to left, put into the order in which they are drawn."""

from __future__ import annotations

import unicodedata

from vidkit.algoviz.scene.text import clusters


def is_from_right(text: str) -> bool:
    """Whether some letters are written from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


def visual(text: str) -> str:
    """Letters from right to left in the order in which they are drawn."""
    if not is_from_right(text):
        return text
    out: list[str] = []
    run: list[str] = []
    for cluster in clusters(text):
        kind = unicodedata.bidirectional(cluster[0])
        if kind in ("R", "AL") or (run and kind in ("WS", "CS", "ON", "NSM")):
            run.append(cluster)
        else:
            out += reversed(run)
            run = []
            out.append(cluster)
    out += reversed(run)
    return "".join(out)
