"""Read the value that stands at a place of a reply: a letter, several, an option's text, or a refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidkit.evaluation.answers.asked import NUMBER_INITIALS, Asked, plain, with_digits
from vidkit.evaluation.answers.characters import folded, is_unspaced
from vidkit.evaluation.answers.words import (
    ARTICLES,
    CONNECTIVES,
    FILLERS,
    JOINERS,
    NEGATIVE_AFTER,
    NEGATORS,
    NOR,
    REFUSAL,
)

# "no other car", where "no" is an option
NO_SUCH = re.compile(
    r"\bno\s(?!because|since|as\b|he\b|she\b|it\b|the(?:y|re)?\b|this\b|that\b|i\b|is\b|based|for\b)(?=[^\W\d_])",
    re.IGNORECASE,
)
SURE = re.compile(
    r"(?:(?:without|beyond)\s(?:a\s|any\s|all\s)?(?:shadow\sof\sa\s)?(?:doubt|question)|no\sdoubt|hands\sdown|by\sfar)\b"
)
# quantifiers are possessive and bounded: a reply of a thousand blanks must not cost a minute
_SKIP = re.compile(r"[\s\"'“”‘’«»„‚「」『』【】〈〉《》()\[\]{}<>:：=–—→⇒➜➔➡⟶►▶*_#…،,|~^-]{0,80}+")
# the vowel signs of Indic scripts are marks, not letters
_WORD = re.compile(r"(?:[^\W\d_]|[\u0900-\u0dff\u0e00-\u0eff]){1,24}+(?:['’][^\W\d_]{1,6}+)?")
_CLOSED = re.compile(r"\s?[\"'”’»)\]}>」』】*_]")
_NEXT_WORD = re.compile(r"([^\S\n]{1,8}+)([^\W\d_]{1,24}+)")
_JOIN = re.compile(
    r"[\s*_`()\[\]}\"'”’.?]{0,8}+(?:(?P<sign>[/&|、;]|,)|(?P<word>and/or|as\s+well\s+as|か(?=\s?[a-z])|又は|或者?|和|与|及|や|と|または|또는|หรือ|และ|[^\W\d_]{1,10}+))"
)
_MORE = frozenset((
    "or", "and", "maybe", "possibly", "perhaps", "either", "even", "also", "option", "choice", "the",
    "both", "probably", "letter", "oder", "ou", "o",
))  # fmt: skip
_SUFFIX = re.compile(r"['’](?:[dt][iıuü]r|[yn]?[iıuü]n?|y?[ae]|[dt][ae]n?)\b")
_LISTED = re.compile(r"[\s*_`)\]}\"'”’$]{0,8}+(?:$|\n|[.,;!?](?:\s|$)|(?:or|and|oder|ou|o|y|и|или)\b|[/&])")
_PLURAL = re.compile(
    r"[\s*_`)\]}]{0,4}+(?:are|were|both|all|each|can|seem|do|don['’]t|did|didn['’]t|have|had|show|fail|contradict|sind|sont|son|são|sono|zijn|är|er|są|jsou"
    r"|ne sont)\b"
)
_NOT_OPTIONS = frozenset((
    "major", "minor", "flat", "sharp", "chord", "student", "grade", "vitamin", "blood", "cells",
))  # fmt: skip
_CAPITAL_NEXT = re.compile(r"\s{1,3}[(\[\"']?[A-Z](?!\w)")
_PLACES = frozenset(["in", "on", "at", "by", "to", "after", "before", "of", "from", "with"])
_I_GUESS = re.compile(r"\s(?:guess|think|believe|suppose|would|'d)\b")
_NOUNS = frozenset(["car"])  # words of other languages that are English nouns behind an article
_LATER = re.compile(r"^(?:then|later|finally|also|afterwards)\s")
_DENIED = re.compile(r"\s{1,3}(?:be\s+)?(?:the\s+)?(?:option\s+|answer\s+)?[(\"']?[A-Z](?!\w)")
# what the one who speaks does: "so I can determine it"
_I_DO = frozenset((
    "can", "could", "may", "might", "will", "would", "should", "must", "did", "do", "does", "had", "have",
    "now", "also", "still", "only", "then", "was", "here", "clearly", "personally", "again", "myself", "so",
    "if", "when",
))  # fmt: skip
_RUN = re.compile(r"[A-J]{2,6}(?![A-Za-z0-9'’])")
_REACH = 48


@dataclass(frozen=True, slots=True)
class Value:
    """What stands at a place.

    Attributes:
        letters: one letter, several that are left open, or none.
        kind: `letter`, `text`, `beyond` (a letter that is not an option), `refused` or `negated`.
        end: where it ends.
    """

    letters: str
    kind: str
    end: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A cleaned reply and the same in lower case, of equal length."""

    text: str
    lower: str


def reply_of(text: str) -> Reply:
    return Reply(text, folded(text))


def read_value(reply: Reply, at: int, asked: Asked, *, weak: bool = False) -> Value | None:
    """The value at a place, behind words that mean nothing ("is", "definitely", "option").

    Args:
        reply: where it stands.
        at: where to start.
        asked: the options.
        weak: the words before it may introduce anything, so only what cannot be a word is a letter.

    Returns:
        None where neither a letter nor an option's text nor a refusal stands there.
    """
    for _ in range(14):
        at = _SKIP.match(reply.text, at).end()  # type: ignore[union-attr]
        if at >= len(reply.text):
            return None
        named = _label(reply, at, asked) or _option_text(reply, at, asked)
        if named is not None:
            return named
        letter = _letters(reply, at, asked, weak)
        if letter is not None:
            return letter
        if (sure := SURE.match(reply.lower, at)) is not None:
            at = sure.end()
            continue
        word = _WORD.match(reply.lower, at)
        if word is None:
            return _refusal(reply, at)
        if word.group() in NEGATORS and (
            _DENIED.match(reply.text, word.end()) or not REFUSAL.match(reply.lower, at)
        ):
            return Value("", "negated", word.end())
        if word.group() not in FILLERS:
            return _refusal(reply, at)
        at = word.end()
    return None


def _label(reply: Reply, at: int, asked: Asked) -> Value | None:
    """The mark of a list that the data number in their own way."""
    match = re.compile(r"\w{1,2}(?!\w)").match(reply.text, at) if asked.labels else None
    if match is None or match.group() not in asked.labels:
        return None
    return Value(asked.labels[match.group()], "text", match.end())


def _refusal(reply: Reply, at: int) -> Value | None:
    match = REFUSAL.match(reply.lower, at)
    return Value("", "refused", match.end()) if match else None


def _option_text(reply: Reply, at: int, asked: Asked) -> Value | None:
    char = reply.lower[at]
    if char not in asked.firsts and (char not in NUMBER_INITIALS or not asked.has_digits):
        return None
    if at and reply.text[at - 1].isalnum() and not is_unspaced(char):
        return None
    said = plain(reply.text[at : at + 2 * asked.longest + _REACH])
    found = asked.text_at(said) or (asked.text_at(with_digits(said)) if asked.has_digits else None)
    if found is None:
        return None
    letter, rest = found
    if char == "n" and NO_SUCH.match(reply.text, at) and asked.texts[asked.letters.index(letter)] == "no":
        return None
    text = asked.texts[asked.letters.index(letter)]
    if len(text) == 1 and text.isalpha():
        return None  # an option that is one letter long is not a text: "Answer: (A) C" is A
    if text[-1].isdigit() and rest[:1].isdigit():
        return None  # "11 * 15"
    words = rest.split(" ", 1)
    if len(words) > 1 and words[0] in JOINERS:
        other = asked.text_at(_LATER.sub("", words[1]))
        if other is not None and other[0] != letter:
            return Value(letter + other[0], "text", at)
    return Value(letter, "text", min(len(reply.text), at + len(said) - len(rest)))


def _letters(reply: Reply, at: int, asked: Asked, weak: bool) -> Value | None:
    letter = reply.text[at].upper() if reply.text[at].isascii() else ""
    if not letter.isalpha():
        return None
    end = letter_end(reply, at, asked, weak)
    if end is None:
        return None if weak else _run(reply, at, asked)
    if letter not in asked.letters:
        outside = reply.text[at].isupper() and not weak and letter != "I"
        return Value("", "beyond", end) if outside else None
    if follows(reply, end, asked, letter):
        return Value(letter, "letter", end)
    negative = NEGATIVE_AFTER.match(reply.lower, end)
    if negative is not None:
        return Value("", "negated", negative.end())
    return _group(reply, end, asked, letter)


def _run(reply: Reply, at: int, asked: Asked) -> Value | None:
    """Several letters written as one word: "ABD"."""
    run = _RUN.match(reply.text, at)
    letters = run.group() if run is not None and not _glued(reply.text, at) else ""
    several = len(letters) > 1 and all(letter in asked.letters for letter in letters)
    return (
        Value(letters, "letter", at + len(letters))
        if several and letters == "".join(sorted(set(letters)))
        else None
    )


def _group(reply: Reply, end: int, asked: Asked, first: str) -> Value:
    """The letter and those that stand beside it on equal terms ("A or C")."""
    found, start, last = first, end, 0
    for _ in range(len(asked.letters)):
        at = _joined(reply, end)
        if at is None:
            break
        listed = not reply.text[end:at].strip(" )]}\"'*_`,;")  # behind "and" the words after it do not matter
        stop = letter_end(reply, at, asked, weak=listed) if at < len(reply.text) else None
        letter = reply.text[at : at + 1].upper()
        if stop is None or letter not in asked.letters or reply.text[at].islower():
            break
        if reply.text[end:at].strip(" )]}\"'*_`") in (",", ";") and not _LISTED.match(reply.text, stop):
            break  # "B, C is wrong" names one letter
        last = len(found)
        found, end = found + letter, stop
    if len(set(found)) > 1 and (negative := NEGATIVE_AFTER.match(reply.lower, end)) is not None:
        if _PLURAL.match(reply.lower, end):
            return Value("", "negated", negative.end())
        found = found[:last]
    return Value("".join(dict.fromkeys(found)), "letter", max(end, start))


def _joined(reply: Reply, at: int) -> int | None:
    """Where the next letter of a list would stand."""
    match = _JOIN.match(reply.lower, at)
    word = match.group("word") if match else None
    if match is None or (word and word not in JOINERS and not _is_cjk(match) and " " not in word):
        return None
    at = match.end()
    for _ in range(4):
        at = _SKIP.match(reply.text, at).end()  # type: ignore[union-attr]
        more = _WORD.match(reply.lower, at)
        if more is None or more.group() not in _MORE or len(more.group()) == 1:
            break
        at = more.end()
    return at


def _is_cjk(match: re.Match[str]) -> bool:
    return match.group("word") > "\u2fff"


def letter_end(reply: Reply, at: int, asked: Asked, weak: bool = False) -> int | None:
    """Where the letter at a place ends; None where it is a part or a word of something else."""
    text = reply.text
    char, end = text[at], at + 1
    if at and _glued(text, at):
        return None
    after = text[end : end + 3]
    if not after:
        return end if char.isupper() or not weak else None
    if after[0].isdigit() and char.isupper() and follows(reply, end, asked, char):
        return end  # "E2", where E is 2
    if _is_letter(after[0]) or after[0].isdigit() or after[0] in "_+#°@%":
        return None
    if after[0] in "'’" and (_is_letter(after[1:2]) or after[1:2] == "("):
        return end if _SUFFIX.match(text, end) else None
    if after[0] == "/" and (text[at : at + 3] == "N/A" or (_is_letter(after[1:2]) and after[1:2].islower())):
        return None  # "b/c of this"
    if after[0] in ".-" and _is_letter(after[1:2]):
        cased = after[0] == "." and after[1].isupper() and after[2:] != "."
        return end if cased or follows(reply, end, asked, char.upper()) else None
    if weak and char.islower() and not (_CLOSED.match(text, end) and at and text[at - 1] in "([<\"'"):
        return None
    if _CLOSED.match(text, end):
        return end
    word = _NEXT_WORD.match(text, end)
    return end if word is None or _goes_on(reply, word, asked, char, weak) else None


def _goes_on(reply: Reply, word: re.Match[str], asked: Asked, char: str, weak: bool) -> bool:
    """Whether the word behind a letter speaks about it, so that the letter is not a word of the sentence."""
    following = word.group(2)
    if following == "I" and _I_GUESS.match(reply.lower, word.end()):
        return True
    if char == "I" and following in _I_DO and not follows(reply, word.start(), asked, char):
        return False
    known = following.lower() in CONNECTIVES and (char not in ARTICLES or following.lower() not in _NOUNS)
    if follows(reply, word.start(), asked, char.upper()):
        return (
            char not in ARTICLES
            or following[0].isupper()
            or _text_ends(reply, word.start(), asked, char.upper())
        )
    if char in ARTICLES and reply.lower.startswith("and a ", word.start(2)):
        return False  # "A and a half hours"
    if reply.lower.startswith("of course", word.start(2)):
        return True
    if char.islower():
        return known and char not in ARTICLES
    if following.lower() in JOINERS | NOR and _CAPITAL_NEXT.match(reply.text, word.end()):
        return True
    if weak and following in _PLACES:
        # "there is a B on the door", but "I prefer D to B"
        return following == "to" and reply.lower[: word.start() - 1].endswith(("prefer ", "preferred "))
    if known:
        return char not in ARTICLES or following.lower() not in ("a", "o", "e", "in", "on", "at", "by")
    joined = ord(following[0]) > 0x0590
    return joined or (not weak and char not in ARTICLES and following.lower() not in _NOT_OPTIONS)


def follows(reply: Reply, at: int, asked: Asked, letter: str) -> bool:
    """Whether the letter's own text stands behind it."""
    place = asked.letters.find(letter)
    text = asked.texts[place] if 0 <= place < len(asked.texts) else ""
    if not text:
        return False
    said = plain(reply.text[at : at + 2 * len(text) + _REACH])
    return said.startswith(text) and not said[len(text) : len(text) + 1].isalnum()


def _text_ends(reply: Reply, at: int, asked: Asked, letter: str) -> bool:
    """Whether a stop stands behind the letter's own text, so that "A red and a green car" is not option A."""
    text = asked.texts[asked.letters.find(letter)]
    behind = reply.text[at + len(text) : at + len(text) + 4].rstrip(" ")
    return at + len(text) + 2 >= len(reply.text.rstrip()) or any(char in '.,;:!?)]\n–—*"' for char in behind)


def _is_letter(char: str) -> bool:
    # scripts without blanks may touch a letter
    return bool(char) and char.isalpha() and ord(char) < 0x0590


def _glued(text: str, at: int) -> bool:
    before, earlier = text[at - 1], text[at - 2] if at > 1 else " "
    if _is_letter(before) or before.isdigit() or before in "_@#&°":
        return True
    if before == "/":
        alone = at < 3 or not _is_letter(text[at - 3])
        return _is_letter(earlier) and not (alone and earlier.isupper() and text[at - 2 : at + 1] != "N/A")
    if before in "'’.":
        return _is_letter(earlier) and not (before == "." and earlier in ".…")
    return before == "-" and _is_letter(earlier)
