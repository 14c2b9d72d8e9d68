"""Where each id's record lies in a log, kept on disk: millions of items cost no memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A record in the log: byte offset, bytes, whether the call failed, and the hash of its prompt."""

    offset: int
    length: int
    failed: bool
    prompt_sha: str = ""


_AS_BYTES = ("utf-8", "surrogatepass")  # ids may hold half a surrogate pair, which no SQL text can


def _stored(key: str) -> bytes:
    return key.encode(*_AS_BYTES)


class LogIndex:
    """Ids to places, and the order in which items came; a private database that dies with the process."""

    def __init__(self) -> None:
        # the empty name makes a file that is deleted at once; 2 MiB of it may stay in memory
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -2048")
        self._db.execute(
            "CREATE TABLE records (id BLOB PRIMARY KEY, offset INT, length INT, failed INT, sha TEXT) "
            "WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE items (id BLOB PRIMARY KEY, rank INT, is_item INT) WITHOUT ROWID")
        self._db.execute("BEGIN")
        self._ranks = 0

    def put(self, key: str, place: Place) -> None:
        """Remember a record; a failed one never replaces a good one."""
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "offset = excluded.offset, length = excluded.length, "
            "failed = excluded.failed, sha = excluded.sha "
            "WHERE excluded.failed <= records.failed",
            (_stored(key), place.offset, place.length, place.failed, place.prompt_sha),
        )

    def find(self, key: str) -> Place | None:
        """Where the record of an id is."""
        query = "SELECT offset, length, failed, sha FROM records WHERE id = ?"
        row = self._db.execute(query, (_stored(key),)).fetchone()
        return None if row is None else Place(row[0], row[1], bool(row[2]), row[3])

    def add_item(self, key: str) -> bool:
        """Note that an item is part of this run; False if it already was."""
        return self._add(key, is_item=True)

    def add_extra(self, key: str) -> None:
        """Note a row that belongs to an item without being one: a judge's reply."""
        self._add(key, is_item=False)

    def _add(self, key: str, is_item: bool) -> bool:
        self._ranks += 1
        values = (_stored(key), self._ranks, is_item)
        added = self._db.execute("INSERT OR IGNORE INTO items VALUES (?, ?, ?)", values)
        return added.rowcount == 1

    def has_item(self, key: str) -> bool:
        """Is this item part of the run so far?"""
        found = self._db.execute("SELECT 1 FROM items WHERE id = ?", (_stored(key),))
        return found.fetchone() is not None

    def count_items(self) -> int:
        """Items of this run so far."""
        count: int = self._db.execute("SELECT COUNT(*) FROM items WHERE is_item").fetchone()[0]
        return count

    def count_settled(self) -> tuple[int, int]:
        """Items of this run with a reply, and those whose last call failed."""
        query = "SELECT failed, COUNT(*) FROM items JOIN records USING (id) WHERE is_item GROUP BY failed"
        counts = dict(self._db.execute(query).fetchall())
        return counts.get(0, 0), counts.get(1, 0)

    def has_answers(self) -> bool:
        """Is there any record with a reply?"""
        return self._db.execute("SELECT 1 FROM records WHERE NOT failed LIMIT 1").fetchone() is not None

    def in_order(self) -> Iterator[tuple[str, Place | None]]:
        """Every row of this run in the order it came, with its record if there is one."""
        rows = self._db.execute(
            "SELECT items.id, offset, length, failed, sha FROM items LEFT JOIN records USING (id) "
            "ORDER BY rank"
        )
        for key, offset, length, failed, sha in rows:
            yield key.decode(*_AS_BYTES), None if offset is None else Place(offset, length, bool(failed), sha)

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()
