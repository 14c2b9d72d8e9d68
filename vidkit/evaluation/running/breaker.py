"""When a run is stopped: failures that say that nothing further will work, not one item's own."""

from __future__ import annotations

from vidkit.serving.engine import EngineError

ALIKE = 8
"""Refused calls in a row, all alike, that stop a run in which nothing was ever answered."""
ALIKE_LATER = 100
"""The same once something was answered: a moderation may refuse many items that lie together."""


class StopRun(Exception):  # noqa: N818 - it ends a run, and is not a fault of ours
    """Nothing further will work: a wrong key, a model that is not there, a dead server."""

    def __init__(self, cause: EngineError, why: str = "") -> None:
        super().__init__(cause.message)
        self.cause = cause
        if why:
            cause.message = f"{cause.message} ({why})"


class Breaker:
    """Counts failed calls and says when to stop.

    The rule: a wrong key, no credit, a certificate that is not trusted and content that the engine cannot
    take stop at once. `stop_after` calls in a row that failed of faults that pass (a dead server, time
    limits, broken replies) stop, and so do `ALIKE` (at most `stop_after`) refusals in a row of one kind and
    status, or `ALIKE_LATER` in a run that has had replies. Any reply begins the count anew, so one refused
    item never ends a run.

    Args:
        stop_after: failed calls in a row, without one reply between them.
        answered: the run has had replies, now or at an earlier start.
    """

    def __init__(self, stop_after: int, answered: bool = False) -> None:
        self._stop_after = stop_after
        self._answered = answered
        self._passing = 0
        self._alike = 0
        self._last: tuple[object, ...] = ()

    def reply(self) -> None:
        """A call was answered."""
        self._answered = True
        self._passing = self._alike = 0

    def failure(self, error: EngineError) -> None:
        """A call failed.

        Raises:
            StopRun: the run has to end.
        """
        if error.is_fatal:
            raise StopRun(error) from error
        if error.is_retryable:
            self._passing += 1
            if self._passing >= self._stop_after:
                raise StopRun(error, self._why(self._passing, "failed")) from error
            return
        kind = (error.kind, error.status)
        self._alike = self._alike + 1 if kind == self._last else 1
        self._last = kind
        limit = max(ALIKE_LATER, self._stop_after) if self._answered else min(ALIKE, self._stop_after)
        if self._alike >= limit:
            raise StopRun(error, self._why(self._alike, "failed alike")) from error

    def _why(self, count: int, how: str) -> str:
        return f"stopped: {count} calls in a row {how}" + ("" if self._answered else ", none was answered")
