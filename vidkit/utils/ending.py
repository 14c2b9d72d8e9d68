"""The end of a command that is told to end: within seconds, whatever it is doing.

Ctrl-C and SIGTERM become exceptions, so that files are closed and removed on the way out. But Python raises
one only between two of its own operations, and the way out waits for threads: a forward of a model or a
decoder may return much later. A thread therefore hears the signals too, and ends the process when it is not
gone in time. What is on disk then is what SIGKILL would leave: logs whole, and no half file under its name.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
import time
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_S = 3.5  # for leaving by itself
_LOOK_S = 0.5  # between two looks at one that is busy leaving
_BUSY_S = 0.01  # of processor time between them: less is waiting for somebody else


class _State:
    """What is known of this process: whether it has begun to leave, and the pipe that signals go through."""

    leaving = False
    sender = -1


def listen() -> None:
    """Make a command of this process: signals end it by exceptions, and at the latest some seconds later."""
    receiver, _State.sender = os.pipe()
    os.set_blocking(_State.sender, False)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _leave)
    signal.set_wakeup_fd(_State.sender, warn_on_full_buffer=False)
    atexit.register(_hear_nothing)  # the first to be registered is the last to be called
    main = threading.get_ident()
    threading.Thread(target=_watch, args=(receiver, main), name="end in time", daemon=True).start()


def leaving() -> None:
    """Say that Python has heard the signal and is on its way out."""
    _State.leaving = True


def raise_for(number: int) -> NoReturn:
    """The exception that a signal is.

    Raises:
        KeyboardInterrupt: Ctrl-C.
        SystemExit: SIGTERM.
    """
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def close() -> None:
    """The command has done its work and closed its files: a signal from here on ends it at once."""
    # a Ctrl-C that passed through an exec of a text, as in making a data class, stays noted until the next
    # text is run: Python would end by the signal, though it was heard and answered
    exec("")
    for number in SIGNALS:
        if signal.getsignal(number) is _leave:
            signal.signal(number, lambda number, frame: _end(number))


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    leaving()
    raise_for(number)


def _hear_nothing() -> None:
    # Python takes its handlers down last, after which a signal would be the status of a command that is whole
    for number in SIGNALS:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_IGN)


def _watch(receiver: int, main: int) -> None:
    """Wait for a signal, then for the end; end the process where that does not come."""
    while True:
        numbers = [number for number in os.read(receiver, 64) if number in SIGNALS]
        if numbers:
            break
    began = before = _spent_s(main)
    time.sleep(_GRACE_S)
    # a busy machine makes the way out longer: one that still works on it may take as much of the processor
    while True:
        time.sleep(_LOOK_S)
        now = _spent_s(main)
        if not _State.leaving or now - before < _BUSY_S or now - began > _GRACE_S:
            _end(numbers[0])
        before = now


def _spent_s(thread: int) -> float:
    """Seconds of the processor that a thread took."""
    try:
        return time.clock_gettime(time.pthread_getcpuclockid(thread))
    except (AttributeError, OSError):  # not on every system
        return time.process_time()


def _end(number: int) -> NoReturn:
    if number == signal.SIGINT:
        with contextlib.suppress(OSError):
            os.write(2, b"interrupted\n")
    os._exit(128 + number)
