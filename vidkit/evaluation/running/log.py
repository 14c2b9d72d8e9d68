"""The append-only log of a run: one JSON line a call, durable before the call counts as done.

A process killed at any moment loses the calls in flight and at most the line being written, which is
recognised and dropped at the next start. What has been asked is looked up on disk, so memory does not grow
with the items.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from vidkit.errors import ConfigError, DataError, OutputError
from vidkit.evaluation.running.index import LogIndex, Place
from vidkit.evaluation.types import Prediction
from vidkit.utils.redaction import redact, redact_all

logger = logging.getLogger(__name__)

_GATHER_S = 0.01  # at 600 calls a second six of them


@dataclass(frozen=True, slots=True)
class Durability:
    """When lines are forced to disk.

    Attributes:
        every_s: 0 forces each line before its call counts as done (lines that arrive together share one
            sync); a number of seconds forces at most that often; None leaves it to the system, which
            survives a killed process but not a power cut.
    """

    every_s: float | None = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `record`, `never` or a number of seconds.

        Raises:
            ConfigError: anything else.
        """
        if text in ("record", "never"):
            return cls(0.0 if text == "record" else None)
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf"):
            raise ConfigError(f"cannot read the sync policy '{text}'", "record, never, or seconds")
        return cls(seconds)


class PredictionLog:
    """An open log; one process at a time.

    Args:
        path: the file, made when absent.
        durability: when lines are forced to disk.

    Raises:
        OutputError: another run holds the log, or the place cannot be written.
        DataError: a line that is not a record, with its number (a torn last line is dropped with a warning).
    """

    def __init__(self, path: str | Path, durability: Durability | None = None) -> None:
        self.path = Path(path)
        self._durability = durability or Durability()
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise OutputError(
                f"cannot write '{self.path}': {error.strerror}", "choose another folder"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise OutputError(
                f"another run is writing '{self.path}'", "wait for it, or choose a folder"
            ) from error
        self.index = LogIndex()
        try:
            self._end = self._recover()
        except BaseException:
            self.release()
            raise
        self._unsynced: list[asyncio.Future[None]] = []
        self._syncer: asyncio.Task[None] | None = None
        self._synced_s = time.monotonic()

    def _recover(self) -> int:
        """Index what is there and drop a torn tail; returns the end of the file."""
        end = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    logger.warning("%s: dropped a torn last line (%d bytes)", self.path, len(line))
                    break
                self._index_line(number, line, end)
                end += len(line)
        os.ftruncate(self._fd, end)
        return end

    def _index_line(self, number: int, line: bytes, offset: int) -> None:
        try:
            row = json.loads(line)
            key = row["id"]
            failed = row.get("error") is not None
            sha = (row.get("meta") or {}).get("prompt_sha256", "")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(
                f"{self.path}:{number}: not a record of a run",
                "delete this line, its item will be asked again",
            ) from error
        self.index.put(str(key), Place(offset, len(line), failed, str(sha)))

    def get(self, key: str) -> Prediction | None:
        """The last record of an id, a good one if there ever was one; None if it was never asked."""
        place = self.index.find(key)
        return None if place is None else read_record(self.line(place))

    def line(self, place: Place) -> bytes:
        """The bytes of a record."""
        return os.pread(self._fd, place.length, place.offset)

    async def append(self, record: Prediction) -> None:
        """Write a record; returns when it is as durable as the policy says.

        The line is handed to the system at once, so a killed process never loses a finished call.

        Raises:
            OutputError: the disk is full or gone.
        """
        line = write_record(record)
        self._write(line)
        sha = str(record.meta.get("prompt_sha256", ""))
        self.index.put(record.id, Place(self._end, len(line), record.error is not None, sha))
        self._end += len(line)
        every_s = self._durability.every_s
        if every_s is None or (every_s > 0 and time.monotonic() - self._synced_s < every_s):
            return
        done = asyncio.get_running_loop().create_future()
        self._unsynced.append(done)
        if self._syncer is None or self._syncer.done():
            self._syncer = asyncio.create_task(self._sync())
        await asyncio.shield(done)

    def _write(self, line: bytes) -> None:
        view = memoryview(line)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            # half a line must not stand before the next one
            with suppress(OSError):
                os.ftruncate(self._fd, self._end)
            raise OutputError(f"cannot write '{self.path}': {error.strerror}") from error

    async def _sync(self) -> None:
        # calls that end together share a sync
        await asyncio.sleep(_GATHER_S)
        while self._unsynced:
            waiting, self._unsynced = self._unsynced, []
            failure: OutputError | None = None
            try:
                await asyncio.to_thread(os.fsync, self._fd)
                self._synced_s = time.monotonic()
            except OSError as error:
                failure = OutputError(f"cannot write '{self.path}': {error.strerror}")
            for done in waiting:
                if done.done():
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)

    async def drain(self) -> None:
        """Wait until nobody waits for the disk."""
        if self._syncer is not None:
            await asyncio.gather(self._syncer, return_exceptions=True)

    async def aclose(self) -> None:
        """Write what is pending, force it to disk, let go of the lock."""
        await self.drain()
        if self._fd >= 0:
            await asyncio.to_thread(os.fsync, self._fd)
        self.release()

    def release(self) -> None:
        """Let go of the lock without waiting for anything; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self.index.close()


def write_record(record: Prediction) -> bytes:
    """A record as one line of UTF-8 JSON; fields without a value are left out.

    What `meta["row"]` holds becomes columns of the row, for scores that look for them there.
    """
    row = {**record.meta.get("row", {}), "id": record.id, "response": record.response}
    rest = {
        name: value for name, value in asdict(record).items() if name not in row and value not in (None, {})
    }
    # lone surrogates from a model's bytes would not encode; json escapes them when it keeps to ASCII
    text = json.dumps({**row, **rest}, ensure_ascii=True, default=str)
    if redact(text) != text:
        text = json.dumps(redact_all({**row, **rest}), ensure_ascii=True, default=str)
    return text.encode() + b"\n"


def read_record(line: bytes) -> Prediction:
    """The record of a line that was checked when the log was opened or written."""
    row: dict[str, Any] = json.loads(line)
    return Prediction(
        id=str(row["id"]),
        response=row.get("response"),
        error=row.get("error"),
        finish_reason=row.get("finish_reason"),
        latency_s=row.get("latency_s"),
        usage=row.get("usage") or {},
        meta=row.get("meta") or {},
    )
