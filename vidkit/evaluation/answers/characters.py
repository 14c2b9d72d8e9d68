"""Letters in other clothes: full-width, circled and mathematical forms, look-alikes, other alphabets' lists.

Every replacement keeps the length, so that positions stay valid.
"""

from __future__ import annotations

import re
import string
import unicodedata

_OPAQUE = "\u0298"  # a letter that no option and no word has


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for code in range(0xFF01, 0xFF5F):  # full-width forms
        table[code] = chr(code - 0xFEE0)
    for first in (0x24B6, 0x1F130, 0x1F150, 0x1F170):  # circled, squared, negative circled, negative squared
        table.update({first + i: letter for i, letter in enumerate(string.ascii_uppercase)})
    for first in (0x24D0, 0x249C):  # circled and parenthesised small letters
        table.update({first + i: letter for i, letter in enumerate(string.ascii_uppercase)})
    for i in range(13 * 52):  # mathematical bold, italic, script, ... alphabets
        table[0x1D400 + i] = string.ascii_letters.swapcase()[i % 52]
    for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50):  # Arabic, Persian, Devanagari, Bengali, Thai digits
        table.update({zero + i: str(i) for i in range(10)})
    table[0x212A] = _OPAQUE  # the sign of the kelvin is not an option letter
    # marks that nobody sees
    table.update(dict.fromkeys([0xAD, 0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
                                *range(0x2060, 0x206A), 0xFE0F, 0x20E3]))  # fmt: skip
    table.update({0xA0: " ", 0x3000: " ", 0x2009: " ", 0x202F: " ", 0x2028: "\n", 0x2029: "\n"})
    return table


_TABLE = _table()
_LOOKALIKES = str.maketrans("АВСЕНКМОРТХІЈѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHKMOPTXIJsABEZHIKMNOPTYX")
_FOREIGN = (
    "אבגדהוזח", "ابجدهوزح", "أبجدهـوز", "甲乙丙丁戊己庚辛", "アイウエオカキク", "가나다라마바사아",
    "ㄱㄴㄷㄹㅁㅂㅅㅇ", "กขคงจฉชซ", "কখগঘঙচছজ", "कखगघङचछज", "\0\0ΓΔ\0\0\0\0", "\0Б\0ГД\0ЖЗ",
)  # fmt: skip
# the letters that number a list in their own alphabets, by place
_PLACES = {
    char: string.ascii_uppercase[i] for alphabet in _FOREIGN for i, char in enumerate(alphabet) if char > "\0"
}
_SIGNS = "\u0900-\u0903\u093a-\u094f\u0980-\u0983\u09bc-\u09cd\u0e30-\u0e3a\u0e40-\u0e4e"  # vowels and tones
_ALONE = re.compile(rf"(?<![^\W\d_])(?<![{_SIGNS}])[{''.join(_PLACES)}](?![^\W\d_]|[’'{_SIGNS}])")
_LOOKALIKE_ALONE = re.compile(r"(?<![^\W\d_])[АВСЕНКМОРТХІЈΑΒΕΖΗΙΚΜΝΟΡΤΥΧ](?![^\W\d_])")


def plain_characters(text: str) -> str:
    """The reply with every dressed-up Latin letter as a plain one; words of other scripts stay."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text.translate(_TABLE))
    return _LOOKALIKE_ALONE.sub(lambda match: match.group().translate(_LOOKALIKES), text)


def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script that writes words without blanks or glues particles on."""
    code = ord(char) if char else 0
    return code > 0x2E80 or 0x0E00 <= code < 0x0F00 or 0x1000 <= code < 0x10A0 or 0x1780 <= code < 0x1800


def folded(text: str) -> str:
    """Text in lower case, of the same length."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower


def numbered_by_alphabet(text: str) -> str:
    """A short answer with the letters that number lists in other alphabets as Latin ones: gimel is C."""
    return text if text.isascii() else _ALONE.sub(lambda match: _PLACES[match.group()], text)
