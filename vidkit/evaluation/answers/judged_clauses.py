"""Replies in Chinese that judge the options one by one: "A选项正确，因为……。B选项错误……"."""

from __future__ import annotations

import re

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.choice import Choice
from vidkit.evaluation.answers.values import Reply

# "选项A和B", "A、B选项", "BCD项", "B项": one option or several that are judged together
_LETTERS = r"[A-J](?:\s?(?:[、,，和与及]|以及)?\s?[A-J]){0,8}"
_OPTION = re.compile(
    rf"选项\s?(?P<behind>{_LETTERS})(?![A-Za-z])|(?<![A-Za-z])(?P<before>{_LETTERS})\s?(?:选项|项)"
    rf"|(?:^|\n)\s{{0,4}}(?P<line>[A-J])\s?[.．、:：]"
)
_RIGHT = re.compile(r"(?<![不未无非])(?:正确|符合|准确|成立|合理)(?!与否)|是对的")
_WRONG = re.compile(
    r"错误|错的|有误|(?:不|并未|没有|未|无)(?:\w{0,3})?(?:正确|符合|准确|成立|合理|对应|相关|支持|提及|提到|涉及|选)"
    r"|无关|排除|不对|并非|无法|不能|不是|不足"
)
_OTHERS = re.compile(
    r"(?:其他|其它|其余|剩下)(?:的)?(?:\w{0,2}选项|各项|三项|三个)?(?:都|均)?(?P<said>[^。；]{0,12})"
)
# "错误的叙述是B": what was asked for, called by its name
_CONCLUDED = re.compile(
    rf"的(?:叙述|说法|选项|描述|做法|表述|解释|答案|结论|一项)?(?:应该|应)?[是为]\s?(?:选项\s?)?(?P<letters>{_LETTERS})\s?(?:选项|项)?"
    r"(?=[。，,；;：:.\s（(“\"]|$)"
)
# "综上，选项B、C都是正确的": several are called alike at the end
_SEVERAL = re.compile(rf"{_LETTERS}\s?(?:选项|项)?\s?(?:都|均|也都)?(?:是)?(?:不|错|正)\w{{1,4}}[。.\s]*$")
_CLOSING = 60
_LONGEST = 4_000


def judged_clauses(reply: Reply, asked: Asked) -> Choice | None:
    """What a reply says that judges its options in clauses; None of a reply that does not."""
    right, wrong = _judged(reply, asked)
    concluded = list(_CONCLUDED.finditer(reply.text)) if right or wrong else []
    if concluded and len(reply.text) - concluded[-1].end() < _CLOSING:
        named = {letter for letter in concluded[-1].group("letters") if letter in asked.letters}
        return Choice(named.pop(), "verdict") if len(named) == 1 else Choice(None, "ambiguous")
    if len(right) + len(wrong) < 2:
        return None
    only = _odd_one(right, wrong, asked)
    several = _SEVERAL.search(reply.text[-_CLOSING:])
    alike = set(several.group()) & set(asked.letters) if several is not None else set()
    if len(alike) > 1 and (only is None or only in alike):
        return Choice(None, "ambiguous")
    return Choice(only, "verdict" if only is not None else "unparsed")


def _judged(reply: Reply, asked: Asked) -> tuple[set[str], set[str]]:
    """The options that are called right and those that are called wrong, each by its last verdict."""
    if "项" not in reply.text or len(reply.text) > _LONGEST:
        return set(), set()
    marks = list(_OPTION.finditer(reply.text))
    if not marks:
        return set(), set()
    verdict = dict[str, bool]()
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        said = reply.text[mark.end() : following.start() if following is not None else len(reply.text)]
        said = _OTHERS.split(said)[0]
        right, wrong = _last(_RIGHT, said), _last(_WRONG, said)
        named = mark.group("behind") or mark.group("before") or mark.group("line")
        if right != wrong:
            verdict.update({letter: right > wrong for letter in named if letter in asked.letters})
    others = _OTHERS.search(reply.text)
    alike = others["said"] if others is not None else ""
    if _last(_RIGHT, alike) != _last(_WRONG, alike):
        are_right = _last(_RIGHT, alike) > _last(_WRONG, alike)
        verdict.update(dict.fromkeys(set(asked.letters) - set(verdict), are_right))
    called = {letter for letter, is_right in verdict.items() if is_right}
    return called, set(verdict) - called


def _odd_one(right: set[str], wrong: set[str], asked: Asked) -> str | None:
    """The option that alone is right or, where all are judged, alone is wrong: that one was asked for."""
    if len(right) == 1 and len(wrong) > 1:
        return next(iter(right))
    complete = len(right | wrong) == len(asked.letters) > 2
    return next(iter(wrong)) if complete and len(wrong) == 1 else None


def _last(pattern: re.Pattern[str], said: str) -> int:
    return max((match.end() for match in pattern.finditer(said)), default=-1)
