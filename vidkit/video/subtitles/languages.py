"""Which language a text is in, told by its script and its commonest words; unknown is an answer."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 20_000  # characters that are looked at
# ISO 639-2 (both forms) and names in file names, to two letters
_CODES = {
    "en": "eng english", "zh": "zho chi chs cht cmn yue chinese", "ja": "jpn japanese jp",
    "ko": "kor korean kr", "ru": "rus russian", "uk": "ukr ukrainian", "bg": "bul bulgarian",
    "fr": "fra fre french vf vff", "de": "deu ger german", "es": "spa spanish lat", "it": "ita italian",
    "pt": "por portuguese pob", "nl": "nld dut dutch", "sv": "swe swedish", "da": "dan danish",
    "no": "nor nob nno nb nn norwegian", "fi": "fin finnish", "pl": "pol polish", "cs": "ces cze czech",
    "hu": "hun hungarian", "ro": "ron rum romanian", "tr": "tur turkish", "el": "ell gre greek",
    "he": "heb hebrew iw", "ar": "ara arabic", "fa": "fas per persian", "th": "tha thai",
    "hi": "hin hindi", "vi": "vie vietnamese", "id": "ind indonesian", "sr": "srp serbian",
    "hr": "hrv croatian", "sk": "slk slo slovak", "lt": "lit lithuanian", "lv": "lav latvian",
    "et": "est estonian", "ca": "cat catalan", "ms": "may msa malay", "bn": "ben bengali",
    "ta": "tam tamil", "te": "tel telugu", "ur": "urd urdu",
}  # fmt: skip
_NAMES = {name: code for code, names in _CODES.items() for name in (code, *names.split())}
_SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh", "GREEK": "el", "HEBREW": "he",
    "ARABIC": "ar", "THAI": "th", "DEVANAGARI": "hi", "CYRILLIC": "ru", "BENGALI": "bn", "TAMIL": "ta",
    "TELUGU": "te", "LATIN": "",
}  # fmt: skip
_COMMON = {
    "en": "the is are was were and of to in that what which who when where how does do did with for "
    "it he she they this there has have not at on from his her",
    "fr": "le la les des une est sont dans que qui quoi quand où comment avec pour pas sur il elle "
    "ils au aux du ce cette et ne se son sa",
    "de": "der die das und ist sind ein eine nicht mit für auf wann wo wer was wie den dem des im zu "
    "von es er sie wird",
    "es": "el los las una es son en que qué quién cuándo dónde cómo con para no por del al y se su lo está",
    "it": "il lo gli una è sono che chi quando dove come con per non di del della nel si e al questo",
    "pt": "o os as uma é são em que quem quando onde como com para não do da dos das no na e se um ao",
    "nl": "de het een is zijn en van dat wie wat wanneer waar hoe met voor niet op te hij zij er",
    "sv": "och är en ett det att som vad när var hur med för inte på av den har jag",
    "pl": "i jest są nie w na się że co kto kiedy gdzie jak z do po to",
    "tr": "bir ve bu ne kim nerede nasıl için ile değil mi da de var",
    "vi": "là và của không có một được cho với khi người",
    "id": "yang dan di ini itu apa siapa kapan dengan untuk tidak ada dari",
}
_LISTS = {code: frozenset(words.split()) for code, words in _COMMON.items()}
_UKRAINIAN = frozenset("іїєґ")


def language_code(name: str) -> str | None:
    """Two letters of a language tag or name (`eng`, `zh-Hans`, `French`); None: no language."""
    return _NAMES.get(re.split(r"[-_]", name.strip().lower(), maxsplit=1)[0])


def language_of(text: str) -> str | None:
    """Two letters of the language of a text; None when its script is Latin and its words tell nothing."""
    text = text[:_SAMPLE]
    scripts = Counter(
        name
        for sign in text
        if sign.isalpha() and (name := unicodedata.name(sign, "?").split(" ", 1)[0]) in _SCRIPTS
    )
    if not scripts:
        return None
    letters = sum(scripts.values())
    if (scripts["HIRAGANA"] + scripts["KATAKANA"]) > 0.05 * letters:
        return "ja"
    script = scripts.most_common(1)[0][0]
    if script == "CYRILLIC" and any(sign in _UKRAINIAN for sign in text.lower()):
        return "uk"
    return _SCRIPTS[script] or _by_words(text)


def _by_words(text: str) -> str | None:
    words = _WORD.findall(text.lower())
    hits = Counter({code: sum(word in common for word in words) for code, common in _LISTS.items()})
    (best, count), (_, second) = hits.most_common(2)
    return best if count > second and count >= max(1, len(words) // 20) else None
