"""What was right in every video of a run: kept as it comes, so that a stopped run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkit.utils.jsonl_log import JsonlLog, Place

QUESTIONS_VERSION = 1
"""Another one asks other questions."""
Key = tuple[str, int, str, str]
"""Method, frames kept, evidence, reader."""


class QuestionLog:
    """The log of a run; one line a video.

    Args:
        path: of the file.
        header: what the figures depend on besides the video; a file of another kind is refused.

    Raises:
        DataError: the file belongs to another measurement.
        OutputError: another process holds it, or the place cannot be written.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self._found: dict[int, dict[Key, float]] = {}
        self._log = JsonlLog(path, self._take, header=header, again="its video will be asked again")

    def _take(self, line: dict[str, Any], _: Place) -> None:
        right: dict[Key, float] = {}
        for method, k, evidence, reader, value in line["right"]:
            if value not in (0, 1):
                raise ValueError("right or wrong is 1 or 0")
            right[str(method), int(k), str(evidence), str(reader)] = float(value)
        self._found[int(line["video"])] = right

    def found(self, video: int) -> dict[Key, float] | None:
        """Who was right in a video; None where it was not asked."""
        return self._found.get(video)

    def keep(self, video: int, right: dict[Key, float]) -> None:
        """Write a video's line."""
        self._log.append({"video": video, "right": [[*key, int(value)] for key, value in right.items()]})
        self._found[video] = right

    def close(self) -> None:
        """Let others write."""
        self._log.release()
