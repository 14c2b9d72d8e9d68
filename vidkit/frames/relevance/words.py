"""Words of a text, lightly stemmed: enough to find 'penguins' with 'penguin'."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
# French, Italian and Catalan; "d'accord", "qu'elle", "dell'acqua", and no English word
_ELISION = re.compile(
    r"^(?:[ldjmnstc]|qu|jusqu|lorsqu|puisqu|quelqu|dell|all|nell|sull|dall|un|quest)'(?=[^\W\d_]{2})"
)
# scripts written without spaces: every sign is a word of its own
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "she",
        "so",
        "some",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "up",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "video",
        "frame",
        "scene",
        "shown",
        "show",
    ]
)


def words_of(text: str, drop_stop_words: bool = False) -> list[str]:
    """Lower-case words in order; signs of Chinese, Japanese and Korean one by one.

    Accents written in two signs count as one, and the article of an elision falls away (`l'été` -> `été`).
    """
    found: list[str] = []
    for match in _WORD.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'")):
        if _WIDE.search(match):
            found += [sign for sign in match if sign != "'"]
        else:
            found.append(_ELISION.sub("", match))
    return [word for word in found if word not in STOP_WORDS] if drop_stop_words else found


def stem(word: str) -> str:
    """Cut the commonest English endings: -'s, -ies, -es, -s, -ing, -ed."""
    if word.endswith("'s"):
        word = word[:-2]
    if len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        trunk = word[: -len(ending)]
        if word.endswith(ending) and len(trunk) >= 3 and re.search(r"[aeiouy]", trunk):
            doubled = len(trunk) > 3 and trunk[-1] == trunk[-2] and trunk[-1] not in "lsz"
            return trunk[:-1] if doubled else trunk
    return word


def terms_of(text: str) -> list[str]:
    """Stemmed words without stop words: what BM25 counts."""
    return [stem(word) for word in words_of(text, drop_stop_words=True)]
