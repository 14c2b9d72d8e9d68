"""What Video-MME-v2 asks a model: order of parts as in the authors' script, wording ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vidkit.evaluation.tasks.video_mme_v2.grading import option_texts, question_id, video_id
from vidkit.evaluation.types import Item, Part, PartKind, Prompt, PromptMode, Row, SubtitleMode, Visuals

_FRAMES_LINE = "The pictures above are frames of one video, in order of time."
_SUBTITLES_LINE = "These are the subtitles of the video:"
_INTERLEAVED_LINE = "Subtitles stand between the frames, each after the frame during which it is spoken."
_INSTRUCT = "Choose the best option. Reply with its letter only, one of A, B, C, D, E, F, G, H."
_REASON = (
    "Choose the best option. Explain your reasoning step by step, then finish with one last line of the form "
    "`Final Answer: <letter>`, where the letter is one of A, B, C, D, E, F, G, H."
)
_MAX_TOKENS = {False: 64, True: 4096}
_META = ("group_type", "group_structure", "level", "second_head", "third_head", "url")


def items(rows: Iterable[Row]) -> Iterator[Item]:
    """One item a row; answers may be absent when a model is only to be asked."""
    for row in rows:
        answer = row.get("answer")
        yield Item(
            id=question_id(row.get("question_id")),
            group=video_id(row.get("video_id")),
            question=str(row.get("question") or ""),
            options=option_texts(row.get("options")),
            answer=str(answer).strip().upper() if answer else None,
            meta={name: row.get(name) for name in _META},
        )


def visuals(item: Item) -> Visuals:
    """`videos/<video_id>.mp4` and `subtitle/<video_id>.jsonl` below the media folder."""
    return Visuals(video=f"videos/{item.group}.mp4", subtitles=f"subtitle/{item.group}.jsonl", audio=True)


def prompt(item: Item, mode: PromptMode) -> Prompt:
    """Frames, a line about them (and the subtitles), the question with its options, the instruction."""
    parts = _seen_and_heard(mode)
    options = "\n".join(f"{letter}. {text}" for letter, text in item.shown)
    instruction = _REASON if mode.reasoning else _INSTRUCT
    parts.append(Part(PartKind.TEXT, f"Question: {item.question}\n{options}\n{instruction}"))
    return Prompt(tuple(parts), max_tokens=_MAX_TOKENS[mode.reasoning])


def _seen_and_heard(mode: PromptMode) -> list[Part]:
    parts: list[Part] = []
    if "v" in mode.modality:
        if mode.subtitles is SubtitleMode.INTERLEAVE:
            parts += [
                Part(PartKind.FRAMES_WITH_SUBTITLES),
                Part(PartKind.TEXT, f"{_FRAMES_LINE} {_INTERLEAVED_LINE}"),
            ]
        else:
            parts += [Part(PartKind.FRAMES), Part(PartKind.TEXT, _FRAMES_LINE)]
    if "a" in mode.modality:
        parts.append(Part(PartKind.AUDIO))
    if mode.subtitles is SubtitleMode.SUBS:
        parts += [Part(PartKind.TEXT, _SUBTITLES_LINE), Part(PartKind.SUBTITLES)]
    return parts
