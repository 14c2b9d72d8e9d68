"""What can be set for Video-MME-v2 alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class VideoMMEv2Settings:
    """How its groups are scored."""

    allow_new_structures: bool = False  # score groups whose structure was not published


def score_options(settings: VideoMMEv2Settings) -> dict[str, Any]:
    """More for `score`."""
    return asdict(settings)
