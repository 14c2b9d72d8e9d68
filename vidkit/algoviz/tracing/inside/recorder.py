"""Watches the script line by line: what its variables and containers hold, what it reads, calls and prints.

Every record says what happened since the one before: {"l": line, "v": variables by frame, "h": containers
that changed, "r": reads, "o": printed text}, or a call {"c": ...} or return {"q": ...}.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import indexOf
from types import CodeType, FrameType
from typing import Any

from .heap import Heap
from .values import encode, is_data

_NO_STEPS = ("<listcomp>", "<genexpr>", "<lambda>", "<dictcomp>", "<setcomp>")
_READS_PER_STEP = 400
_PART_NOTED = 60  # elements of a slice
_DICTS = (dict, defaultdict, OrderedDict)
_GONE_OVER = (list, str, deque, set, *_DICTS)
_OUTPUT_KEPT = 65536
_FORGET_EVERY = 500
_OPTIMIZED, _GENERATOR = 0x1, 0x20
Emit = Callable[[dict[str, Any]], None]


class _Frame:
    """A call that is running: its number and the variables as last written."""

    __slots__ = ("frame", "number", "raw", "written")

    def __init__(self, frame: FrameType, number: int) -> None:
        self.frame, self.number = frame, number
        self.raw: dict[str, Any] = {}
        self.written: dict[str, Any] = {}


class Recorder:
    """Records what happens in one file.

    Args:
        emit: takes the records.
        is_own: whether a code object belongs to the script.
        module: name of the script's module.
        most: lines to record; then the script goes on unwatched.
        hidden: names that are no variables.
    """

    def __init__(
        self,
        emit: Emit,
        is_own: Callable[[CodeType], bool],
        module: str,
        most: int,
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self.emit, self.is_own, self.most = emit, is_own, most
        self.hidden = hidden
        self.heap = Heap(module)
        self.steps = 0
        self.stopped = False
        self.line = 0
        self._stack: list[_Frame] = []
        self._frames = 0
        self._numbers: dict[FrameType, _Frame] = {}
        self._reads: list[Any] = []
        self._printed: list[str] = []
        self._printed_so_far = 0
        self._shared = False
        self._came_back = False  # a call returned: what the caller sees then is worth a record

    # hooks that the rewritten script calls

    def get(self, value: Any, key: Any, kind: str) -> Any:
        """`value[key]`, noted."""
        result = value[key]
        self._note(kind, value, key)
        return result

    def contains(self, item: Any, value: Any) -> bool:
        """`item in value`, noted; of a list with the place where it was found."""
        if type(value) not in (list, deque) or self.stopped:
            result = bool(item in value)
            self._note("m", value, item)
            return result
        # looked for once, as `in` does: to compare may run code of the script
        at = indexOf(chain(value, (item,)), item)  # at the end: it is not in the list
        found = at < len(value)
        self._note("m", value, at if found else None)
        return found

    def part(self, value: Any, first: Any, end: Any, step: Any) -> Any:
        """`value[first:end:step]`, each element noted."""
        where = slice(first, end, step)
        result = value[where]
        if type(value) in (list, str) and not self.stopped:
            for index in range(*where.indices(len(value)))[:_PART_NOTED]:
                self._note("s", value, index)
        return result

    def iterate(self, value: Any) -> Any:
        """What `for` goes over; a container or text notes each item that it gives."""
        return self._each(value) if type(value) in _GONE_OVER and not self.stopped else value

    def over(self, value: Any, first: Any, end: Any, step: Any) -> Any:
        """What `for x in value[first:end:step]` goes over."""
        where = slice(first, end, step)
        result = value[where]
        if type(value) not in (list, str) or self.stopped:
            return result
        return self._noted(value, zip(range(*where.indices(len(value))), result, strict=True))

    def back(self, function: Any, value: Any) -> Any:
        """What `for x in reversed(value)` goes over."""
        result = function(value)
        if function is not reversed or type(value) not in (list, str) or self.stopped:
            return result
        last = len(value) - 1
        return self._noted(value, ((last - at, item) for at, item in enumerate(result)))

    def pairs(self, value: Any, name: str) -> Any:
        """What `for ... in value.items()`, `.keys()` or `.values()` goes over."""
        result = getattr(value, name)()
        if type(value) not in _DICTS or self.stopped:
            return result
        return self._keyed(value, result)

    def _each(self, value: Any) -> Iterator[Any]:
        if type(value) in _DICTS:
            yield from self._keyed(value, value)
        elif type(value) is set:
            for item in value:
                self._note("m", value, item)
                yield item
        elif type(value) is deque:
            yield from self._noted(value, enumerate(value))
        else:
            index = 0
            while index < len(value):
                self._note("i", value, index)
                yield value[index]
                index += 1

    def _noted(self, value: Any, numbered: Iterable[tuple[int, Any]]) -> Iterator[Any]:
        for index, item in numbered:
            self._note("i", value, index)
            yield item

    def _keyed(self, value: Any, view: Any) -> Iterator[Any]:
        for key, item in zip(value, view, strict=False):
            self._note("i", value, key)
            yield item

    def _note(self, kind: str, value: Any, key: Any) -> None:
        if self.stopped or len(self._reads) >= _READS_PER_STEP:
            return
        if type(value) is str:
            if type(key) is int:
                at = key if key >= 0 else key + len(value)
                self._reads.append([kind, {"text": value[:2000]}, at])
            return
        number = self.heap.number_of(value)
        if number is not None:
            if type(key) is int and key < 0 and self.heap.kind_of(value) in ("list", "deque"):
                key += len(value)
            self._reads.append([kind, number, encode(key, self.heap.refer)])

    def printed(self, text: str) -> None:
        """Text that the script prints."""
        room = _OUTPUT_KEPT - self._printed_so_far
        if room > 0:
            self._printed.append(text[:room])
            self._printed_so_far += len(text[:room])

    # tracing

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        """For `sys.settrace`: frames of the script are watched, others run at full speed."""
        if self.stopped:
            sys.settrace(None)
            return None
        code = frame.f_code
        if event != "call" or not self.is_own(code) or code.co_name in _NO_STEPS:
            return None
        if not code.co_flags & _OPTIMIZED and code.co_name != "<module>":
            return None  # the body of a class
        frame.f_trace_lines = True
        self._enter(frame)
        return self._watch

    def _watch(self, frame: FrameType, event: str, value: Any) -> Any:
        if self.stopped:
            frame.f_trace = None
            return None
        if event == "line":
            self._step()
            self.line = frame.f_lineno
            self.steps += 1
            if self.steps >= self.most:
                self.stop("lines")
        elif event == "return":
            self._step()
            self._leave(frame, value)
        return self._watch

    def _enter(self, frame: FrameType) -> None:
        self._came_back = False  # in the middle of a line: what was returned waits to be an argument
        self._step()
        code = frame.f_code
        known = self._numbers.get(frame)
        if known is None:
            known = _Frame(frame, self._frames)
            self._frames += 1
            if code.co_flags & _GENERATOR:
                self._numbers[frame] = known
        else:
            known.raw, known.written = {}, {}  # a generator goes on: all that it knows is told again
        self._shared = self._shared or bool(code.co_freevars) or "STORE_GLOBAL" in _stores(code)
        self._stack.append(known)
        variables = self._variables(known)
        qualified = getattr(code, "co_qualname", code.co_name)
        name = code.co_name if "<locals>" in qualified else qualified
        record = {"c": [known.number, name, frame.f_lineno, list(code.co_varnames[: code.co_argcount])]}
        self._write({**record, "l": self.line, "v": {str(known.number): variables}})
        self.line = frame.f_lineno

    def _leave(self, frame: FrameType, value: Any) -> None:
        while self._stack:
            left = self._stack.pop()
            self._write({"q": [left.number, encode(value, self.heap.refer)], "l": self.line})
            if left.frame is frame:
                break
        if self._stack:
            self.line = self._stack[-1].frame.f_lineno

    def _variables(self, known: _Frame) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        now = known.frame.f_locals
        for name, value in list(now.items()):
            if name in known.raw and known.raw[name] is value:
                continue
            if name.startswith("__") or name in self.hidden or not is_data(value):
                continue
            known.raw[name] = value
            written = encode(value, self.heap.refer)
            if name not in known.written or not _equal(known.written[name], written):
                known.written[name] = changed[name] = written
        for name in [name for name in known.raw if name not in now]:
            del known.raw[name], known.written[name]
            changed[name] = {"gone": True}
        return changed

    def _step(self) -> None:
        """Write down what the line that just ended did."""
        if not self._stack:
            return
        frames = self._stack if self._shared and len(self._stack) < 50 else self._stack[-1:]
        changed = {str(known.number): found for known in frames if (found := self._variables(known))}
        self._write({"l": self.line, "v": changed})
        if self.steps % _FORGET_EVERY == _FORGET_EVERY - 1:
            roots = [value for known in self._stack for value in known.raw.values()]
            self.heap.forget_all_but([*roots, *(v for k in self._numbers.values() for v in k.raw.values())])

    def _write(self, record: dict[str, Any]) -> None:
        contents = self.heap.changes()
        if contents:
            record["h"] = contents
        if self._reads:
            record["r"], self._reads = self._reads, []
        if self._printed:
            record["o"], self._printed = "".join(self._printed), []
        if not record.get("v"):
            record.pop("v", None)
        if len(record) > 1 or self._came_back:
            self.emit(record)
        self._came_back = "q" in record

    def stop(self, why: str) -> None:
        """End the recording; the script goes on."""
        if not self.stopped:
            self._step()
            self.stopped = True
            self.emit({"stopped": why})
            sys.settrace(None)

    def finish(self) -> None:
        """Write down what came last."""
        sys.settrace(None)
        if not self.stopped:
            self._step()
            self.stopped = True


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _stores(code: CodeType) -> str:
    import dis

    return " ".join({op.opname for op in dis.get_instructions(code) if op.opname in ("STORE_GLOBAL",)})
