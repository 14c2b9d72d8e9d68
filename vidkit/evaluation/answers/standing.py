"""What stands at the end of a reply, after what it denied, took back and looked at again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.claims import Claim, Meaning, claims, excepted
from vidkit.evaluation.answers.mentions import ALPHABET
from vidkit.evaluation.answers.polarity import (
    AFFIRMED_BEHIND,
    ALL_TAKEN_BACK,
    CONCLUDING,
    DENIED_BEFORE,
    LOOKED_AGAIN,
    ONLY_BEFORE,
    UNDECIDED_BEHIND,
)
from vidkit.evaluation.answers.values import Reply
from vidkit.evaluation.answers.words import ANSWER, REFUSAL, UNSPACED_ANSWER

_FALLEN: tuple[Meaning, ...] = ("denied", "taken back", "asked")


_SET_OFF = re.compile(
    r"(?:[:;.,–—!?]|->|→)\s{1,3}(?:so\s|thus\s|hence\s|therefore\s|option\s|it(?:['’]s|\sis)\s)?[(\"']?$"
)
_BEHIND_COLON = re.compile(r"\w:\s{1,3}[(\"']?$")
_SECOND = re.compile(
    r"(?<!\w)(?:2nd|second|3rd|third|next|alternativ\w*|runner|backup|fallback|others?|first|firstly|start)(?!\w)"
)
_SAID_OF = re.compile(r"\s(?:is|was|has|had|does|did|looks?|seems?|appears?|would|might|may|could)\b")


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands at the end of a reply.

    Attributes:
        letter: the one option that replaced what was denied or taken back, or is held after the reply looked
            again; None where nothing was, or where several stand.
        fallen: options whose last claim is a denial or a retraction.
        final: the letter that ends the reply, set off from the words before it, where others were named.
        contested: letters of which something is only told, while another one is held.
        affirmed: the one option that is called right or left over, or that alone is held while others are
            denied.
    """

    letter: str | None
    fallen: frozenset[str]
    affirmed: str | None = None
    final: str | None = None
    contested: frozenset[str] = frozenset()


def standing(reply: Reply, asked: Asked) -> Standing:
    """What stands after all claims of a reply."""
    made = claims(reply, asked)
    if not made:
        return Standing(None, frozenset())
    last = {claim.letter: claim for claim in made}
    fallen = frozenset(x for x, claim in last.items() if claim.meaning in _FALLEN)
    open_ = frozenset(x for x, claim in last.items() if claim.meaning == "open")
    if len(open_) > 1 and not any(claim.meaning == "held" for claim in last.values()):
        fallen |= open_  # "maybe A, maybe C"
    again = [match.end() for match in LOOKED_AGAIN.finditer(reply.lower)]
    if ALL_TAKEN_BACK.search(reply.lower, made[-1].end) or _left_undecided(reply, made[-1], again):
        return Standing(None, frozenset(last))
    affirmed = _affirmed(reply, made, fallen, asked)
    turns = [claim.end for claim in made if claim.meaning in _FALLEN]
    renewed = [at for at in again if made[0].end <= at <= made[-1].at]
    final, contested = _final(reply, made), _contested(reply, made, fallen)
    if not turns and not renewed:
        return Standing(None, fallen, affirmed, final, contested)
    behind = max([*turns, *renewed])
    later = [claim for claim in made if claim.at >= behind]
    letter = _alone_held(later, fallen)
    earlier = {c.letter for c in made if c.at < behind and c.meaning == "held" and not c.by_words} - fallen
    if not renewed and letter is not None and earlier - {letter} and not later[0].turned:
        letter = None  # "It's D. A is wrong, and B is dark": two are held
    if letter is not None and renewed:
        fallen |= {claim.letter for claim in made if claim.at < behind} - {letter}
    return Standing(letter, fallen, affirmed, final, contested)


def _left_undecided(reply: Reply, last: Claim, again: list[int]) -> bool:
    """Whether the reply looks again behind its last claim and then does not know."""
    behind = [at for at in again if at >= last.end]
    return bool(behind) and UNDECIDED_BEHIND.search(reply.lower, behind[0]) is not None


def _final(reply: Reply, made: list[Claim]) -> str | None:
    """The letter behind all words and a stop: "A is offstage, C has left: D"."""
    last = made[-1]
    if last.meaning != "held" or reply.text[last.end :].strip(" .!)\"'*"):
        return None
    if len(made) < 2 or any(claim.meaning == "open" for claim in made):
        return None
    named = "".join(dict.fromkeys(claim.letter for claim in made))
    if (
        len(named) > 2
        and named in ALPHABET
        and reply.text[: last.at].rstrip(" (\n").endswith((".", "!", "?"))
    ):
        return None  # cut where it turns to the next option
    if _SECOND.search(reply.lower, made[-2].end, last.at):
        return None
    if not re.search(r"[^\W\d_]{2}", reply.text[made[-2].end : last.at]):
        return None  # a list, or shares of each
    set_off = _BEHIND_COLON if last.by_words else _SET_OFF
    return last.letter if set_off.search(reply.lower, made[-2].end, last.at) else None


def _contested(reply: Reply, made: list[Claim], fallen: frozenset[str]) -> frozenset[str]:
    """Letters that only open a sentence about them ("A is what the title suggests; B is shown")."""
    held = {claim.letter for claim in made if claim.meaning == "held"} - fallen
    told = {
        claim.letter
        for claim in made
        if not claim.by_words
        and _SAID_OF.match(reply.lower, claim.end)
        and not AFFIRMED_BEHIND.match(reply.lower, claim.end)
    }
    return frozenset(told) if len(held) > 1 else frozenset()


def _alone_held(later: list[Claim], fallen: frozenset[str]) -> str | None:
    claims_held = [claim for claim in later if claim.meaning == "held"]
    # "including the two in the background, D": letters outrank words that may be a sentence's own
    held = {c.letter for c in claims_held if not c.by_words} or {c.letter for c in claims_held}
    opened = any(claim.meaning == "open" for claim in later[_conceded(later) :])
    return held.pop() if len(held) == 1 and not opened and held.isdisjoint(fallen) else None


def _conceded(made: list[Claim]) -> int:
    """Claims before the last one that a turn holds against them: "it may look like C but is A"."""
    turned = [number for number, claim in enumerate(made) if claim.turned and claim.meaning == "held"]
    return turned[-1] if turned else 0


def _only_left(made: list[Claim], asked: Asked) -> str | None:
    """The option of which nothing is said where all others are denied: "I don't think it's A, C or D"."""
    denied = {claim.letter for claim in made if claim.meaning == "denied"}
    left = set(asked.letters) - denied
    told = any(claim.meaning != "denied" for claim in made)
    return left.pop() if len(left) == 1 and len(denied) > 1 and not told else None


def _affirmed(reply: Reply, made: list[Claim], fallen: frozenset[str], asked: Asked) -> str | None:
    called = {
        claim.letter
        for claim in made
        if claim.meaning == "held"
        and (
            AFFIRMED_BEHIND.match(reply.lower, claim.end)
            or ONLY_BEFORE.search(reply.lower, max(0, claim.at - 24), claim.at)
            or excepted(reply.lower, 0, claim.at, claim.end)
        )
    }
    if len(called) == 1 and called.isdisjoint(fallen):
        return called.pop()
    left = _only_left(made, asked)
    if left is not None and not UNDECIDED_BEHIND.search(reply.lower):
        return left
    only = _alone_held(made, fallen)
    if only is not None and fallen and any(c.letter == only and _is_answer(reply, c) for c in made):
        return only
    conceded = any(claim.meaning == "open" for claim in made[: _conceded(made)])
    if only is not None and (conceded or _concludes(reply, made[-1])):
        return only
    held = {claim.letter for claim in made if claim.meaning == "held"}
    if len(held) == 1 and held.isdisjoint(fallen) and len(made) > 1 and _is_sentence(reply, made[-1]):
        return held.pop()
    if only is None or REFUSAL.search(reply.lower):
        return None
    if len(made) > 1 and all(claim.by_words and claim.meaning == "denied" for claim in made[1:]):
        return only  # "a ferry, not a raft"
    if made[-1].letter != only or not made[-1].by_words:
        return None
    return only if fallen or DENIED_BEFORE.search(reply.lower, 0, made[-1].at) else None


def _concludes(reply: Reply, last: Claim) -> bool:
    """Whether the reply ends with an option behind a word of concluding: "thus the bus, A"."""
    sentence = max(reply.lower.rfind(mark, 0, last.at) for mark in ".!?\n")
    behind = reply.text[last.end :].strip(" .!)\"'”")
    return (
        not behind
        and last.meaning == "held"
        and CONCLUDING.search(reply.lower, sentence + 1, last.at) is not None
    )


def _is_sentence(reply: Reply, claim: Claim) -> bool:
    """Whether a claim is the last sentence of the reply and all of it: "... It does not. Linen."."""
    sentence = max(reply.lower.rfind(mark, 0, claim.at) for mark in ".!?\n")
    around = reply.text[sentence + 1 : claim.at] + reply.text[claim.end :]
    ended = not reply.text[claim.end :].strip(" .!)\"'”")
    return claim.meaning == "held" and sentence >= 0 and ended and not re.search(r"\w", around)


def _is_answer(reply: Reply, claim: Claim) -> bool:
    """Whether a word for "answer" stands right before a claim."""
    before = reply.lower[max(0, claim.at - 24) : claim.at]
    if re.search(r"\b(?:it['’]?s|it\sis|that['’]s)\s(?:option\s)?[(\"']?$", before):
        return True
    return UNSPACED_ANSWER.search(before) is not None or not ANSWER.isdisjoint(re.findall(r"\w+", before))
