"""Time stamps as decoders give them, made into times that only ever go forward."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

_WRAP = 1 << 33  # MPEG clocks count in 33 bits
_WRAP_SLACK_S = 60.0
_JUMP_BACK_S = 0.5  # less is a frame out of place, more a clock that was set back
GAP_S = 30.0  # in a transport or program stream a longer gap is a new clock, a shorter one a hole
_HOLE = 8  # steps between two frames, more than any decoder's reordering
REACH = 16  # frames over which a decoder may mix the pictures before a hole with those behind it


def repair(
    stamps: Sequence[int | None], base: Fraction, step: int, closes_gaps: bool
) -> tuple[NDArray[np.int64], list[str]]:
    """Stamps in output order as strictly increasing numbers, and what was done to them.

    Clocks that wrap, jump back or (in broadcast formats) jump far ahead go on one step after the frame
    before; missing stamps and stamps out of place are put between their neighbours.

    Args:
        stamps: of the frames as they were decoded [N]; None: unknown.
        base: of the stamps, seconds.
        step: usual distance of two frames, in units of `base`, > 0.
        closes_gaps: whether a long gap means a new clock.
    """
    count = len(stamps)
    if not any(stamp is not None for stamp in stamps):
        return np.arange(count, dtype=np.int64) * step, [
            "no time stamps: frames are placed at the nominal rate"
        ]
    notes: list[str] = []
    missing = sum(stamp is None for stamp in stamps)
    if missing:
        notes.append(f"{missing} frames without a time stamp are placed between their neighbours")
    unrolled, jumps = _unrolled(stamps, base, step, closes_gaps)
    if jumps:
        notes.append(f"the clock jumps {jumps} times: time continues one frame later")
    known = [i for i, stamp in enumerate(unrolled) if stamp is not None]
    kept = [known[i] for i in _increasing([int(unrolled[i] or 0) for i in known])]
    moved = len(known) - len(kept)
    if moved:
        notes.append(f"{moved} frames with a time stamp out of place are put between their neighbours")
    return _between(unrolled, kept, step), notes


def display_order(stamps: Sequence[int | None], step: int) -> list[int]:
    """Places of the frames, sorted where the decoder mixed those before a hole with those behind it.

    A frame moves before others when its stamp lies in a hole between two of the last frames. A clock that is
    set back gives stamps that are below all of these, or among them; and where stamps are a frame or two out
    of place, it is they that are wrong (packed B frames), not the order.

    Args:
        stamps: as for `repair`.
        step: likewise.
    """
    order: list[int] = []
    for place, stamp in enumerate(stamps):
        at = len(order)
        while stamp is not None and at and len(order) - at < REACH:
            before = stamps[order[at - 1]]
            if before is None or before <= stamp:
                break
            at -= 1
        is_hole = False
        if stamp is not None and at > 0 and 0 < len(order) - at < REACH:
            before, behind = stamps[order[at - 1]], stamps[order[at]]
            is_hole = before is not None and behind is not None and behind - before > _HOLE * step
        order.insert(at if is_hole else len(order), place)
    return order


def _unrolled(
    stamps: Sequence[int | None], base: Fraction, step: int, closes_gaps: bool
) -> tuple[list[int | None], int]:
    """Stamps with the jumps of their clock taken out, and how many there were."""
    back, ahead, slack = (round(Fraction(s) / base) for s in (_JUMP_BACK_S, GAP_S, _WRAP_SLACK_S))
    out: list[int | None] = []
    offset = jumps = since = 0
    last: int | None = None
    for stamp in stamps:
        since += 1
        if stamp is None:
            out.append(None)
            continue
        now = stamp + offset
        if last is not None:
            gap = now - last
            if abs(gap + _WRAP) < slack:
                offset += _WRAP
            elif gap < -max(back, 3 * step) or (closes_gaps and gap > ahead + since * step):
                offset += last + since * step - now
                jumps += 1
            now = stamp + offset
        out.append(now)
        last, since = (now if last is None else max(last, now)), 0
    return out, jumps


def _increasing(values: Sequence[int]) -> list[int]:
    """Places of a longest strictly increasing subsequence."""
    tails: list[int] = []  # smallest last value of a run of each length
    ends: list[int] = []  # its place
    before = [-1] * len(values)
    for place, value in enumerate(values):
        length = bisect_right(tails, value)
        if length and tails[length - 1] == value:
            continue
        before[place] = ends[length - 1] if length else -1
        if length == len(tails):
            tails.append(value)
            ends.append(place)
        else:
            tails[length], ends[length] = value, place
    chain = []
    place = ends[-1]
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]


def _between(stamps: Sequence[int | None], kept: Sequence[int], step: int) -> NDArray[np.int64]:
    """All stamps by those at `kept`: evenly between two, by the usual step before the first and behind.

    Where two neighbours leave less than one unit per frame, later frames move on by one.
    """
    places = np.array(kept)
    values = np.array([stamps[i] for i in kept], dtype=np.int64)
    numbers = np.arange(len(stamps))
    filled = np.rint(np.interp(numbers, places, values.astype(np.float64))).astype(np.int64)
    filled[places] = values  # interpolation rounds what is beyond 53 bits
    head, tail = numbers < places[0], numbers > places[-1]
    filled[head] = values[0] - (places[0] - numbers[head]) * step
    filled[tail] = values[-1] + (numbers[tail] - places[-1]) * step
    # strictly increasing: subtract the numbers, take the running maximum, add them again
    return np.asarray(np.maximum.accumulate(filled - numbers) + numbers)
