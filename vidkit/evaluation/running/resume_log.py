"""The resume log of a run: one record per call, durable before the call counts as done.

A process killed at any moment loses the calls in flight and at most the line being written. What has been
asked is looked up on disk, so memory does not grow with the items.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from vidkit.errors import ConfigError, OutputError
from vidkit.evaluation.running.index import LogIndex, Place
from vidkit.evaluation.types import Prediction
from vidkit.utils import jsonl_log
from vidkit.utils.jsonl_log import JsonlLog
from vidkit.utils.redaction import redact, redact_all

_GATHER_S = 0.01  # at 600 calls per second six of them


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
        DataError: no line of the file is a record.
    """

    def __init__(self, path: str | Path, durability: Durability | None = None) -> None:
        self.path = Path(path)
        self._durability = durability or Durability()
        self.index = LogIndex()
        try:
            self._log = JsonlLog(self.path, self._take, again="its item will be asked again")
        except BaseException:
            self.index.close()
            raise
        self._unsynced: list[asyncio.Future[None]] = []
        self._syncer: asyncio.Task[None] | None = None
        self._synced_s = time.monotonic()

    def _take(self, row: dict[str, Any], at: jsonl_log.Place) -> None:
        failed = row.get("error") is not None
        sha = (row.get("meta") or {}).get("prompt_sha256", "")
        self.index.put(str(row["id"]), Place(at.offset, at.length, failed, str(sha)))

    def get(self, key: str) -> Prediction | None:
        """The last record of an id, a good one if there ever was one; None if it was never asked."""
        place = self.index.find(key)
        return None if place is None else read_record(self.line(place))

    def line(self, place: Place) -> bytes:
        """The bytes of a record."""
        return self._log.line(jsonl_log.Place(place.offset, place.length))

    async def append(self, record: Prediction) -> None:
        """Write a record; returns when it is as durable as the policy says.

        The line is handed to the system at once, so a killed process never loses a finished call.

        Raises:
            OutputError: the disk is full or gone.
        """
        at = self._log.write(write_record(record))
        sha = str(record.meta.get("prompt_sha256", ""))
        self.index.put(record.id, Place(at.offset, at.length, record.error is not None, sha))
        every_s = self._durability.every_s
        if every_s is None or (every_s > 0 and time.monotonic() - self._synced_s < every_s):
            return
        done = asyncio.get_running_loop().create_future()
        self._unsynced.append(done)
        if self._syncer is None or self._syncer.done():
            self._syncer = asyncio.create_task(self._sync())
        await asyncio.shield(done)

    async def _sync(self) -> None:
        # calls that end together share a sync
        await asyncio.sleep(_GATHER_S)
        while self._unsynced:
            waiting, self._unsynced = self._unsynced, []
            failure: OutputError | None = None
            try:
                await asyncio.to_thread(self._log.sync)
                self._synced_s = time.monotonic()
            except OutputError as error:
                failure = error
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
        if self._log.is_open:
            await asyncio.to_thread(self._log.sync)
        self.release()

    def release(self) -> None:
        """Let go of the lock without waiting for anything; a second call does nothing."""
        if self._log.is_open:
            self._log.release()
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
