"""Read yes or no out of a reply."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vidkit.evaluation.answers.characters import plain_characters
from vidkit.evaluation.answers.choice import Choice, reply_text
from vidkit.evaluation.answers.clean import cleaned, windowed
from vidkit.evaluation.answers.fields import json_answer, json_truth, tagged
from vidkit.evaluation.answers.said import after_thinking, without_tokens
from vidkit.evaluation.answers.words import REFUSAL

_YES_WORDS = r"yes|yeah|yep|ja|oui|sí|sim|sì|да|так|evet|ya|có|tak|ano|igen|kyllä|ναι"
_NO_WORDS = r"no|nope|nein|non|não|нет|ні|nej|nee|hayır|tidak|không|nie|ne|nem|ei|όχι"
_WORD = re.compile(
    rf"\b(?:(?P<yes>{_YES_WORDS})|(?P<no>{_NO_WORDS}))\b(?!\s+(?:idea|answer|clue|way|information|comment|response|opinion|doubt|problem)\b)"
    r"|(?P<yes_>はい|是的|有的|^[是有对對][。.!]?$|네[,.\s]|예[,.\s]|نعم|כן|हाँ|हां|ใช่)|(?P<no_>いいえ|不是|没有|沒有|아니요|아니오|لا\b"
    r"|לא|नहीं|ไม่ใช่|^否|^不|^没)",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:(?P<yes>yes)|(?P<no>no))\b(?!\s+(?:idea|answer|clue|way|information|comment|response|opinion"
    r"|doubt|problem)\b)"
)
_DECLARED = re.compile(
    r"\b(?:answer|response|verdict|conclusion|prediction)\b[\s*_`\"']{0,8}+(?:(?:is|are|would\s+be"
    r"|should\s+be|must\s+be)\b|=)?[\s*_`\"']{0,8}+[:：–—-]?"
    r"[\s\"'“(\[{<]{0,8}+(?:(?:clearly|definitely|therefore|probably|likely"
    r"|simply)[\s,]+)?(?P<not>not\s+)?[\"'“(]?(?P<word>yes|no)\b(?!\s*(?:/|or\b|and\b))"
    r"|boxed\{[\s{]{0,4}(?P<box>yes|no)\b"
)
_LEADING = re.compile(
    rf"[\W_]{{0,12}}+(?:(?P<yes>{_YES_WORDS})|(?P<no>{_NO_WORDS}))\b(?=\s*(?:[,.;:!)\n–—\"'”\]]|-\s|$))"
)
_CHANGED = re.compile(
    r"\b(?:wait|actually|correction|on second thought|scratch that|i mean|sorry|oops|rather|let me re)\b"
    r"|[.!?…]\s*(?:yes|no)\b"
)
# the word that takes an earlier one back: "yes... actually no", "Yes? No, he leaves", "wait, no. Yes."
_TAKEN = re.compile(
    r"(?:\bwait[,.]?\s(?:no[,.!]?\s)?|\bactually[,:]?\s|\?\s|\bbut\s|\bit(?:['’]s|\sis)\s|\bscratch\sthat[,:.]?\s|\bi\smean(?:t)?[,:]?\s"
    r"|\bsorry[,:]?\s|\bcorrection[,:]?\s|\brather[,:]?\s)(yes|no)\b(?!\s(?:idea|answer|way|doubt|information))"
)
_CHANGED_ANY = re.compile(
    r"\b(?:wait|actually|scratch|mean|meant|sorry|correction|rather|not|but|n['’]t)\b|n['’]t\b|\?"
)
_HEDGED = re.compile(
    r"\b(?:could|might|may)\s(?:also\s)?be\s(?:yes|no)\b|\b(?:yes|no)\s(?:would|could|might)\b|\bnot\s(?:yes|no)\b"
)
_BOTH = re.compile(r"\b(?:yes\s*(?:/|or|and|nor)\s*no|no\s*(?:/|or|and)\s*yes|neither yes|both yes)\b")


def parse_yes_no(text: object, think_tags: Sequence[tuple[str, str]] = ()) -> Choice:
    """Read YES or NO: the last declared, else the one at the head, else whole words; both: `ambiguous`."""
    raw = reply_text(text)
    said = after_thinking(raw, think_tags) if raw else ""
    if said is None:
        return Choice(None, "truncated")
    said = without_tokens(plain_characters(windowed(said)))
    structured, value = json_answer(said)
    inner = value if structured else tagged(said)
    if inner is not None and inner.strip():
        said = inner
    elif structured:
        truth = json_truth(said)
        return Choice(None, "unparsed") if truth is None else Choice("YES" if truth else "NO", "field")
    lower = cleaned(said).lower().strip()
    if not lower:
        return Choice(None, "empty")
    return _decide(lower)


def _decide(lower: str) -> Choice:
    declared = [m for m in _DECLARED.finditer(lower)]
    if declared:
        last = declared[-1]
        word = last.group("word") or last.group("box")
        if last.group("not"):
            word = {"yes": "no", "no": "yes"}[word]
        return Choice(word.upper(), "declaration")
    if _BOTH.search(lower):
        return Choice(None, "ambiguous")
    leading = _LEADING.match(lower)
    if leading is not None and not _CHANGED.search(lower, leading.end()):
        return Choice("YES" if leading.group("yes") else "NO", "yes_no")
    if (taken := _TAKEN.findall(lower)) and _CHANGED_ANY.search(lower):
        return Choice(taken[-1].upper(), "correction")
    lower = _HEDGED.sub(" ", lower)
    words = _ENGLISH if re.search(r"\b(?:the|is|are|there|i|it)\b", lower) else _WORD
    found = list(words.finditer(lower))
    yes = any(_is(match, "yes") for match in found)
    no = any(_is(match, "no") for match in found)
    if yes != no:
        return Choice("YES" if yes else "NO", "yes_no")
    if yes and no:
        return Choice(None, "ambiguous")
    return Choice(None, "refused" if REFUSAL.search(lower) else "unparsed")


def _is(match: re.Match[str], name: str) -> bool:
    groups = match.groupdict()
    return bool(groups.get(name) or groups.get(f"{name}_"))
