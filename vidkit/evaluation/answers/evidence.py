"""What a place of a reply is worth: formulas, passing words of a long reply and a broken end are no evidence.

A reply that reasons at length names options in passing, uses their letters for quantities ("E = mc^2") and
may stop anywhere. An explicit answer counts wherever it stands; weaker words count only where a conclusion
would stand, and not in a reply that breaks off or ends by finding no option right. What is not sure is left
unread.
"""

from __future__ import annotations

import re

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.values import Reply, Value, follows

LONG = 400
"""Characters from which on a reply is taken for one that reasons."""
_OPENING = 160  # characters in which a reply may state its answer before it explains
_CLOSING = 240  # and in which it may conclude
_AT_THE_END = 40  # behind an option's own words that conclude a long reply
_OFTEN, _VARIOUS = 8, 3

# the letter or number before this is a part of a formula
_GOES_ON = re.compile(
    r"\s?'?(?:\s?(?:[=<>≈≤≥∝^×·±+]|\\[a-z(]|->|→|⊃|≡)|[_{]|\([a-z0-9_]{1,3}\)\s?=|\s\w\^|\(\s?\d+\s?,\s?\d+\s?\)|的|\([A-Za-z]\s?[-+/^=|,]\s?\w|\s?\(\s?\d+\s?[-+/^])"
)
_FUNCTION = re.compile(r"\([a-z0-9_]{1,3}\)\s?=|\(\s?\d+\s?,\s?\d+\s?\)")
_GIVEN = re.compile(r"\s?=\s?[\d-]")
_COUNTS_ON = re.compile(r"\s{0,2}(?:[=+/^×·±<>≈](?=\s?[\w(\\])|\\[a-z(]|-\s?\d|\s{1,2}\(?\d|\([a-z\d])")
_LISTS = re.compile(r"\.\s[A-Z]")
_ENDED = re.compile(r"[.!?…。！？।؟)\]\"'”’»}>|:*✓✔✅]\s*$")
NONE_OFFERED = re.compile(
    r"\b(?:none\sof\s(?:the\s|these\s|those\s)?(?:\w+\s){0,2}(?:above|options?|answers?|choices?|alternatives)"
    r"|no\s(?:correct|right|valid|matching|suitable)\s(?:answer|option|choice|match)"
    r"|not\s(?:listed|provided|given|included|present|available|among|one\sof)\b[^.!?\n]{0,24}"
    r"(?:options?|choices?|answers?|list(?:ed)?)\b"
    r"|not\slisted|not\san\soption|(?:error|mistake|problem)\s(?:in|with)\s(?:the|this)\s(?:question|options|problem|provided)"
    r"|(?:question|options?|choices)\s(?:is|are|seems?)\s(?:to\sbe\s)?(?:incorrect|incomplete|flawed|wrong|not\scomplete))"
)
# the same in Chinese, with questions that are called faulty
_FAULTY = re.compile(
    r"题目(?:可能|本身|应该|数据|中的数据)?(?:有误|出错|存在错误)|(?:没有|无)正确(?:的)?(?:答案|选项)"
    r"|(?P<options>选项)[^\WA-Za-z]{0,4}都(?:不对|不正确|错误|没有)"
)
# "其他三个选项", "BCD选项": some of the options, not all
_SOME = re.compile(
    r"(?:(?<![A-Za-z])[A-J]{1,9}|其他|其它|其余|另外|剩下|剩余|余下)的?(?:[两二三四五六七八九几\d]个?)?\s?$"
)
# "(a) the slip is 0.1 ...": a part of the question is answered, not an option chosen
_PART = re.compile(r"\s{0,4}\(?\s?(?P<letter>[ai])\s?\)\s")
_MARK = re.compile(r"\(?([B-J])[.):]")
_OPTION_LINE = re.compile(r"(?:option\s)?[\s(\[*]{0,4}[A-Z][\s)\]*]{0,3}[.:)]", re.IGNORECASE)


def is_quantity(reply: Reply, end: int, asked: Asked, letter: str) -> bool:
    """Whether the letter that ends there is a quantity of a formula: "E = mc^2", "P(A | B)", "C(t) = 3t"."""
    return _GOES_ON.match(reply.text, end) is not None and not follows(reply, end, asked, letter)


def is_function(reply: Reply, value: Value) -> bool:
    """Whether a letter is the name of a function that is given there: "the answer to it is C(t) = 3t"."""
    if value.kind != "letter":
        return False
    variable = reply.text[value.end - 1 : value.end].islower() and _GIVEN.match(reply.text, value.end)
    return bool(variable) or _FUNCTION.match(reply.text, value.end) is not None


def counts_on(reply: Reply, end: int) -> bool:
    """Whether a calculation or a numbered list goes on behind a number ("= 5 + 3", "1. Choose ...")."""
    number = reply.text[end - 1 : end].isdigit()
    return _COUNTS_ON.match(reply.text, end) is not None or (
        number and _LISTS.match(reply.text, end) is not None
    )


def is_passing(reply: Reply, at: int, value: Value, asked: Asked) -> bool:
    """Whether a long reply says something in the midst of its reasoning, or in a calculation."""
    length = len(reply.text)
    alone = value.kind == "letter" and len(value.letters) == 1
    if alone and is_quantity(reply, value.end, asked, value.letters):
        return True
    if value.kind == "text" and counts_on(reply, value.end):
        return True
    if length <= LONG:
        return False
    if value.kind == "text":
        return len(reply.text[value.end :].strip()) > _AT_THE_END
    if reply.text[at : at + 2].strip() == "=" and length - value.end > _CLOSING:
        return True
    return at > _OPENING and length - value.end > _CLOSING


def answers_parts(reply: Reply, asked: Asked) -> bool:
    """Whether a long reply opens with the first part of what was asked: "(a) The slip is ..."."""
    match = _PART.match(reply.text) if len(reply.text) > LONG else None
    return match is not None and not follows(reply, match.end(), asked, match.group("letter").upper())


def breaks_off(reply: Reply) -> bool:
    """Whether a long reply stops within a sentence or a formula."""
    line = reply.text.rstrip().rpartition("\n")[2]
    if len(reply.text) <= LONG or len(line) <= _AT_THE_END or _ENDED.search(line) is not None:
        return False
    return _OPTION_LINE.match(line) is None or "\n" not in reply.text


def turns_to_next(reply: Reply) -> bool:
    """Whether the last line is the mark of an option alone, below a line on the option before it."""
    above, _, line = reply.text.rstrip().rpartition("\n")
    mark, before = _MARK.fullmatch(line.strip()), above.rstrip().rpartition("\n")[2]
    if mark is None:
        return False
    line = line.strip()
    return (
        before.lstrip().startswith(line.replace(mark.group(1), chr(ord(mark.group(1)) - 1)))
        and len(before) > 20
    )


def finds_none(reply: Reply, at: int = 0) -> bool:
    """Whether a reply says behind a place that no option is right."""
    return NONE_OFFERED.search(reply.lower, at) is not None or is_faulty(reply, at)


def is_faulty(reply: Reply, at: int = 0) -> bool:
    """Whether a reply in Chinese calls the question faulty or all its options wrong."""
    if reply.text.isascii():
        return False
    found = _FAULTY.finditer(reply.text, at)
    return any(not (one["options"] and _SOME.search(reply.text, at, one.start())) for one in found)


def goes_round(letters: list[str]) -> bool:
    """Whether a reply declares one answer after the other over and over, as a model in a loop does."""
    again = [letter for letter in set(letters) if letters.count(letter) > 1]
    return len(letters) >= _OFTEN and len(again) >= _VARIOUS
