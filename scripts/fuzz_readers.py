"""Feed broken and strange files to every reader: only readable errors may leave one, within a second.

    python scripts/fuzz_readers.py --minutes 5 --seed 1 --record docs/results/fuzz_readers.jsonl

The readers and their good files are in `foreign_readers.py` beside this script. Inputs are those files with
values replaced by hostile ones (numbers of thousands of digits, deep nesting, zero bytes, halves of
characters), keys taken away, added and doubled; with pieces of the text cut, doubled and put in; with bytes
changed. Allowed ends are a result and a `VidkitError`. Anything else is a failure, kept with its input.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import logging
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.hostile_inputs import JSON_PIECES, SLOWEST_S, ended_when_hung, in_text
from scripts.rows import tell
from vidkit.errors import VidkitError

_RAW = "\ue000raw"  # stands for JSON that json.dumps cannot write
_HOSTILE_JSON: tuple[str, ...] = (
    "9" * 5000, "-" + "9" * 5000, "1" + "0" * 400, "-1", "0", "7", "1e308", "1e999", "-1e999", "NaN",
    "Infinity", "[" * 3000, "[" * 3000 + "]" * 3000, '{"a":' * 3000, "[]", "{}", "[[]]", "null", "true",
    "false", '""', '" "',
    r'"\u0000"', r'"\ud800"', r'"\u202e\u001b[2J"', '"&#99999999999999999999;"', '"999999999:99:99,999"',
    '"A"', "0.5", "3.0", '"' + "x" * 3000 + '"', '[1, "a", null]', '{"": 1}', "99999999999999999999",
    "1e-320", '"nan"', '"1e400"', '"/etc/passwd"', '"../../x"', '"a\\u0000b.mp4"',
)  # fmt: skip
_TEXT = (
    *JSON_PIECES,
    "'",
    "\r",
    "\t",
    "\ufeff",
    "9" * 5000,
    "-1",
    "&#" + "9" * 400 + ";",
    "&#x110000;",
    "&#0;",
    "<" * 500,
    "{" * 500,
    "[" * 500,
    "(" * 500,
    " " * 2000,
    "\n" * 500,
    "99999999999999:00:00,000",
    "-->",
    "1e308:00",
    "\x1b[2J",
    "\u2028",
    "\x85",
    "*a",
    "&a ",
    "!!python/name:os",
    "? ",
    "- ",
    ": ",
    "%",
    "{\\p1}",
    "${oc.env:HOME}",
    "\U0010ffff",
    "\ue000",
    "def f(:\n",
    "é" * 100,
)


@dataclass(frozen=True)
class Reader:
    """What reads a file that others made.

    Attributes:
        name: of the reader.
        file: the name under which it finds the input.
        seeds: good files.
        read: called with the path.
        beside: further files it needs in the folder.
    """

    name: str
    file: str
    seeds: tuple[bytes, ...]
    read: Callable[[Path], object]
    beside: dict[str, bytes] = field(default_factory=dict)


def mutated(draw: random.Random, seed: bytes) -> bytes:
    """A broken or strange form of a file."""
    try:
        text = seed.decode("utf-8")
    except UnicodeDecodeError:
        return _in_bytes(draw, seed)
    what = draw.random()
    if what < 0.6 and text.lstrip()[:1] in ("{", "["):
        text = _in_json(draw, text)
        if what < 0.5:
            return text.encode("utf-8", "surrogatepass")
    if what > 0.95:
        return _in_bytes(draw, text.encode("utf-8", "surrogatepass"))
    if what > 0.93:
        return text.encode(draw.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32")))
    return _in_text(draw, text).encode("utf-8", "surrogatepass")


def _in_json(draw: random.Random, text: str) -> str:
    """Values of one JSON text, or of one line of many, changed."""
    lines = [text]
    try:
        json.loads(text)
    except ValueError:
        lines = text.splitlines()
    at = draw.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except ValueError:
        return _in_text(draw, text)
    if draw.random() < 0.05:
        lines[at] = draw.choice(_HOSTILE_JSON)
        return "\n".join(lines)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = _places(value)
        if places:
            _change(draw, *draw.choice(places))
    written = json.dumps(value, ensure_ascii=draw.random() < 0.5)
    for number, raw in enumerate(_HOSTILE_JSON):
        written = written.replace(json.dumps(f"{_RAW}{number}."), raw).replace(f'"{_RAW}{number}."', raw)
    if draw.random() < 0.1 and written.startswith("{"):
        written = '{"id": 1, "id": 2, ' + written[1:]
    lines[at] = written
    return "\n".join(lines)


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if not isinstance(holder, dict | list):
            continue
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            waiting.append(holder[key])
    return found


def _change(draw: random.Random, holder: Any, key: Any) -> None:
    what = draw.randrange(8)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(holder, dict):
        holder[draw.choice(("", "id", "extra", "\x00", "\ud800", "a.b", "${x}"))] = holder[key]
    elif what == 2 and isinstance(holder, list):
        holder.insert(key, holder[key])
    else:
        holder[key] = f"{_RAW}{draw.randrange(len(_HOSTILE_JSON))}."


def _in_text(draw: random.Random, text: str) -> str:
    text = in_text(draw, text, _TEXT)
    if draw.random() < 0.1:
        text = text[: draw.randrange(len(text) + 1)]
    return text


def _in_bytes(draw: random.Random, data: bytes) -> bytes:
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 8))):
        at = draw.randrange(len(made) + 1)
        what = draw.randrange(4)
        if what == 0:
            made[at : at + draw.choice((1, 2, 8))] = draw.randbytes(draw.choice((1, 2, 8)))
        elif what == 1:
            del made[at : at + draw.choice((1, 4, 64))]
        elif what == 2 and len(made) > 64:  # headers are what readers trust
            made[draw.randrange(64)] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, ord("9"), ord("[")))
        else:
            made[at:at] = draw.choice((b"\0" * 16, b"\xff" * 8, made[at : at + 32]))
    if draw.random() < 0.2:
        made = made[: draw.randrange(len(made) + 1)]
    return bytes(made)


def attempt(reader: Reader, data: bytes, folder: Path) -> tuple[str, float]:
    """How one input ended (`read`, `refused`, `FAILED ...`), and seconds of processor time."""
    path = folder / reader.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    for name, content in reader.beside.items():
        if not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    started = time.process_time()
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    try:
        with ended_when_hung(), quiet[0], quiet[1]:
            reader.read(path)
        ended = "read"
    except VidkitError as error:
        ended = "refused"
        if not error.message.strip():
            ended = "FAILED an error without a message"
    except Exception as error:  # whatever it is, it is what this looks for
        at = traceback.extract_tb(error.__traceback__)[-1]
        ours = [each for each in traceback.extract_tb(error.__traceback__) if "/vidkit/" in each.filename]
        place = ours[-1] if ours else at
        ended = f"FAILED {type(error).__name__} ({Path(place.filename).name}:{place.lineno}): {error!s:.150}"
    return ended, time.process_time() - started


def input_number(reader: Reader, seed: int, number: int) -> bytes:
    """An input; the same for the same numbers."""
    draw = random.Random(f"{reader.name}:{seed}:{number}")
    return mutated(draw, draw.choice(reader.seeds))


def run(
    readers: list[Reader],
    seed: int,
    first: int,
    count: int,
    until: float,
    each: Callable[[Reader, str, float, bytes], None],
) -> int:
    """Inputs for every reader in turn until the time is up; how many were tried."""
    logging.disable(logging.CRITICAL)
    done = 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(first, first + count):
                for reader in readers:
                    if time.monotonic() > until:
                        return done
                    data = input_number(reader, seed, number)
                    ended, seconds = attempt(reader, data, Path(folder) / reader.name.replace(" ", "-"))
                    each(reader, ended, seconds, data)
                    done += 1
    finally:
        logging.disable(logging.NOTSET)
    return done


def main() -> int:
    from scripts.foreign_readers import readers

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--count", type=int, default=10**9, help="inputs of each reader at most")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="readers whose name holds this")
    parser.add_argument("--record", type=Path, help="JSONL file that the run is added to")
    parser.add_argument("--failures", type=Path, default=Path("fuzz_failures"), help="folder of failures")
    chosen = parser.parse_args()
    picked = [reader for reader in readers() if chosen.only in reader.name]
    ends: dict[str, Counter[str]] = {reader.name: Counter() for reader in picked}
    slowest = [0.0, ""]
    told: set[str] = set()

    def each(reader: Reader, ended: str, seconds: float, data: bytes) -> None:
        nonlocal slowest
        failed = ended.startswith("FAILED")
        late = seconds > SLOWEST_S
        if seconds > float(slowest[0]):
            slowest = [seconds, reader.name]
        ends[reader.name]["failed" if failed else "slow" if late else ended] += 1
        if failed or late:
            chosen.failures.mkdir(exist_ok=True)
            name = f"{reader.name.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:10]}"
            (chosen.failures / name).write_bytes(data)
            kind = f"{reader.name}: {ended.partition(': ')[0]}"
            if kind not in told:
                told.add(kind)
                print(f"{name}: {ended} ({seconds:.2f} s)", file=sys.stderr)

    started = time.monotonic()
    until = started + 60 * chosen.minutes
    tried = run(picked, chosen.seed, chosen.first, chosen.count, until, each)
    total: Counter[str] = sum(ends.values(), Counter())
    row = {
        "made_by": "scripts/fuzz_readers.py",
        "seed": chosen.seed,
        "first": chosen.first,
        "inputs": tried,
        "readers": len(picked),
        "ends": dict(sorted(total.items())),
        "slowest_s": round(float(slowest[0]), 3),
        "slowest": slowest[1],
        "seconds": round(time.monotonic() - started, 1),
        "python": sys.version.split()[0],
    }
    tell(row, chosen.record)
    return 1 if total["failed"] or total["slow"] else 0


if __name__ == "__main__":
    sys.exit(main())
