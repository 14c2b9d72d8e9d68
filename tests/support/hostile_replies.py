"""What a server that means harm may send, and a program that says how much memory a command took."""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vidkit_process
from scripted_server import Act, completion

KEY = "sk-hostile-0123456789abcdef"
MOST_MIB = 500
# command lines one after the other, as `vidkit` runs them; the peak is of the program itself, since what the
# system counts for a child begins with its parent's
CHILD = """
import json
from vidkit.cli import main
from vidkit.utils.redaction import guard_streams
guard_streams()
statuses = [main.run(words) for words in json.loads({commands!r})]
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print("ended:", json.dumps(dict(statuses=statuses, mib=int(peak) / 1024)), flush=True)
raise SystemExit
"""
STEERS = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Ended:
    """What became of commands that a hostile server answered.

    Attributes:
        told: on the terminal.
        statuses: exit statuses.
        mib: of memory at most.
        folder: in which they ran.
    """

    told: str
    statuses: tuple[int, ...]
    mib: float
    folder: Path

    def check(self) -> None:
        """Nothing crashed, grew, leaked or steered the terminal."""
        assert "bug in vidkit" not in self.told and "Traceback" not in self.told, self.told[-2000:]
        assert not set(self.statuses) - {0, 1, 4, 5}, self.told[-2000:]
        assert self.mib < MOST_MIB
        assert STEERS.findall(self.told) == []
        assert KEY not in self.told
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        assert files and [path.name for path in files if KEY.encode() in path.read_bytes()] == []


def ended(folder: Path, commands: Sequence[Sequence[str]]) -> Ended:
    """Run command lines in one process that has the key in its environment."""
    done = vidkit_process.run(
        [],
        cwd=folder,
        prepare=CHILD.format(commands=json.dumps(commands)),
        env={
            **os.environ,
            "OPENAI_API_KEY": KEY,
            "OMP_NUM_THREADS": "1",
            "XDG_CACHE_HOME": str(folder / "cache"),
        },
    )
    told, _, found = done.stdout.rpartition("ended:")
    assert found, (done.stdout + done.stderr)[-3000:]
    end = json.loads(found)
    return Ended(told + done.stderr, tuple(end["statuses"]), end["mib"], folder)


def answer(body: dict[str, Any]) -> Act:
    """What the server says to a question that holds `<name>` of one of the replies."""
    name = re.search(r"Question <([\w-]+)>", json.dumps(body["messages"]))
    return REPLIES[name[1]][0] if name else Act()


JSON = {"content-type": "application/json"}


def reply(**choice: Any) -> Act:
    return Act(body=completion("A", **choice))


def raw(body: bytes, **headers: str) -> Act:
    return Act(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


BOMB = gzip.compress(completion("A" * (200 << 20)), 1)
TWICE = gzip.compress(gzip.compress(b" " * (50 << 20)))
OWNED = b'{"error": {"message": "\\u001b[2J\\u001b]0;owned\\u0007"}}'
LEAK = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()
# what a server may send, and whether the item has an answer all the same
REPLIES: dict[str, tuple[Act, bool]] = {
    "good": (Act(text="Answer: A"), True),
    "gzip-bomb": (raw(BOMB, content_encoding="gzip"), False),
    "gzip-twice": (raw(TWICE, content_encoding="gzip, gzip"), False),
    "deflate-bomb": (raw(zlib.compress(b" " * (300 << 20)), content_encoding="deflate"), False),
    "broken-gzip": (raw(gzip.compress(completion("A"))[:-9] + b"x" * 9, content_encoding="gzip"), False),
    "deep": (raw(b"[" * 200_000), False),
    "huge-number": (raw(b'{"choices": ' + b"9" * 100_000 + b"}"), False),
    "not-json": (raw(b"{'choices'"), False),
    "not-utf8": (raw(b'{"choices": "\xff\xfe"}'), False),
    "null": (raw(b"null"), False),
    "empty": (raw(b""), False),
    "no-choices": (raw(b'{"choices": []}'), False),
    "choice-is-text": (raw(b'{"choices": ["A"]}'), False),
    "html": (raw(b"<html><script>alert(1)</script>", content_type="text/html"), False),
    "escapes": (Act(text="\x1b[2J\x1b]0;owned\x07 Answer: A \x9b31m"), True),
    "error-escapes": (Act(status=400, body=OWNED), False),
    "key-in-error": (Act(status=400, body=LEAK), False),
    "key-in-reply": (Act(text=f"Answer: A, with {KEY}"), True),
    "half-characters": (raw(completion("Answer: A \ud800".encode("utf-8", "replace").decode())), True),
    "surrogates": (raw(b'{"choices": [{"message": {"content": "Answer: A \\ud800"}}]}'), True),
    "zero-bytes": (Act(text="Answer: A\x00\x00"), True),
    "long": (Act(text="Answer: A " + "x" * 2_000_000), True),
    "redirect": (Act(status=302, body=b"", headers={"location": "http://127.0.0.1:9/steal"}), False),
    "server-error": (Act(status=500, body=b"<h1>oops</h1>"), False),
    "reset": (Act(reset=True), False),
    "cut": (Act(cut_at=20), False),
    "drip": (Act(drip_s=2.0), False),
    "silence": (Act(delay_s=60.0), False),
    "odd-usage": (raw(b'{"choices": [{"message": {"content": "Answer: A"}}], "usage": "\\u001b[1m"}'), True),
}  # fmt: skip
