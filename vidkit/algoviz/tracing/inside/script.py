"""Runs a script as `__main__` under the recorder; what it did goes line by line into a file."""

from __future__ import annotations

import builtins
import contextlib
import heapq
import json
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from .recorder import Recorder
from .rewrite import BACK, GET, IN, ITER, OVER, PAIRS, PART, only_in_comprehensions, with_hooks

_LOG_BYTES = 24 << 20
_BUFFER = 1


class Log:
    """Records as lines of JSON; written in time, so that what is there survives any end."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._pid = os.getpid()
        self._waiting: list[str] = []
        self._size = 0
        self.full = False

    def write(self, record: dict[str, Any]) -> None:
        if self.full or os.getpid() != self._pid:
            return
        line = json.dumps(record, ensure_ascii=True, separators=(",", ":"))
        self._size += len(line) + 1
        self.full = self._size > _LOG_BYTES
        self._waiting.append('{"stopped":"size"}' if self.full else line)
        if len(self._waiting) >= _BUFFER or self.full:
            self.flush()

    def flush(self) -> None:
        if os.getpid() != self._pid or not self._waiting:
            return
        data = ("\n".join(self._waiting) + "\n").encode("ascii")
        self._waiting = []
        while data:
            data = data[os.write(self._file, data) :]


class _Printed:
    """Standard output that also tells the recorder."""

    def __init__(self, stream: Any, recorder: Recorder) -> None:
        self._stream, self._recorder = stream, recorder

    def write(self, text: str) -> int:
        self._recorder.printed(text)
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def install_hooks(recorder: Recorder) -> Callable[[], None]:
    """Put the hooks where rewritten code finds them, and watch heapq; gives a function that undoes it."""
    names = ("heappush", "heappop", "heapify", "heapreplace", "heappushpop")
    before = {name: getattr(heapq, name) for name in names}

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(heap: Any, *arguments: Any) -> Any:
            if isinstance(heap, list) and not recorder.stopped:
                recorder.heap.is_heap(heap)
            return function(heap, *arguments)

        return call

    for name in names:
        setattr(heapq, name, watched(before[name]))
    hooks: dict[str, Callable[..., Any]] = {
        GET: recorder.get,
        IN: recorder.contains,
        ITER: recorder.iterate,
        PART: recorder.part,
        OVER: recorder.over,
        BACK: recorder.back,
        PAIRS: recorder.pairs,
    }
    for name, hook in hooks.items():
        setattr(builtins, name, hook)

    def undo() -> None:
        for name in names:
            setattr(heapq, name, before[name])
        for name in hooks:
            delattr(builtins, name)

    return undo


def _line_of(error: BaseException, path: str) -> int | None:
    found = None
    where = error.__traceback__
    while where is not None:
        if where.tb_frame.f_code.co_filename == path:
            found = where.tb_lineno
        where = where.tb_next
    return found


def _ending(error: BaseException, path: str) -> dict[str, Any]:
    name, line = type(error).__name__, _line_of(error, path)
    if isinstance(error, SystemExit):
        return {"kind": "exit", "status": error.code if isinstance(error.code, int | None) else 1}
    if isinstance(error, SyntaxError) and error.filename == path:
        name, line = type(error).__name__, error.lineno
    ending = {"kind": "exception", "type": name, "message": str(error)[:500], "line": line}
    if isinstance(error, ModuleNotFoundError):
        ending["module"] = error.name
    return ending


def _show(error: BaseException, path: str) -> None:
    import traceback

    told = traceback.TracebackException.from_exception(error)
    kept = [
        frame for frame in told.stack if frame.filename == path or not frame.filename.startswith("<frozen")
    ]
    inside = os.path.dirname(os.path.abspath(__file__))
    told.stack[:] = [frame for frame in kept if not frame.filename.startswith((inside, "<string>"))]
    with contextlib.suppress(OSError, ValueError):
        print("".join(told.format()), end="", file=sys.stderr)


def main() -> None:
    """Arguments: the script's file, the log, lines to record, then the script's own."""
    path, log_path, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sys.argv = [path, *sys.argv[4:]]
    log = Log(log_path)
    module = types.ModuleType("__main__")
    module.__dict__["__file__"] = path
    recorder = Recorder(log.write, lambda code: code.co_filename == path, "__main__", most)
    ending: dict[str, Any] = {"kind": "end"}
    status = 0
    exit_now = os._exit

    def leave(code: int) -> None:
        recorder.finish()
        log.write({"end": {"kind": "exit", "status": code, "at_once": True}})
        log.flush()
        exit_now(code)

    os._exit = leave  # type: ignore[assignment]
    try:
        with open(path, encoding="utf-8-sig") as file:
            source = file.read()
        try:
            recorder.hidden = only_in_comprehensions(source, path)
            code = compile(with_hooks(source, path), path, "exec")
        except (RecursionError, ValueError, TypeError):
            code = compile(source, path, "exec")
        install_hooks(recorder)
        sys.modules["__main__"] = module
        sys.stdout = _Printed(sys.stdout, recorder)
        os.register_at_fork(before=log.flush, after_in_child=recorder.finish)
        sys.setrecursionlimit(sys.getrecursionlimit() + 100)
        sys.settrace(recorder.trace)
        exec(code, module.__dict__)
    except BaseException as error:
        recorder.finish()
        ending = _ending(error, path)
        status = 1
        if isinstance(error, SystemExit):
            status = ending["status"] or 0
            if error.code is not None and not isinstance(error.code, int):
                print(str(error.code), file=sys.stderr)
        else:
            _show(error, path)
    recorder.finish()
    log.write({"end": ending})
    log.flush()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    sys.exit(status)
