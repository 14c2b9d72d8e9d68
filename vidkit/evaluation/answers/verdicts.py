"""Replies that judge each option in its turn: yes or no, or a share."""

from __future__ import annotations

import re

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.mentions import MENTION
from vidkit.evaluation.answers.values import Reply, letter_end

_YES = re.compile(
    r"[^\n]{0,160}?(?:\b(?:yes|correct|true|right|matches|supported|ja|oui|sí|да)\b|✓|✔|✅|☑|√|正确|对|○)"
)
_NO = re.compile(
    r"[^\n]{0,160}?(?:\b(?:no|not|incorrect|false|wrong|isn['’]t|doesn['’]t|contradicted|unsupported|nein"
    r"|non|нет)\b|✗|✘|❌|×|✖|错|不)"
)
_ASKED = re.compile(r"(?<!\w)([a-z])\)?\?\s{1,3}(yes|no)\b")
_LONGEST = 2000  # characters of a reply whose notes are read
_NOTED = re.compile(r"(?<!\w)([A-Z])\)?:\s")
_DENIES = re.compile(r"(?<!\w)(?:no|not|never|nothing|none|nobody|false|incorrect|wrong)(?!\w)|n['’]t(?!\w)")
_SHARE = re.compile(r"([A-Z])\s?[:=(-]?\s?(\d{1,3}(?:\.\d{1,3})?)\s?%")
# possessive, for a reply of shares alone must not be read in every way that blanks can be split
_SHARES = re.compile(
    r"(?:\s{0,40}+[A-Z]\s?+[:=(-]?+\s?+\d{1,3}+(?:\.\d{1,3}+)?+\s?+%\)?+[\s,;.]{0,40}+){2,26}+"
)


def shares_of_all(reply: Reply, asked: Asked) -> str | None:
    """The likeliest option of a reply that is a share for each of them: "A: 90%, B: 5%, C: 5%"."""
    if reply.text.count("%") < len(asked.letters) or not _SHARES.fullmatch(reply.text[:400]):
        return None
    shares = {letter: float(share) for letter, share in _SHARE.findall(reply.text)}
    most = [letter for letter, share in shares.items() if share == max(shares.values())]
    return most[0] if set(shares) == set(asked.letters) and len(most) == 1 else None


def _not_denied(reply: Reply, asked: Asked) -> set[str]:
    """Of all options, each with a note in its turn, the only one whose note denies nothing."""
    if len(reply.text) >= _LONGEST:
        return set()
    marks = list(_NOTED.finditer(reply.text))
    if [mark.group(1) for mark in marks] != list(asked.letters) or len(marks) < 3:
        return set()
    ends = [*(mark.start() for mark in marks[1:]), len(reply.text)]
    notes = [reply.lower[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]
    left = {mark.group(1) for mark, note in zip(marks, notes, strict=True) if not _DENIES.search(note)}
    return left if len(left) == 1 else set()


def verdicts(reply: Reply, asked: Asked) -> set[str]:
    """The only option that is called right where each of several is judged in its turn."""
    if noted := _not_denied(reply, asked):
        return noted
    if len(asked_of_each := dict(_ASKED.findall(reply.lower))) > 1:
        yes = {letter.upper() for letter, said in asked_of_each.items() if said == "yes"} & set(asked.letters)
        if len(yes) == 1:
            return yes
    places = [
        m
        for m in list(MENTION.finditer(reply.text))[:200]
        if m.group() in asked.letters and letter_end(reply, m.start(), asked) is not None
    ][:64]
    if len({m.group() for m in places}) < 3 and len({m.group() for m in places}) < len(asked.letters):
        return set()
    right, judged = set(), set()
    for place, following in zip(places, [*places[1:], None], strict=True):
        stop = following.start() if following else len(reply.text)
        said = reply.lower[place.end() : min(stop, place.end() + 200)]
        wrong = _NO.match(said)
        if wrong is not None:
            judged.add(place.group())
        elif _YES.match(said) is not None:
            judged.add(place.group())
            right.add(place.group())
    return right if len(judged) >= 2 else set()
