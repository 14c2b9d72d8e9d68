"""Times in a query: "at 1:20", "the last 5 seconds", "from 0:10 to 0:30". All else is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidkit.frames.types import FloatArray

_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "sixty": 60,
}  # fmt: skip
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_N = rf"(?:\d{{1,6}}(?:\.\d{{1,3}})?|(?:{'|'.join(_WORDS)})(?=[\s-]))"
_UNIT = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|[smh])\b"
_CLOCK = r"(?:\d{1,2}:)?\d{1,3}:[0-5]\d(?:\.\d{1,3})?(?![\d:])"
_LENGTH = rf"{_N}[\s-]{{0,3}}{_UNIT}(?:\s(?:and\s)?{_N}[\s-]{{0,3}}{_UNIT})?"
_TIME = rf"(?:(?<![\d:]){_CLOCK}|{_LENGTH})"
_IN = r"(?:(?:in|at|during|within|of|from|for|over)\s)?(?:the\s)?(?:very\s)?"
_LAST, _FIRST = r"(?:last|final|closing|ending)", r"(?:first|opening|initial|starting)"
_VIDEO = r"(?:(?:\s(?:of|in)\s(?:the\s)?)?(?:\s?(?:video|clip|film|movie|recording|footage))\b)?"
# a time of day, a score or a verse only looks like a time
_OTHER_CLOCK = re.compile(r"\s?(?:[ap]\.?\s?m\b|o'?clock|ratio|aspect)", re.IGNORECASE)
_BEFORE_CLOCK = re.compile(r"(?:score|ratio|psalms?|isaiah|john|luke|mark|won|lost|aspect)\s(?:of\s|is\s)?$")


@dataclass(frozen=True)
class Span:
    """A stretch of the video as a query names it.

    Attributes:
        words: as written.
        start_s: seconds from the start; below 0: from the end; None: the start.
        end_s: likewise; None: the end.
        is_share: both are shares of the length in [0, 1], not seconds.
    """

    words: str
    start_s: float | None
    end_s: float | None
    is_share: bool = False

    def bounds(self, begin_s: float, end_s: float) -> tuple[float, float] | None:
        """Seconds within [begin_s, end_s]; None when the span lies outside."""
        length = end_s - begin_s
        if self.is_share:
            low, high = (self.start_s or 0.0) * length, (1.0 if self.end_s is None else self.end_s) * length
            return begin_s + low, begin_s + high
        low = self._place(self.start_s, begin_s, end_s)
        high = end_s if self.end_s is None else self._place(self.end_s, begin_s, end_s)
        if low > end_s or high < begin_s or low > high:
            return None
        return max(low, begin_s), min(high, end_s)

    @staticmethod
    def _place(value: float | None, begin_s: float, end_s: float) -> float:
        if value is None:
            return begin_s
        return max(begin_s, end_s + value) if value < 0 else value

    def curve(self, times: FloatArray) -> FloatArray | None:
        """Relevance of candidates [N]: 1 within, fading outside; None when the span is not in the video."""
        step = float(np.median(np.diff(times))) if times.size > 1 else 1.0
        begin_s, end_s = float(times[0]), float(times[-1]) + step
        found = self.bounds(begin_s, end_s)
        if found is None:
            return None
        low, high = found
        # a moment is told roughly; an interval has its ends
        width = max(5.0, 0.02 * end_s) if high - low < 1e-9 else max(0.5 * step, min(5.0, 0.1 * (high - low)))
        outside = np.maximum(np.maximum(low - times, times - high), 0.0)
        if high > low:  # a frame that begins at the end of an interval is behind it
            outside = np.where(times >= high, np.maximum(outside, step), outside)
        return np.asarray(np.exp(-0.5 * (outside / width) ** 2))


def find_spans(text: str) -> tuple[str, list[Span]]:
    """A query in lower case with its times replaced by private signs from U+E000 on, and the times.

    Durations ("for 5 seconds", "a 10 second clip", "5 seconds later", "every minute") are not times and stay.
    """
    spans: list[Span] = []

    def keep(build: Callable[[re.Match[str]], Span | None]) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            span = build(match)
            if span is None or len(spans) >= 100:
                return match[0]
            spans.append(span)
            return f" {chr(0xE000 + len(spans) - 1)} "

        return replace

    for pattern, build in _RULES:
        text = pattern.sub(keep(build), text)
    return text, spans


def _seconds(text: str) -> float:
    text = text.strip()
    if ":" in text:
        value = 0.0
        for part in text.split(":"):
            value = value * 60 + float(part)
        return value
    total = 0.0
    for number, unit in re.findall(rf"({_N})[\s-]{{0,3}}([smh])", text):
        total += (_WORDS.get(number) or float(number)) * {"s": 1.0, "m": 60.0, "h": 3600.0}[unit]
    return total


def _is_other(match: re.Match[str]) -> bool:
    """Whether a clock is one of the day, a score or a verse."""
    if ":" not in match[0]:
        return False
    text = match.string
    return bool(_OTHER_CLOCK.match(text, match.end()) or _BEFORE_CLOCK.search(text[: match.start()][-20:]))


def _range(match: re.Match[str]) -> Span | None:
    first, second = match["a"], match["b"]
    if _is_other(match):
        return None
    if ":" not in first and not re.search(r"[smh]", first):  # "10 to 20 seconds"
        first += re.findall(r"[a-z]+", second)[-1]
    low, high = _seconds(first), _seconds(second)
    return Span(match[0].strip(), low, high) if low <= high else None


def _one(
    start: Callable[[float], float | None], end: Callable[[float], float | None]
) -> Callable[[re.Match[str]], Span | None]:
    def build(match: re.Match[str]) -> Span | None:
        if _is_other(match):
            return None
        value = _seconds(match["a"])
        return Span(match[0].strip(), start(value), end(value)) if value > 0 or ":" in match["a"] else None

    return build


def _share(match: re.Match[str]) -> Span | None:
    word, part, percent = match["which"], match["part"], match["percent"]
    size = 1 / _PARTS[part] if part else float(percent) / 100
    if not 0 < size <= 1:
        return None
    if word == "second" and part == "half":
        return Span(match[0].strip(), 0.5, 1.0, True)
    if re.fullmatch(_LAST, word):
        return Span(match[0].strip(), 1 - size, 1.0, True)
    return Span(match[0].strip(), 0.0, size, True) if re.fullmatch(_FIRST, word) else None


def _nothing(value: float) -> float | None:
    return None


def _same(value: float) -> float | None:
    return value


def _from_end(value: float) -> float | None:
    return -value


_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Span | None]]] = [
    (
        re.compile(
            rf"(?:\b(?:from|between)\s)?(?P<a>(?<![\d:]){_CLOCK}|\b{_N}(?:[\s-]{{0,3}}{_UNIT})?)"
            rf"\s?(?:to|and|until|till|-|–|—)\s?(?P<b>{_TIME})(?!\s(?:later|ago|long|each|apart))"
        ),
        _range,
    ),
    (re.compile(rf"\b(?:after|past)\s(?:the\s)?{_FIRST}\s(?P<a>{_LENGTH})"), _one(_same, _nothing)),
    (
        re.compile(rf"\b(?:after|past)\s(?:the\s)?{_FIRST}\s(?P<a>(?:second|minute|hour)\b)"),
        lambda m: _later(m),
    ),
    (re.compile(rf"\b{_IN}{_LAST}\s(?P<a>{_LENGTH}){_VIDEO}"), _one(_from_end, _nothing)),
    (re.compile(rf"\b{_IN}{_LAST}\s(?P<a>(?:second|minute|hour)\b){_VIDEO}"), lambda m: _unit(m, last=True)),
    (re.compile(rf"\b{_IN}{_FIRST}\s(?P<a>{_LENGTH}){_VIDEO}"), _one(_nothing, _same)),
    (
        re.compile(rf"\b{_IN}{_FIRST}\s(?P<a>(?:second|minute|hour)\b){_VIDEO}"),
        lambda m: _unit(m, last=False),
    ),
    (
        re.compile(
            rf"\b{_IN}(?P<which>{_LAST}|{_FIRST}|second)\s"
            rf"(?:(?P<part>{'|'.join(_PARTS)})\b|(?P<percent>\d{{1,3}}(?:\.\d)?)\s?(?:%|percent\b)){_VIDEO}"
        ),
        _share,
    ),
    (
        re.compile(rf"\b(?:at\s)?(?P<a>{_LENGTH})\s(?:before|from)\s(?:the\s)?(?:very\s)?end\b{_VIDEO}"),
        _one(_from_end, _from_end),
    ),
    (
        re.compile(rf"\b(?:after|since|past|from)\s(?:the\s)?(?:first\s)?(?P<a>{_TIME})(?!\sof)"),
        _one(_same, _nothing),
    ),
    (re.compile(rf"\b(?:before|until|till|up to)\s(?:the\s)?(?P<a>{_TIME})"), _one(_nothing, _same)),
    (
        re.compile(
            rf"\b(?:at|around|about|near|by)\s(?:the\s)?(?:time\s)?(?P<a>{_TIME})(?:\smark\b|\sin\b)?"
        ),
        _one(_same, _same),
    ),
    (
        re.compile(rf"\b(?P<a>{_LENGTH})\s(?:mark\b|in(?:to)?\sthe\s(?:video|clip|film|movie)\b)"),
        _one(_same, _same),
    ),
    (
        re.compile(r"\b(?:at\s|in\s)?(?:the\s)?(?P<u>second|minute|hour)\s(?P<n>\d{1,6})\b"),
        lambda m: _ordinal(m),
    ),
    (re.compile(rf"(?<![\d:])(?P<a>{_CLOCK})"), _one(_same, _same)),
]


def _unit(match: re.Match[str], last: bool) -> Span:
    value = {"s": 1.0, "m": 60.0, "h": 3600.0}[match["a"][0]]
    return Span(match[0].strip(), -value, None) if last else Span(match[0].strip(), None, value)


def _later(match: re.Match[str]) -> Span:
    return Span(match[0].strip(), {"s": 1.0, "m": 60.0, "h": 3600.0}[match["a"][0]], None)


def _ordinal(match: re.Match[str]) -> Span:
    value = float(match["n"]) * {"s": 1.0, "m": 60.0, "h": 3600.0}[match["u"][0]]
    return Span(match[0].strip(), value, value)
