"""What SocialOmni asks a model and its judges, worded as `repo` (letters) or `paper` (words, persona)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.answers.decision import read_yes_no
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.tasks.social_omni.records import (
    YES,
    how_id,
    is_level_2,
    option_texts,
    parse_timestamp,
    when_id,
    who_id,
)
from vidkit.evaluation.types import Item, Part, PartKind, Prediction, Prompt, PromptMode, Row, Visuals

MODALITY = "avt"
STREAMED_KIND, JUDGED_KIND = "when", "how"
JUDGE_VERSION = "vidkit-1"
_TEXT = PartKind.TEXT
_WHO_SYSTEM = (
    "You watch and listen to a video closely and answer with the letter of one option, nothing else."
)
_WHO_TIMING = "Match what is heard to who is seen at that moment. Reply with one letter: A, B, C or D."
_WHEN_REPO = "A. YES\nB. NO\nReply with one letter: A or B."
_WHEN_PAPER = "Reply with one word: YES or NO."
_HOW = {
    "repo": "Give one short, natural utterance that this person would say now and nothing else.",
    "paper": "You are this person. Say in English, in one short natural sentence, what you would say now.",
}
_JUDGE = (
    "Compare a candidate utterance with a reference utterance from the same moment of a conversation.\n"
    "Judge whether the candidate has the same meaning and intent, and the information that matters.\n"
    "Scale: 100 equivalent; 75 mostly the same; 50 partly; 25 barely related; 0 unrelated or wrong.\n"
    "Reply with one line: Score: <0, 25, 50, 75 or 100>"
)


def items(rows: Iterable[Row]) -> Iterator[Item]:
    """Level-1 records give one item (`who`), level-2 records two (`when`, then `how` after it)."""
    for row in rows:
        if is_level_2(row):
            yield from _level_2(row)
        else:
            yield Item(
                id=who_id(row),
                group=str(row.get("video_path") or row.get("id")),
                question=str(row.get("question") or ""),
                options=option_texts(row.get("options")),
                answer=_upper(row.get("correct_answer")),
                kind="who",
                meta={
                    "video": row.get("video_path"),
                    "asr": row.get("asr_content"),
                    "metadata": row.get("metadata"),
                },
            )


def _level_2(row: Row) -> Iterator[Item]:
    first, second = row["question_1"], row.get("question_2") or {}
    clip = text_id(row.get("video_id"))
    for name, value in (("question_1", first), ("question_2", second)):
        if not isinstance(value, Mapping):
            raise DataError(
                f"record of clip '{clip}': {name} is {type(value).__name__}, not an object",
                "cells of csv and tsv cannot hold it: give the records as JSON or parquet",
            )
    seconds, note = parse_timestamp(first.get("timestamp"))
    gold = _upper(first.get("correct_answer"))
    meta: dict[str, Any] = {
        "video": row.get("video_file") or f"{clip}.mp4",
        "asr": row.get("full_asr"),
        "time_s": seconds,
        "time_note": note,
        "turn_entry_s": row.get("turn_entry_s"),
        "gold_when": gold,
    }
    yield Item(when_id(row), clip, str(first.get("question") or ""), ("YES", "NO"), gold, "when", meta=meta)
    reference = str(second.get("answer") or "")
    question = str(second.get("question") or "")
    yield Item(how_id(row), clip, question, (), reference, "how", after=when_id(row), meta=meta)


def _upper(value: object) -> str | None:
    return str(value).strip().upper() if value else None


def should_ask(item: Item, earlier: Prediction | None) -> bool:
    """Whether an item with `after` is asked: only where gold is YES and the model said YES."""
    if item.after is None:
        return True
    said_yes = earlier is not None and read_yes_no(earlier.response).letter == YES
    return item.meta.get("gold_when") == YES and said_yes


def visuals(item: Item) -> Visuals:
    """Level 1 shows the whole clip; level 2 the clip up to the annotated second."""
    level = "level_1" if item.kind == "who" else "level_2"
    end = None if item.kind == "who" else float(item.meta["time_s"])
    return Visuals(video=f"{level}/videos/{item.meta['video']}", end_s=end, audio=True)


def prompt(item: Item, mode: PromptMode) -> Prompt:
    """The question with what the modality lets through; the transcript only where `mode.asr` asks for it.

    Raises:
        DataError: unknown wording.
    """
    if mode.wording not in _HOW:
        raise DataError(f"unknown wording '{mode.wording}'", f"known: {', '.join(_HOW)}")
    parts = _seen_and_heard(mode)
    if mode.asr and item.meta.get("asr"):
        parts.append(Part(_TEXT, f"Transcript: {item.meta['asr']}"))
    ask = {"who": _ask_who, "when": _ask_when, "how": _ask_how}[item.kind]
    parts.append(Part(_TEXT, ask(item, mode)))
    return Prompt(tuple(parts), system=_WHO_SYSTEM if item.kind == "who" else "", max_tokens=256)


def _seen_and_heard(mode: PromptMode) -> list[Part]:
    seen = [Part(PartKind.FRAMES)] if "v" in mode.modality else []
    return seen + ([Part(PartKind.AUDIO)] if "a" in mode.modality else [])


def _ask_who(item: Item, mode: PromptMode) -> str:
    options = "\n".join(f"{letter}. {text}" for letter, text in item.shown)
    return f"{item.question}\n{options}\n{_WHO_TIMING}"


def _ask_when(item: Item, mode: PromptMode) -> str:
    return f"{item.question}\n{_WHEN_REPO if mode.wording == 'repo' else _WHEN_PAPER}"


def _ask_how(item: Item, mode: PromptMode) -> str:
    return f"{item.question}\n{_HOW[mode.wording]}"


def judge_id(item: Item, judge: str) -> str:
    """Id of a judge's reply to a `how` item."""
    return f"judge/{item.group}/{judge}"


def judge_prompt(item: Item, reply: str, transcript: bool = False) -> Prompt:
    """What a judge is asked about a reply; with `transcript` also what was said before (paper)."""
    heard = f"Transcript so far: {item.meta['asr']}\n" if transcript and item.meta.get("asr") else ""
    text = f"{_JUDGE}\n\n{heard}Reference: {item.answer}\nCandidate: {reply}"
    return Prompt((Part(_TEXT, text),), max_tokens=64)
