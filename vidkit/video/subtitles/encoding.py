"""Which encoding a subtitle file is in: marks, UTF-8, UTF-16 by its zero bytes, else by its language."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
# what subtitles are written in, with how much the rarer ones have to fit better; the many other encodings
# would only win by chance on short texts
_LEGACY = {
    "gb18030": 1.0, "big5hkscs": 1.0, "cp932": 1.0, "euc_jis_2004": 1.0, "cp949": 1.0,
    "cp1252": 1.5, "cp1251": 1.2, "cp1250": 1.0, "cp1253": 1.0, "cp1254": 1.0, "cp1255": 1.0, "cp1256": 1.0,
    "koi8-r": 0.5, "cp874": 1.0, "cp1257": 1.0, "iso8859-2": 0.6, "cp1258": 0.5, "koi8-u": 0.4, "cp866": 0.5,
    "iso8859-5": 0.6,
}  # fmt: skip
_SAMPLE = 1 << 16  # bytes that the language is told by
_JUDGED = 4000  # characters whose plausibility is looked at
_BROKEN_UTF8 = 0.02  # share of broken sequences below which a file is damaged UTF-8 and nothing else
# two-byte encodings: an older standard of the script, and the rows of its frequent ideographs
_TWO_BYTES = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5hkscs": ("big5", 0xA4, 0xC6),
    "cp932": ("euc_jp", 0xB0, 0xCF),
    "euc_jis_2004": ("euc_jp", 0xB0, 0xCF),
    "cp949": ("euc_kr", 0xCA, 0xFD),
}
_WITHIN = re.compile(r"[A-Za-z][^\x00-\x7f]{1,2}[A-Za-z]")  # of Latin words, accented letters before all
_UNWRITTEN = ("Cc", "Cf", "Cn", "Co", "So", "Sm", "Sk", "No")  # categories that sentences hardly have
_RUN = re.compile(rb"[^\n]*[\x80-\xff][^\n]*")


@dataclass(frozen=True)
class Decoded:
    """A text, its encoding, and how many characters could not be read."""

    text: str
    encoding: str
    unreadable: int = 0


def decode(data: bytes) -> Decoded:
    """Text of a file whose encoding nobody states."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], name)
    wide = _wide(data)
    if wide is not None:
        return _replacing(data, wide)
    try:
        return Decoded(data.decode("utf-8").replace("\ufeff", ""), "utf-8")
    except UnicodeDecodeError:
        pass
    if _is_damaged_utf8(data):
        return _replacing(data, "utf-8")
    return _replacing(data, _legacy(data))


def _replacing(data: bytes, name: str) -> Decoded:
    before = data.count("\ufffd".encode()) if name == "utf-8" else 0
    text = data.decode(name, errors="replace").replace("\ufeff", "")
    return Decoded(text, name, max(0, text.count("\ufffd") - before))


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: blanks, digits and line ends leave zeros at every second place."""
    sample = data[: _SAMPLE - _SAMPLE % 4]
    zeros = sample.count(0)
    if len(sample) < 4 or zeros < max(2, len(sample) // 50):
        return None
    places = [sample[start::4].count(0) for start in range(4)]
    quarter = len(sample) / 4
    if places[1] + places[2] + places[3] > 2.6 * quarter and places[0] < quarter / 2:
        return "utf-32-le"
    if places[0] + places[1] + places[2] > 2.6 * quarter and places[3] < quarter / 2:
        return "utf-32-be"
    even, odd = places[0] + places[2], places[1] + places[3]
    if max(even, odd) < 8 * min(even, odd):
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    try:
        text = data[: len(data) // 2 * 2].decode(name)
    except UnicodeDecodeError:
        return None
    # real text has line ends or blanks; zeros thrown into other bytes give neither
    return name if any(sign in text for sign in "\n\r ") else None


def _is_damaged_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", errors="replace")
    good = sum(sign > "\x7f" and sign != "\ufffd" for sign in text)
    broken = text.count("\ufffd")
    return good > 0 and (broken <= _BROKEN_UTF8 * good or (broken == 1 and good >= 3))


def _legacy(data: bytes) -> str:
    """The encoding whose language model fits best and whose text is one that somebody could have written."""
    from chardet import detect_all

    found = b"\n".join(_RUN.findall(data[: 16 * _SAMPLE]))[:_SAMPLE]
    # lines as in the file: bare words of a foreign script say less than with the blanks and digits around
    sample = data[:_SAMPLE] if data[:_SAMPLE].count(b"\n") < 200 else found
    guesses = detect_all(sample, ignore_threshold=True, include_encodings=_LEGACY, compat_names=False)
    # chardet passes over two-byte encodings when a text has few signs
    scores = dict.fromkeys(_TWO_BYTES, 0.0)
    scores |= {guess["encoding"]: guess["confidence"] for guess in guesses if guess["encoding"] is not None}
    best, name = -1.0, "cp1252"
    for codec, confidence in scores.items():
        text = _strictly(found, codec)
        if text is not None:
            floor = 0.05 if codec in _TWO_BYTES else 0.0
            score = (confidence + floor) * _LEGACY[codec] * _plausible(text[:_JUDGED], codec)
            if score > best:
                best, name = score, codec
    return name


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        if len(data) < _SAMPLE or error.start < len(data) - 4:  # a sample may end within a character
            return None
        return data[: error.start].decode(codec, errors="ignore")


def _plausible(text: str, codec: str) -> float:
    """Above 0, mostly up to 1: words of one alphabet and case, few symbols, common signs of the script."""
    foreign = [sign for sign in text if sign > "\x7f"]
    if not foreign:
        return 1e-6
    words = _words(text)
    torn = sum(len(_alphabets(word)) > 1 for word in words)
    if codec in _TWO_BYTES:
        torn += len(_WITHIN.findall(text))
    mixed = min(1.0, torn / max(len(words), 1))
    bumpy = sum(any(a.islower() and b.isupper() for a, b in pairwise(word)) for word in words)
    symbols = sum(unicodedata.category(sign) in _UNWRITTEN for sign in foreign) / len(foreign)
    value = (1 - mixed) ** 8 * (1 - bumpy / max(len(words), 1)) ** 2 * (1 - symbols) ** 4
    return max(1e-6, value * (_east_asian(foreign, codec) if codec in _TWO_BYTES else 1.0))


def _east_asian(signs: list[str], codec: str) -> float:
    """How well the signs of a two-byte encoding make Chinese, Japanese or Korean text."""
    kana = sum("\u3041" <= sign <= "\u30ff" for sign in signs)
    hangul = sum("\uac00" <= sign <= "\ud7a3" and _is_in(sign, "euc_kr") for sign in signs)
    ideographs = [sign for sign in signs if "\u3400" <= sign <= "\u9fff"]
    standard, low, high = _TWO_BYTES[codec]
    common = sum(_is_in(sign, standard, low, high) for sign in ideographs)
    marks = sum("\u3000" <= sign <= "\u3020" or "\uff01" <= sign <= "\uff5e" for sign in signs)
    marks += sum(sign in "‘’“”—…·～￥" for sign in signs)
    if codec == "cp949":
        good = hangul + 0.1 * common
    elif codec in ("cp932", "euc_jis_2004"):
        good = kana + common * (1.0 if kana or len(ideographs) < 4 else 0.3)
    else:
        good = common + 0.1 * kana
    written = len(signs) - marks
    # no text of another language turns into many hiragana, which no Japanese one is without
    certain = 4.0 if codec in ("cp932", "euc_jis_2004") and kana > 0.3 * written else 1.0
    return certain * (good / written) ** 2 if written else 0.1


def _is_in(sign: str, standard: str, low: int = 0, high: int = 0xFF) -> bool:
    """Whether an older standard has a sign, in the rows of its frequent ones."""
    try:
        return low <= sign.encode(standard)[0] <= high
    except UnicodeEncodeError:
        return False


def _words(text: str) -> list[str]:
    """Runs of letters with the marks above and below them, which Thai and Arabic words consist of too."""
    apart = (sign if unicodedata.category(sign)[0] in "LM" else " " for sign in text)
    return "".join(apart).split()


def _alphabets(word: str) -> set[str]:
    names = {unicodedata.name(sign, "?").split(" ", 1)[0] for sign in word}
    return names & {"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI"}
