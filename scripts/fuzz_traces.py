"""Feed broken and strange traces to the reader: nothing may crash, hang or lie about what it did.

    python scripts/fuzz_traces.py --count 100000 --seed 1 --jobs 2 --record docs/results/fuzz_traces.jsonl

Inputs are made from small traces of every type: bytes changed, cut and doubled in the text; values,
keys and whole branches replaced in the JSON value. Allowed ends are a `DataError`, or a trace that was
replayed; one in eight is hashed, written, read again, styled and lowered, too. Anything else is a failure,
kept with its input.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import Pool
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.hostile_inputs import JSON_PIECES, SLOWEST_S, ended_when_hung, in_text
from scripts.rows import tell
from vidkit.algoviz.rsl.resolve import style_of
from vidkit.algoviz.rsl.themes import PRESETS
from vidkit.algoviz.vta.lowering import lower
from vidkit.algoviz.vta.trace import Trace, parse
from vidkit.errors import DataError

_STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 10**18, -(10**30), 0.5, 1e308, "", "a", "b", "1", "data_state", "∞",
    "vars_panel", "\u202e", "\ud800", "\x00", "x" * 300, [], {}, [[]], [{}], {"op": "updateValues"},
    {"id": "a"},
    [1, [2, [3]]],
)  # fmt: skip
_KEYS = (
    "index", "value", "row", "col", "updates", "cells", "view_id", "styleKey", "id", "from", "to", "op",
    "params", "operations", "code_highlight", "type", "structure", "data", "children", "parent", "root",
    "nodes", "edges",
    "items",
)  # fmt: skip
_TEXT = (*JSON_PIECES, "-Infinity", "null", "\\ud800", "//", "\u0915", "\u202e")


def _op(name: str, /, **params: Any) -> dict[str, Any]:
    return {"op": name, "params": params}


_NODE = {"id": "e", "label": "5", "properties": {"x": 1}}
_OPS: tuple[dict[str, Any], ...] = (
    _op("updateValues", updates=[{"index": 0, "value": 3}]),
    _op("updateStyle", indices=[0, 1], styleKey="done"),
    _op("moveElements", pairs=[{"fromIndex": 0, "toIndex": 1}]),
    _op("shiftElements", shifts=[{"fromIndex": 1, "toIndex": 0}]),
    _op("updateBoundary", type="p", range=[0, 1], label="L"),
    _op("removeBoundary", type="p", pop=True),
    _op("appendToList", view_id="todo", value="b"),
    _op("popFromList", view_id="todo", **{"from": "head"}),
    _op("clearList", view_id="todo"),
    _op("updateTableCell", view_id="vars_panel", updates=[{"row": 0, "col": 1, "value": 4}]),
    _op("highlightTableCell", cells=[{"row": 0, "col": 0}], styleKey="done"),
    _op("showDependency", from_cells=[{"row": 0, "col": 0}], to_cell={"row": 0, "col": 1}, styleKey="dep"),
    _op("showComment", text="done!", anchor="node", ref={"id": "a"}),
    _op("addAuxView", view={"view_id": "more", "type": "list", "data": [1]}),
    _op("removeAuxView", view_id="more"),
    _op("updateNodeStyle", ids=["a", "b"], styleKey="done"),
    _op("updateEdgeStyle", edges=[{"from": "a", "to": "b"}], styleKey="done"),
    _op("updateNodeProperties", updates=[{"id": "a", "properties": {"x": None}}]),
    _op("updateEdgeProperties", updates=[{"from": "a", "to": "b", "properties": {"weight": 2}}]),
    _op("addNode", node=_NODE),
    _op("removeNode", id="b"),
    _op("addEdge", edge={"from": "b", "to": "a", "directed": True}),
    _op("removeEdge", **{"from": "a", "to": "b"}),
    _op("addChild", parent_id="a", node=_NODE, index=0),
    _op("removeChild", parent_id="a", child_id="b"),
    _op("reparent", node_id="d", new_parent_id="c"),
    _op("swapNodes", a_id="b", b_id="c", swap_children=True),
    _op("highlightPath", from_id="d", to_id="c", styleKey="done"),
    _op("highlightBucket", bucket_index=1, styleKey="done"),
    _op("showHash", input_key="k", output_hash=4, bucket_index=1),
    _op("insertIntoBucket", bucket_index=0, element={"key": "z", "value": 2}),
    _op("updateInBucket", bucket_index=1, key="k", value=9),
    _op("removeFromBucket", bucket_index=1, key="k"),
    _op("highlightCollision", bucket_index=1, with_key="k"),
    _op("x-setVariable", name="i", value=3),
    _op("x-pushFrame", name="f", arguments={"n": 3}),
    _op("x-popFrame", value=1),
    _op("x-pointer", label="i", index=1),
    _op("x-note", text="hm", severity="warning"),
)
_GRAPH = {"nodes": [{"id": name, "properties": {}} for name in "abcd"], "edges": [{"from": "a", "to": "b"}]}
_TREE = {
    "root": "a",
    "nodes": [
        {"id": "a", "children": ["b", None, "c"]},
        {"id": "b", "children": ["d"]},
        {"id": "c"},
        {"id": "d"},
    ],
}
_MAINS: dict[str, Any] = {
    "array": [5, 2, 8],
    "table": [[0, 1], [2, 3]],
    "graph": _GRAPH,
    "tree": _TREE,
    "hashtable": {"size": 3, "buckets": [{"index": 1, "items": [{"key": "k", "value": 1}]}]},
    "x-stack": [1, 2],
    "x-heap": [1, 3, 2],
    "x-matrix": [[1, 2], [3, 4]],
    "x-linkedlist": {**_GRAPH, "head": "a"},
}


def seed_trace(draw: random.Random) -> dict[str, Any]:
    """A small trace that is right, or nearly: any main view with any operations."""
    kind = draw.choice(list(_MAINS))
    deltas = [
        {
            "code_highlight": draw.choice((None, 1, [1, 2])),
            "operations": [draw.choices(_OPS, k=draw.randrange(3))],
        }
        for _ in range(draw.randrange(5))
    ]
    frame = {
        "data_state": {"type": kind, "structure": _MAINS[kind]},
        "auxiliary_views": [
            {"view_id": "vars_panel", "type": "table", "data": [["i", None]]},
            {"view_id": "todo", "type": "list", "data": ["a", "b"]},
        ],
        "pseudocode": ["for i", "  swap"],
        "styles": {
            "elementStyles": {"done": {"fill": "#9e9", "color": "#000"}},
            "tempStyles": {"dep_dep": {"color": "red"}},
        },
    }
    return {"svl_version": "5.0", "algorithm": {"name": "fuzz"}, "initial_frame": frame, "deltas": deltas}


def in_value(draw: random.Random, text: str) -> str:
    """The JSON with one to six places changed."""
    made = json.loads(text)
    for _ in range(draw.choice((1, 1, 2, 3, 6))):
        places = _places(made)
        if places:
            _change(draw, *draw.choice(places))
    return json.dumps(made, ensure_ascii=draw.random() < 0.5)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every entry of every object and list, as its holder and its key."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _change(draw: random.Random, holder: Any, key: Any) -> None:
    what = draw.randrange(5)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(holder, dict):
        holder[draw.choice(_KEYS)] = holder.pop(key)
    elif what == 2 and isinstance(holder, list):
        holder.insert(key, json.loads(json.dumps(holder[key])))
    elif what == 3:
        holder[key] = json.loads(json.dumps(draw.choice(_OPS)))
    else:
        holder[key] = json.loads(json.dumps(draw.choice(_STRANGE)))


@functools.lru_cache(maxsize=4)
def _seed_text(seed: int, number: int) -> str:
    return json.dumps(seed_trace(random.Random(f"{seed}:{number}")), ensure_ascii=False)


def input_number(seed: int, number: int) -> str:
    """The text of an input; the same for the same numbers. Eight in a row are made of the same trace."""
    draw = random.Random(seed * 1_000_003 + number)
    text = _seed_text(seed, number // 8)
    kind = number % 8
    if kind == 0:
        return text
    if kind in (1, 2, 3, 4):
        text = in_value(draw, text)
    return in_text(draw, text, _TEXT) if kind in (4, 5, 6, 7) else text


def use(trace: Trace, draw: random.Random) -> None:
    """What is done with a trace: it has to work for whatever could be read. All of it with one in eight."""
    if draw.random() > 1 / 8:
        return
    states = trace.replay()
    assert len(states) == len(trace) + 1
    k = draw.randrange(len(states))
    assert trace.state(k) == states[k]
    assert Trace(parse(json.dumps(trace.as_dict())).document).hash() == trace.hash()
    resolved = style_of(trace, draw.choice(list(PRESETS)))
    now = resolved.step(k)
    for target in now.touched:
        now.look(*target)
    trace.hashes()
    try:
        lower(trace).replay()
    except DataError as error:
        if "vars_panel" not in error.message and "call_stack" not in error.message:
            raise AssertionError(error.message) from error


def run(seed: int, first: int, count: int, until: float, each: Callable[[str, float, str], None]) -> int:
    """Try inputs until the time is up; how many were tried."""
    for number in range(first, first + count):
        if time.monotonic() > until:
            return number - first
        text = input_number(seed, number)
        started = time.process_time()  # of this process: others may keep the machine busy
        try:
            with ended_when_hung():
                trace = parse(text)
                use(trace, random.Random(number))
            ended = "read" if not trace.errors else "read, with errors"
        except DataError:
            ended = "refused"
        except Exception as error:
            ended = f"FAILED {type(error).__name__}: {error}"[:300]
        each(ended, time.process_time() - started, text)
    return count


class Tally:
    """How inputs ended; those that failed or hung are kept in a folder."""

    def __init__(self, failures: Path) -> None:
        self.ends: Counter[str] = Counter()
        self.slowest_s = 0.0
        self.hangs = 0
        self._failures = failures

    def add(self, ended: str, seconds: float, text: str) -> None:
        """One input."""
        failed = ended.startswith("FAILED")
        self.slowest_s = max(self.slowest_s, seconds)
        self.hangs += seconds > SLOWEST_S
        self.ends["failed" if failed else ended] += 1
        if failed or seconds > SLOWEST_S:
            self._failures.mkdir(exist_ok=True)
            name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
            (self._failures / f"{name}.json").write_text(text, encoding="utf-8", errors="surrogatepass")
            print(f"{name}.json: {ended} ({seconds:.2f} s)", file=sys.stderr)


def worker(task: tuple[int, int, int, float, Path]) -> tuple[int, Counter[str], int, float]:
    """One process's share: how many were tried, how they ended, hangs, the slowest."""
    seed, first, count, seconds, failures = task
    tally = Tally(failures)
    done = run(seed, first, count, time.monotonic() + seconds, tally.add)
    return done, tally.ends, tally.hangs, tally.slowest_s


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="inputs of each process")
    parser.add_argument("--seed", type=int, default=1, help="of the first process; the next have the next")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seconds", type=float, default=600, help="at most")
    parser.add_argument("--record", type=Path, help="JSONL file that the run is added to")
    parser.add_argument(
        "--failures", type=Path, default=Path("fuzz_failures"), help="folder of failed inputs"
    )
    chosen = parser.parse_args()
    started = time.monotonic()
    tasks = [(chosen.seed + i, 0, chosen.count, chosen.seconds, chosen.failures) for i in range(chosen.jobs)]
    with Pool(chosen.jobs) as pool:
        shares = pool.map(worker, tasks)
    ends: Counter[str] = sum((share[1] for share in shares), Counter())
    hangs = sum(share[2] for share in shares)
    row = {
        "made_by": "scripts/fuzz_traces.py",
        "seeds": [task[0] for task in tasks],
        "inputs": sum(share[0] for share in shares),
        "ends": dict(sorted(ends.items())),
        "hangs": hangs,
        "slowest_s": round(max(share[3] for share in shares), 3),
        "seconds": round(time.monotonic() - started, 1),
        "python": sys.version.split()[0],
    }
    tell(row, chosen.record)
    return 1 if ends["failed"] or hangs else 0


if __name__ == "__main__":
    sys.exit(main())
