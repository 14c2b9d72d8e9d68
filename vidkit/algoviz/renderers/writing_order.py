"""Letters from right to left, put into the order in which they are drawn."""

from __future__ import annotations

import unicodedata

from vidkit.algoviz.scene.text import clusters


def visual(text: str) -> str:
    """Letters from right to left in the order in which they are drawn."""
    if not any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
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
