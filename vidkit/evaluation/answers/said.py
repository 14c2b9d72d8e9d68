"""What a reply says once thinking, chat roles and special tokens are taken away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from vidkit.evaluation.answers.characters import folded

_NAMES = (
    r"(?:\w{1,16}[:_-])?(?:think(?:ing|_fast|_never_used\w{0,40})?|thoughts?|reason(?:ing)?(?:_content)?"
    r"|reflection"
    r"|analysis|scratch_?pad|cot|rationale|deliberation|inner_?monologue|internal|planning|brainstorm"
    r"|chain[_-]of[_-]thought|reasoning_?process|thought_?process)"
)
_OPEN = re.compile(
    rf"<\|?\s?{_NAMES}\s?\|?>|◁{_NAMES}▷|\[{_NAMES}\]|<\|?(?:begin|start)_(?:of_)?(?:thought|thinking|reasoning)\|?>"
    rf"|<unused94>",
    re.IGNORECASE,
)
_CLOSE = re.compile(
    rf"<\|?\s?/\s?\|?{_NAMES}\s?\|?>|<\|/{_NAMES}\|>|◁/{_NAMES}▷|\[/{_NAMES}\]"
    rf"|<\|?end_(?:of_)?(?:thought|thinking|reasoning)\|?>|<unused95>",
    re.IGNORECASE,
)
# chat pages fold thinking away; other details are part of the answer
_FOLDED = re.compile(
    r"<details\b[^<>]{0,80}\btype\s?=\s?[\"']?(?:reason|think)[^<>]{0,80}>"
    r"|<details\b[^<>]{0,80}>\s{0,8}<summary>[^<>]{0,40}(?:think|thought|reason)[^<>]{0,40}</summary>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"<\|channel\|>\s?(\w{1,20})[^<]{0,40}<\|message\|>", re.IGNORECASE)
_ASSISTANT = re.compile(
    r"<\|im_start\|>\s?assistant\b|<\|start_header_id\|>\s?assistant\s?<\|end_header_id\|>|<\|assistant\|>"
    r"|<start_of_turn>\s?model\b|\[/INST\]|<｜Assistant｜>|(?:^|\n)[#* ]{0,6}(?:assistant|response"
    r"|model)\b[* ]{0,3}(?::|\n)",
    re.IGNORECASE,
)
_USER = re.compile(
    r"<\|im_start\|>\s?(?:user|system|human)\b|<\|start_header_id\|>\s?(?:user|system)\b|<\|user\|>"
    r"|<start_of_turn>\s?user\b"
    r"|\[INST\]|<｜User｜>|(?:^|\n)[#* ]{0,6}(?:user|human|system)\b[* ]{0,3}(?::|\n)",
    re.IGNORECASE,
)
_ROLES = ("assistant", "user", "model", "inst]", "human", "response", "system")
_SPECIAL = re.compile(
    r"<\|[^<>|\n]{1,40}\|>|<｜[^<>｜\n]{1,40}｜>|</?s>|</?(?:eos|bos|pad|unk|eot|eod|sep|cls|mask)>"
    r"|<(?:end|start)_of_(?:turn|text|utterance|image)>|\[/?(?:INST|EOS|BOS|PAD|SEP|CLS)\]|<0x0[AD]>",
    re.IGNORECASE,
)
# sections with heads alone: "[Reasoning] ... [Answer] C"
_ANSWERED = re.compile(
    r"\[(?:final[ _-]?)?(?:answer|response|output)\]|<(?:final[_-]?)?(?:answer|response)>", re.IGNORECASE
)
_BOX = re.compile(r"<\|(begin|end)_of_(?:box|solution|answer)\|>", re.IGNORECASE)


_NAMES_IN = (
    "think", "thought", "reason", "reflection", "analysis", "scratch", "cot", "rationale",
    "deliberation", "monologue",
    "internal", "planning", "brainstorm", "unused9",
)  # fmt: skip
_NAMED = re.compile("|".join(_NAMES_IN))
_BRACKETS = "<[◁"
_FEW = 32  # brackets of an ordinary reply: each is looked at
_MOST = 1000  # names looked at from either end
_LEAD = 40  # characters that may stand before the name within a mark


_own_tags: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("own_tags", default=())


@contextmanager
def own_think_tags(tags: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Within it, thinking stands between these pairs of marks too, for every reply that is read."""
    token = _own_tags.set(tuple(tags))
    try:
        yield
    finally:
        _own_tags.reset(token)


def has_own_think_tags() -> bool:
    """Whether replies are read with `own_think_tags` now."""
    return bool(_own_tags.get())


def after_thinking(text: str, tags: Sequence[tuple[str, str]] = ()) -> str | None:
    """The reply without its thinking; None where the thinking never ended and nothing was said before it.

    Args:
        text: the reply.
        tags: opening and closing marks of thinking, beside the known ones.
    """
    tagged = "<" in text
    if tagged and "<|channel|>" in text:
        text = _final_channel(text)
    if text.startswith("analysis"):
        text = _unmarked_channels(text)
    if tagged and "<details" in text:
        text = _unfolded(text)
    marks = _marks(text, (*tags, *_own_tags.get()))
    closes = [mark for mark in marks if not mark.opens]
    said = text
    if closes:
        rest = text[closes[-1].end :]
        said = rest if _has_words(rest) else _outside(text, marks)
        marks = [mark for mark in marks if mark.opens and mark.start >= closes[-1].end]
    if marks:
        said = text[closes[-1].end if closes else 0 : marks[0].start]
        if not _has_words(said):
            answered = list(_ANSWERED.finditer(text, marks[-1].end))
            if not answered:
                return None
            said = text[answered[-1].end() :]
    return _last_turn(said)


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    opens: bool


def _marks(text: str, tags: Sequence[tuple[str, str]]) -> list[_Mark]:
    """Marks of thinking, in order; found by their names, since a reply may hold a million brackets."""
    found: dict[int, _Mark] = {}
    brackets = sum(map(text.count, _BRACKETS))
    if 0 < brackets <= _FEW:
        found = dict(_marks_at(text, _places(text)))
    elif brackets:
        lower = folded(text)
        names = list(_NAMED.finditer(lower)) if any(name in lower for name in _NAMES_IN) else []
        for name in names if len(names) <= 2 * _MOST else names[:_MOST] + names[-_MOST:]:
            low = max(0, name.start() - _LEAD)
            start = max(text.rfind(char, low, name.start()) for char in _BRACKETS)
            if start >= 0 and start not in found:
                found.update(_marks_at(text, [start]))
    for pair in tags:
        for mark, opens in zip(pair, (True, False), strict=True):
            at = text.find(mark) if mark else -1
            while at >= 0:
                found[at] = _Mark(at, at + len(mark), opens)
                at = text.find(mark, at + len(mark))
    return [found[start] for start in sorted(found)]


def _places(text: str) -> Iterator[int]:
    for bracket in _BRACKETS:
        at = text.find(bracket)
        while at >= 0:
            yield at
            at = text.find(bracket, at + 1)


def _marks_at(text: str, places: Iterable[int]) -> Iterator[tuple[int, _Mark]]:
    for start in places:
        for pattern, opens in ((_OPEN, True), (_CLOSE, False)):
            match = pattern.match(text, start)
            if match is not None:
                yield start, _Mark(start, match.end(), opens)


def _has_words(text: str) -> bool:
    return any(c.isalnum() for c in _SPECIAL.sub("", text[:4000]))


def _unfolded(text: str) -> str:
    """Folded thinking between marks of thinking; what is folded and never ends is open thinking."""
    kept, at = [], 0
    for match in _FOLDED.finditer(text):
        if match.start() < at:
            continue
        end = text.find("</details>", match.end())
        kept += [text[at : match.start()], "<think>"]
        if end < 0:
            return "".join(kept)
        kept += [text[match.end() : end], "</think>"]
        at = end + len("</details>")
    return "".join([*kept, text[at:]])


def _final_channel(text: str) -> str:
    """The final channel of a reply in channels; an analysis that no final follows is open thinking."""
    channels = list(_CHANNEL.finditer(text)) if "<|channel|>" in text else []
    if not channels:
        return text
    last = channels[-1]
    return text[last.end() :] if last.group(1).lower() == "final" else "<think>"


def _unmarked_channels(text: str) -> str:
    """Channels whose special tokens a server dropped: "analysisThe user asks ...assistantfinalB"."""
    final = text.rfind("assistantfinal")
    if final >= 0:
        return text[final + len("assistantfinal") :]
    return "<think>" if text[8:9].isupper() else text


def _outside(text: str, marks: Sequence[_Mark]) -> str:
    """What stands outside of closed thinking; all that precedes a close without an opening is thinking."""
    kept, at, inside = [], 0, marks[0].opens is False
    for mark in marks:
        if mark.opens and not inside:
            kept.append(text[at : mark.start])
        inside = mark.opens
        at = mark.end
    return " ".join([*kept, text[at:]])


def _last_turn(text: str) -> str:
    """The model's own turn: a conversation's last one, or all before a user's turn that it made up."""
    if "<" not in text and "[" not in text and not _has_role_line(text):
        return text
    lower = text.lower()
    if not any(word in lower for word in _ROLES):
        return text
    user = _USER.search(text)
    starts = [match.end() for match in _ASSISTANT.finditer(text)]
    if user is not None and _has_words(_ASSISTANT.sub("", text[: user.start()])):
        text = text[: user.start()]
        starts = [at for at in starts if at <= len(text)]
    if starts and _has_words(text[starts[-1] :]):
        text = text[starts[-1] :]
    return text


def _has_role_line(text: str) -> bool:
    """Whether a line begins with a role, as all marks of turns do that have no brackets."""
    return any(line[:_LEAD].lstrip("#* ").casefold().startswith(_ROLES) for line in text.split("\n"))


def without_tokens(text: str) -> str:
    """The words without a tokenizer's special tokens."""
    if "<" not in text and "[" not in text:
        return text
    text = _BOX.sub(lambda match: "<answer>" if match.group(1).lower() == "begin" else "</answer>", text)
    return _SPECIAL.sub(" ", text)
