"""Capital letters that stand alone in a reply: which are left open, and which are ruled out."""

from __future__ import annotations

import re

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.evidence import is_quantity
from vidkit.evaluation.answers.polarity import LIKEWISE, LIKEWISE_BEHIND
from vidkit.evaluation.answers.recital import is_cut
from vidkit.evaluation.answers.values import Reply, letter_end
from vidkit.evaluation.answers.words import (
    IF_BEHIND,
    JOINERS,
    NEGATIVE_AFTER,
    NEGATIVE_BEFORE,
    UNCERTAIN_BEFORE,
)

# scripts without blanks may touch the letter
MENTION = re.compile(r"(?<![/'’.&@#°-])(?<![^\W\u2e80-\uffff])[A-Z](?!['’+#&])(?![^\W\u2e80-\uffff])")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NAMED = re.compile(
    r"(?:figure|fig\.?|frame|image|picture|panel|scene|clip|video|camera|team|player|group"
    r"|part|section|step|point"
    r"|vitamin|hepatitis|type|class|grade|plan|level|shot|appendix|table|room|gate|platform|sign|letter"
    r"|note|key|chord|statement|exit|door|hall|block|building|apartment|floor|line|bus|zone|area|terminal|point|size|cup|wing|flat|station|stage|track|lane|row|seat|mr\.?|mrs\.?|ms\.?|dr\.?)s?\s*$",
    re.IGNORECASE,
)
# no choice either: "he got a B", "from A to Z", "there is no evidence for A", "let me look at option A"
_NO_CHOICE = re.compile(
    r"\b(?:gets?|got|scor\w{1,3}|earn\w{0,2}|receiv\w{1,2})\san?\s$|\ban\s$|\b(?:hesitate|torn|toss-up)\sbetween\s$|\bfrom\s$|\bvs\.?\s$"
    r"|(?:doubt\sthat\sit\sis|(?:no|enough)\s(?:\w+\s)?evidence\sfor|anything\sbut|all\sbut"
    r"|\bconsider(?:ing)?(?:\soption)?|\bsays?:?)\s[\"'“(]{0,2}$"
)
_LISTING = re.compile(r"\b(?:option|choice)\s$")


def mentions(reply: Reply, asked: Asked) -> tuple[dict[str, int], set[str]]:
    """Capital letters that stand alone, with their first places, and those that are ruled out."""
    open_, ruled_out = dict[str, int](), set[str]()
    text, lower, at = reply.text, reply.lower, 0
    for match in list(MENTION.finditer(text))[-200:]:
        letter = match.group()
        if match.start() < at or letter not in asked.letters:
            continue
        if letter_end(reply, match.start(), asked) is None and not _list_member(reply, match.end()):
            continue
        if is_quantity(reply, match.end(), asked, letter):
            continue
        group, at = _list(reply, match.start(), asked)
        before = lower[max(0, match.start() - 90) : match.start()]
        negative = NEGATIVE_AFTER.match(lower, at)
        if NAMED.search(before) or lower[at : at + 2].lstrip(") ").startswith("?"):
            continue
        if len(group) == 1 and (open_ or len(text) > at + 2) and is_cut(reply, at, asked, group):
            continue
        if UNCERTAIN_BEFORE.search(before) or _NO_CHOICE.search(before) or IF_BEHIND.match(lower, at):
            continue
        if not text[at:].strip() and match.start() > 20 and _LISTING.search(before):
            continue  # cut where it starts to look at an option
        likewise = LIKEWISE.search(before) or LIKEWISE_BEHIND.match(lower, at)
        if NEGATIVE_BEFORE.search(before) or negative or (likewise and ruled_out and not open_):
            ruled_out |= set(group)
            continue
        for each in group:
            open_.setdefault(each, match.start())
    return {x: place for x, place in open_.items() if x not in ruled_out}, ruled_out


def _list_member(reply: Reply, end: int) -> bool:
    word = re.match(r"\s+(\w+)", reply.text[end : end + 12])
    return word is not None and (word.group(1).lower() in JOINERS or word.group(1) in ALPHABET)


def _list(reply: Reply, at: int, asked: Asked) -> tuple[str, int]:
    """A run of letters such as "A, B and C", and where it ends."""
    letter = rf"[(\[]?[{asked.letters}][)\]]?(?![A-Za-z0-9_'’])"
    word = r"(?:and|or|nor|und|oder|et|ou|y|o|e|и|или|&|/|和|或|、)"
    match = re.compile(
        rf"{letter}(?:(?:\s{{0,3}},\s{{0,3}}(?:{word}\s{{1,3}})?|\s{{0,3}}{word}\s{{0,3}})(?:options?\s)?{letter}){{0,8}}"
    ).match(reply.text, at)
    if match is None:
        return reply.text[at], at + 1
    return "".join(
        c for c in re.sub(r"[a-z]{2,}|[^A-Z]", "", match.group()) if c in asked.letters
    ), match.end()
