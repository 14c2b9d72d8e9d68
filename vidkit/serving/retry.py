"""When to ask again: exponential backoff with jitter, and a server's own word (`Retry-After`) above both."""

from __future__ import annotations

import asyncio
import email.utils
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a client is.

    Attributes:
        attempts: most requests for one call.
        base_s: upper end of the first wait.
        factor: growth of that upper end from wait to wait.
        max_s: upper end of every wait.
        max_retry_after_s: longest `Retry-After` that is waited for; longer ones fail the call at once.
    """

    attempts: int = 6
    base_s: float = 0.5
    factor: float = 2.0
    max_s: float = 60.0
    max_retry_after_s: float = 300.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts must be >= 1, got {self.attempts}")
        if self.base_s < 0 or self.max_s < 0 or self.factor < 1:
            raise ValueError("base_s and max_s must be >= 0, and factor >= 1")

    def wait_s(self, attempt: int, retry_after_s: float | None, rng: random.Random) -> float:
        """Seconds to wait after failed request number `attempt` (from 1).

        Drawn evenly from the upper half of [0, min(max_s, base_s * factor^(attempt-1))], so that clients that
        failed together come back apart and none comes back at once. With `retry_after_s` never less than
        that, and at most a tenth of the drawn wait more.
        """
        # the exponent is bounded so that a long run of failures cannot overflow
        ceiling = min(self.max_s, self.base_s * self.factor ** min(attempt - 1, 64))
        drawn = ceiling * (0.5 + 0.5 * rng.random())
        return drawn if retry_after_s is None else retry_after_s + 0.1 * drawn


def retry_after_s(headers: Mapping[str, str], now_s: float | None = None) -> float | None:
    """Read `Retry-After` (seconds or an HTTP date) or `retry-after-ms`; None when absent or unreadable.

    Args:
        headers: response headers, lower-case names.
        now_s: Unix time to measure dates from, None for the clock.
    """
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) * scale
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        moment_s = email.utils.parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    # years beyond the calendar overflow, here or in the system's clock
    except (TypeError, ValueError, IndexError, OverflowError, OSError):
        return None
    return max(0.0, moment_s - (time.time() if now_s is None else now_s))


class Gate:
    """A pause shared by all calls of one client: a rate limit met by one holds for all."""

    def __init__(self) -> None:
        self._open_at_s = 0.0

    def hold(self, seconds: float) -> None:
        """Let nobody through for `seconds` from now."""
        self._open_at_s = max(self._open_at_s, time.monotonic() + seconds)

    def remaining_s(self) -> float:
        """Seconds until it opens; 0 when it is open."""
        return max(0.0, self._open_at_s - time.monotonic())

    async def wait(self) -> None:
        """Return when the gate is open; it may be held again while waiting."""
        while (remaining := self._open_at_s - time.monotonic()) > 0:
            await asyncio.sleep(remaining)
