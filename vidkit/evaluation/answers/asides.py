"""What a reply says beside its answer: what others would say, what only looks right, what is not meant."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.mentions import MENTION

_START = (
    r"(?:^|(?<=[.!?;\n])[ \t]{0,3}"
    r"|(?P<joined>, (?:but|and|yet) |,? (?=(?:although|while|though|even though) )))"
    r"(?P<conceding>(?:although|while|whilst|though|even though) )?"
)
_WHOM = (
    r"(?:most|many|some|several|a lot of|lots of|plenty of|other|few)(?: of (?:us|you|them))?(?: \w+){0,2}?"
    r"|(?:other )?people|others|everyone|everybody|a (?:casual|careless|quick|hasty|naive) \w+"
)
_SAY = (
    r"(?:(?:easily|first|often|usually|probably|likely|well|initially|naturally|instinctively) )?"
    r"(?:be (?:tempted|inclined) to )?(?:say|answer|choose|pick|guess|think|assume|expect|believe|select"
    r"|go (?:for|with)|opt for)"
)
_NAME = (
    r"(?: that)?(?: (?:it is|it's|the (?:\w+ )?(?:answer|choice|option) (?:is|was|would be|must be)))?"
    r" ?(?:option |answer |choice )?[(\"'*]{0,3}(?P<letter>(?-i:[A-Z]))(?!\w|['’])"
)
_TEMPTING = r"tempting|obvious|common|popular|typical|naive|intuitive|superficial|seductive|deceptive"
_GOOD = (
    rf"(?:right|correct|good|plausible|convincing|likely|like the (?:right |correct )?answer|{_TEMPTING}"
    r"|to be (?:right|correct|the (?:right |correct )?answer))"
)
# behind the option, its own words may follow before the clause ends
_END = (
    r"[^.!?;\n]{0,60}?(?:(?P<turn>[\s)\"'*,;.:–—-]{1,6}(?:but|however|yet|whereas)\b,?"
    r"(?! (?:not|also|possibly|maybe|perhaps|could|might|may|then|never)\b) ?)"
    r"|(?P<comma>, )|(?P<stop>[.!;] {0,3}\n{0,2}|\n{1,2})|$)"
)
_ASIDES = tuple(
    (re.compile(_START + said + _END, re.IGNORECASE), alone)
    for said, alone in (
        (rf"(?:{_WHOM}) (?:(?:would|might|may|could|will|tend to) )?{_SAY}{_NAME}", True),
        (rf"(?:you|one|we|someone|somebody) (?:would|might|may|could) {_SAY}{_NAME}", False),
        (rf"(?:an?|the|one) (?:(?:most|very) )?(?:{_TEMPTING})(?:,? but wrong)?"
         r" (?:answer|choice|option|guess|pick)"
         rf"(?: here)? (?:is|was|would be|might be|could be|seems to be){_NAME}", True),
        (r"(?:the )?(?:(?:answer|option|choice) )?[(\"'*]{0,3}(?P<letter>(?-i:[A-Z]))[)\"'*]{0,3}"
         rf" (?:(?:certainly|really|also|initially|first|may|might|could) )?"
         rf"(?:looks?|seems?|appears?|sounds?|feels?|is (?=(?:{_TEMPTING}))) ?"
         rf"(?:very |quite |more |most )?{_GOOD}\b",
         False),
    )
)  # fmt: skip
_ANSWERS = re.compile(
    r"\bthe (?:\w+ )?(?:correct|right|real|true|actual|answer|best|proper)\b|\bit(?: i|['’])s\b",
    re.IGNORECASE,
)
_CORRECT_ONE = re.compile(
    r"\bthe (?:correct|right|real|true|actual|proper) one(?= (?:is|was|must be|has to be)\b)", re.IGNORECASE
)
_NOT_MEANT = re.compile(
    r"(?<=[A-Z])(?P<close>[)）]?)\s{0,2}[,，]?\s{0,2}(?:而不是|而非|而不选|而不選|不是|不选|不選)\s{0,2}(?:选项)?"
    r"[(（]?[A-Z][)）]?(?=\s{0,3}(?:[。.!！,，]|$))"
)
# "A, though B is plausible"
_HOW = r"(?:plausible|possible|conceivable|close|" + _TEMPTING + r")"
_CONCEDED = re.compile(
    r"[\s,;(–—-]{1,4}(?P<but>but )?(?P<though>(?:although|though|even though|while) )?"
    r"(?:option |answer |choice )?[(\"'*]{0,3}(?-i:[A-Z])[)\"'*]{0,3} "
    r"(?:(?:also|certainly|may|might|could|initially|first) )?"
    r"(?:(?(though)(?:looks?|seems?|appears?|sounds?|feels?)|(?!)) (?:very |quite |also )?" + _GOOD + r"|"
    r"(?:(?(but)|(?(though)|(?=is also )))(?:is|be) (?:also |quite |very |rather )?" + _HOW + r"))"
    r"(?: too| as well| at first)?\)?(?=[.!]?\s{0,3}$)",
    re.IGNORECASE,
)
_GUESSED = re.compile(
    r"\bif I (?:had|have) to (?:guess|choose|pick|say|answer)(?P<mark> ?[:,–—-]{1,2})"
    r"(?= (?:(?:I would |I'd )(?:say|guess|choose|pick) |it would be |it's |it is )?[(*]{0,3}(?-i:[A-Z])\b)",
    re.IGNORECASE,
)
_CONFIDENT = re.compile(
    r"(?:I am|I'm) (?:\w+ly |very |quite )?(?:confident|certain|sure|positive): "
    r"(?=[(*]{0,3}[A-Za-z][)*]{0,3}[.!]?\s{0,3}$)",
    re.IGNORECASE,
)
_ARROW = r"[\s*]{0,4}(?:[→⇒➜➔➝➞⟶⟹↦]|-{1,2}>|=>|\bto\b)[\s*]{0,4}"
_MOVED = re.compile(
    r"(?:(?:answer|choice|option)(?: is)?[*\s]{0,3}[:：]?[*\s]{0,3}|\\boxed\{(?:\\text\{)?)"
    rf"\(?([A-Z])\)?(?:{_ARROW}\(?([A-Z])\)?)+[*\s.!}}$]{{0,5}}$",
    re.IGNORECASE,
)
_SHORT = 700
_MOST = 8  # asides of one reply that are looked at


class Aside(NamedTuple):
    """A reply without what it says beside its answer.

    Attributes:
        text: the rest of the reply.
        sure: whether the rest alone decides; otherwise the whole reply does where the rest names nothing.
    """

    text: str
    sure: bool


def without_asides(text: str, asked: Asked) -> Aside | None:
    """What is left where an option of other people, or of appearance, is followed by another; else None."""
    rest, sure, start = text, False, 0
    for _ in range(_MOST):
        if (found := _first(rest, start, asked)) is None:
            break
        match, certain = found
        rest = rest[: match.start()].rstrip(" \t") + " " * bool(match.start()) + rest[match.end() :]
        sure, start = sure or certain, match.start()
    return None if rest == text else Aside(rest, sure)


def _first(text: str, start: int, asked: Asked) -> tuple[re.Match[str], bool] | None:
    found = [
        (match, alone)
        for pattern, alone in _ASIDES
        for match in itertools.islice(pattern.finditer(text, start), _MOST)
        if _is_aside(text, match, alone, asked)
    ]
    if not found:
        return None
    match, alone = min(found, key=lambda one: one[0].start())
    return match, alone or _ANSWERS.search(text, match.end()) is not None


def _is_aside(text: str, match: re.Match[str], alone: bool, asked: Asked) -> bool:
    """Whether another option is named behind, or was declared before what others say at the end."""
    letter = match.group("letter")
    turned = alone or bool(match.group("turn") or match.group("conceding"))
    if letter not in asked.letters or (match.group("comma") and not match.group("conceding")):
        return False
    if not match.group("joined") and turned and _names_another(text[match.end() :], letter, asked):
        return True
    before = text[max(0, match.start() - _SHORT) : match.start()]
    closing = alone and not text[match.end() :].strip()
    return closing and _ANSWERS.search(before) is not None and _names_another(before, letter, asked)


def _names_another(text: str, letter: str, asked: Asked) -> bool:
    return bool((set(MENTION.findall(text)) & set(asked.letters)) - {letter, "I"})


def plainly_put(text: str) -> str:
    """The same reply in words that the rules know: "the correct answer" for "the correct one".

    Left out are "而不是D" behind an option, and at the end what is only conceded: "though B is plausible".
    """
    text = _NOT_MEANT.sub(r"\g<close>", _CORRECT_ONE.sub("the correct answer", text))
    end = len(text) - 90
    text = text[: max(0, end)] + _CONCEDED.sub("", text[max(0, end) :], count=1)
    if len(text) > _SHORT:
        return text
    return _CONFIDENT.sub("Answer: ", _GUESSED.sub(r"I guess\g<mark>", text))


def moves_on(text: str, asked: Asked) -> bool:
    """Whether the declared answer is several options with arrows between them: "Answer: A → H"."""
    match = _MOVED.search(text[-60:])
    ends = {match.group(1).upper(), match.group(2).upper()} if match is not None else set()
    return len(ends) > 1 and ends <= set(asked.letters)
