"""Give every reader long inputs made of repeated pieces: time grows in proportion to them.

    python scripts/long_inputs.py --forms 40 --minutes 5 --resume --record docs/results/long_inputs.jsonl

Inputs are good files of `foreign_readers.py` with a piece repeated to 10,000, 100,000 and 1,000,000
characters: alone, behind the file, within it, in each of its texts, with each of its lists, objects and lines
grown. A reader fails if ten times the input takes more than thirty times as long, or if a million characters
take more than a second; both in processor time, the second scaled to the machine by a loop that is timed
first.
"""

from __future__ import annotations

import argparse
import copy
import gc
import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import fuzz_readers
from scripts.fuzz_readers import Reader
from scripts.rows import tell

SIZES = (10_000, 100_000, 1_000_000)
STEEPEST = 30.0  # times as long for ten times the input; in proportion it is 10, a square is 100
MOST_S = 1.0  # for a million characters
_FAST_S = 0.004  # what takes less counts as this: too short for a ratio
_LOOP_S = 0.075  # of `yardstick` on the machine whose second is meant
UNITS = {
    "blanks": " ", "lines": "\n", "angles": "<", "braces": "{", "brackets": "[", "parens": "(", "digits": "9",
    "quotes": '"', "stars": "*", "entities": "&#99;", "half-entities": "&#9", "arrows": "00:00:01,000 --> ",
    "tags": "<i>", "ends": "</i>", "thoughts": "<think>", "commas": "0,", "words": "the answer is not A or ",
    "cue": "1\n00:00:01,000 --> 00:00:02,000\nx\n\n", "overrides": "{\\k1}", "dashes": "- ", "fences": "```",
    "letters": "A. ", "backslashes": "\\", "colons": "00:", "objects": '{"a": ', "clock": "[00:01.00]",
    "microdvd": "{1}{2}x\n", "escaped": '\\"', "calls": "<tool_call>", "code lines": "```\n",
    "equals": "a=",
    "minus": "-", "lists": "[1,", "keys": '"a":1,', "yaml": "- - ", "anchors": "&a *a ",
    "deltas": '"deltas": [',
    "pairs": "(1, 2) ", "addresses": "http://a@", "times": "1:30 ", "accents": "e\u0301", "signs": "\u4e2d",
    "nul": "\x00", "dots": ".", "slashes": "/", "under": "_", "names": "a.b.", "ticks": "`", "tildes": "~",
    "hashes": "#", "indents": "\n ", "pipes": "| a ", "score": "75/100 ", "returns": "\r",
}  # fmt: skip
_FEW = ("blanks", "angles", "digits", "quotes", "words", "backslashes", "accents", "braces")


def yardstick() -> float:
    """How many times slower than the machine of `_LOOP_S` this one is."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        sum(i * i for i in range(1_000_000))
        best = min(best, time.process_time() - began)
    return max(1.0, best / _LOOP_S)


Form = tuple[str, Callable[[int], bytes]]


def forms(reader: Reader) -> Iterator[Form]:
    """Ways in which an input of a reader can be long, each with what makes it of a size."""
    for name, unit in UNITS.items():
        yield f"{name} alone", lambda size, unit=unit: _times(unit, size)
    for number, seed in enumerate(reader.seeds):
        try:
            text = seed.decode("utf-8")
        except UnicodeDecodeError:
            yield f"seed {number}, blanks behind", lambda size, seed=seed: seed + b" " * size
            yield f"seed {number}, zeros within", lambda size, seed=seed: seed[:40] + b"\0" * size + seed[40:]
            continue
        for form, make in _of_text(text):
            yield f"seed {number}, {form}", make
    for name, make in _BINARY.items():
        if reader.file.endswith(name):
            yield f"many in {name}", make


def _times(unit: str, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size].encode("utf-8")


def _of_text(text: str) -> Iterator[Form]:
    places = {"behind": len(text), "before": 0, "in the middle": len(text) // 2}
    for name, unit in UNITS.items():
        for where, at in places.items():
            if where != "before" or name in _FEW:
                yield (
                    f"{name} {where}",
                    lambda size, unit=unit, at=at: (
                        text[:at].encode() + _times(unit, size) + text[at:].encode()
                    ),
                )
    lines = text.splitlines(keepends=True)
    for at in sorted({0, len(lines) // 2, max(0, len(lines) - 1)}) if len(lines) > 1 else ():
        repeated = lines[at] if lines[at].endswith("\n") else lines[at] + "\n"
        before, after = "".join(lines[:at]), "".join(lines[at:])
        yield (
            f"line {at} again",
            lambda size, repeated=repeated, before=before, after=after: (
                before + repeated * (size // len(repeated)) + after
            ).encode(),
        )
    yield "whole again", lambda size: (text * (size // max(1, len(text)))).encode()
    try:
        value = json.loads(text)
        yield from _of_json(value, lambda made: json.dumps(made, ensure_ascii=False).encode())
    except ValueError:
        rows = _rows(text)
        if rows:
            yield from _of_json(
                rows,
                lambda made: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made).encode(),
            )


def _rows(text: str) -> list[Any]:
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return []


def _of_json(value: Any, write: Callable[[Any], bytes]) -> Iterator[Form]:
    """Each text long, each list and object grown: with the same again, and with others of other names."""
    if isinstance(value, list) and value:
        yield "the list grown", lambda size: write(_grown_list(value, size))
    for path in list(_paths(value))[:60]:
        inner = _at(value, path)
        where = "/".join(map(str, path))
        if isinstance(inner, str):
            for name in _FEW:
                yield (
                    f"{name} at {where}",
                    lambda size, path=path, name=name: write(
                        _with(value, path, _times(UNITS[name], size).decode("utf-8", "ignore"))
                    ),
                )
        elif isinstance(inner, list) and inner:
            yield (
                f"list {where} grown",
                lambda size, path=path, inner=inner: write(_with(value, path, _grown_list(inner, size))),
            )
        elif isinstance(inner, dict):
            yield (
                f"object {where} grown",
                lambda size, path=path, inner=inner: write(_with(value, path, _grown_dict(inner, size))),
            )
        elif isinstance(inner, int | float) and not isinstance(inner, bool):
            yield (
                f"digits at {where}",
                lambda size, path=path: write(_with(value, path, "@")).replace(b'"@"', b"1" * size),
            )
    if isinstance(value, dict):
        yield "the object grown", lambda size: write(_grown_dict(value, size))


def _grown_list(values: list[Any], size: int) -> list[Any]:
    """The list again and again, with numbers behind its names so that entries differ."""
    made, length = list(values), 0
    number = 0
    while length < size:
        entry = _numbered(values[number % len(values)], number)
        length += len(json.dumps(entry)) + 2
        made.append(entry)
        number += 1
    return made


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(inner, number) if "id" in key else inner for key, inner in value.items()}
    return f"{value}{number}" if isinstance(value, str) else value


def _grown_dict(values: dict[str, Any], size: int) -> dict[str, Any]:
    made = dict(values)
    sample = next(iter(values.values()), 1)
    each = len(json.dumps(sample)) + 12
    return made | {f"k{number}": copy.deepcopy(sample) for number in range(size // each)}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return
    for key in value if isinstance(value, dict) else range(min(3, len(value))):
        yield (*path, key)
        yield from _paths(value[key], (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _with(value: Any, path: tuple[Any, ...], put: Any) -> Any:
    made = copy.deepcopy(value)
    _at(made, path[:-1])[path[-1]] = put
    return made


def _tensors(size: int) -> bytes:
    """A header of safetensors with many empty tensors."""
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    head = json.dumps({f"blocks.{n}.attn.to_q.weight": entry for n in range(size // 90)}).encode()
    return len(head).to_bytes(8, "little") + head


def _workbook(size: int) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["id", "prediction"])
    for number in range(size // 90):
        sheet.append([f"q{number}", "A"])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _npy(size: int) -> bytes:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"1," * (size // 2) + b"), }\n"
    return b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header


_BINARY: dict[str, Callable[[int], bytes]] = {".safetensors": _tensors, ".xlsx": _workbook, ".npy": _npy}


def slow(
    reader: Reader,
    make: Callable[[int], bytes],
    folder: Path,
    slowness: float,
    sizes: tuple[int, ...] = SIZES,
) -> tuple[str, list[float]]:
    """What is wrong with the time (empty: nothing), and the seconds at each size until it is plain."""
    took: list[float] = []
    for size in sizes:
        before, data = took[-1] if took else float("inf"), make(size)
        best = float("inf")
        for _ in range(4):
            ended, seconds = fuzz_readers.attempt(reader, data, folder)
            best = min(best, seconds)
            if ended.startswith("FAILED"):
                return ended, [*took, best]
            what = _too_slow(size, before, seconds, slowness)
            if not what:
                break
            slowness = max(slowness, yardstick())  # another process may have had the caches: both anew
            if took:
                before = fuzz_readers.attempt(reader, make(size // 10), folder)[1]
        took.append(best)
        if what:
            return what, took
    return "", took


def _too_slow(size: int, before: float, seconds: float, slowness: float) -> str:
    if size >= SIZES[-1] and seconds > MOST_S * slowness:
        return f"{size} characters took {seconds:.2f} s"
    if seconds > 0.1 * slowness and seconds > STEEPEST * max(before, _FAST_S):
        return f"{size} characters took {seconds / max(before, 0.001):.0f} times as long as a tenth"
    return ""


def of_reader(
    reader: Reader, chosen: argparse.Namespace, folder: Path, slowness: float, until: float
) -> dict[str, Any]:
    """One reader's row; forms are fewer than were chosen where the time was up."""
    made = list(forms(reader))
    picked = random.Random(f"{reader.name}:{chosen.seed}").sample(made, min(chosen.forms, len(made)))
    tried, slowest, wrong, began = 0, (0.0, ""), [], time.monotonic()
    for form, make in picked:
        if time.monotonic() > until:
            break
        what, took = slow(reader, make, folder, slowness, tuple(chosen.sizes))
        tried += 1
        slowest = max(slowest, (took[-1], form))
        if what:
            wrong.append(f"{form}: {what}")
            print(f"{reader.name}: {form}: {what} {[round(each, 3) for each in took]}", flush=True)
    return {
        "made_by": "scripts/long_inputs.py", "reader": reader.name, "sizes": list(chosen.sizes),
        "seed": chosen.seed,
        "forms": tried, "chosen": len(picked), "of": len(made), "wrong": wrong[:5],
        "slowest_s": round(slowest[0], 3),
        "slowest": slowest[1], "slowness": round(slowness, 2),
        "seconds": round(time.monotonic() - began, 1), "python": sys.version.split()[0],
    }  # fmt: skip


def _recorded(chosen: argparse.Namespace) -> set[str]:
    """Readers that a record has whole already, with these lengths, forms and seed."""
    if not chosen.resume or chosen.record is None or not chosen.record.exists():
        return set()
    rows = [json.loads(line) for line in chosen.record.read_text(encoding="utf-8").splitlines()]
    return {
        row["reader"]
        for row in rows
        if row["sizes"] == list(chosen.sizes)
        and row["seed"] == chosen.seed
        and row["forms"] >= min(chosen.forms, row["of"])
        and not row["wrong"]
    }


def main() -> int:
    from scripts.foreign_readers import readers

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[""], help="readers whose name holds one of these")
    parser.add_argument("--part", default="1/1", help="of the readers: 2/4 is the second quarter")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="each ten times the one before")
    parser.add_argument("--forms", type=int, default=10**9, help="of each reader, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--record", type=Path, help="JSONL file that a row for each reader is added to")
    parser.add_argument("--resume", action="store_true", help="leave out readers that the record has")
    chosen = parser.parse_args()
    part, parts = map(int, chosen.part.split("/"))
    named = [one for one in readers() if any(name in one.name for name in chosen.only)]
    done = _recorded(chosen)
    picked = [one for one in named[part - 1 :: parts] if one.name not in done]
    slowness, until = yardstick(), time.monotonic() + 60 * chosen.minutes
    rows: list[dict[str, Any]] = []
    gc.collect()
    gc.freeze()  # what is loaded is not walked over, which would take longer than some readers
    with tempfile.TemporaryDirectory() as folder:
        for number, reader in enumerate(picked):
            row = of_reader(reader, chosen, Path(folder) / str(number), slowness, until)
            if not row["forms"]:
                break
            rows.append(row)
            tell(row, chosen.record)
    whole = sum(row["forms"] == row["chosen"] for row in rows)
    if whole < len(picked):
        print(f"time is up after {whole} of {len(picked)} readers", file=sys.stderr)
    wrong = sum(len(row["wrong"]) for row in rows)
    print(json.dumps({"readers": whole, "inputs": sum(row["forms"] for row in rows), "wrong": wrong}))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
