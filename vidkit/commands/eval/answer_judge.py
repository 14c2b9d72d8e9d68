"""`vidkit eval --answer-judge`: unread replies are shown to a model, and what it read is reported."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from vidkit.commands.eval.options import check_engine_at, engine_at, folder_of
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError
from vidkit.evaluation.answer_judge import (
    NONE,
    VERSION,
    UnreadReply,
    parse_verdict,
    question_to_judge,
    unread_replies,
)
from vidkit.evaluation.replies import JUDGE_COLUMN, JudgedLetter
from vidkit.evaluation.running.breaker import StopRun
from vidkit.evaluation.running.judging import TRIES, Panel, Verdict
from vidkit.evaluation.running.render import prompt_sha
from vidkit.evaluation.running.resume_log import Durability, PredictionLog
from vidkit.evaluation.scoring import Joined
from vidkit.evaluation.task import Task
from vidkit.evaluation.types import Mode, Prompt
from vidkit.utils.event_loop import run_whole
from vidkit.utils.files import make_folder
from vidkit.utils.jsonl_log import read_log
from vidkit.utils.redaction import shown_url

_JUDGE = "answer-judge"


def check_answer_judge(settings: EvalSettings) -> None:
    """Refuse settings with which a judge of replies cannot work.

    Raises:
        ConfigError: no model or no address, official mode, or a comparison.
    """
    if not settings.answer_judge:
        if settings.answer_judge_model:
            raise ConfigError("answer_judge_model needs an address", "give --answer-judge URL")
        return
    if not settings.answer_judge_model:
        raise ConfigError("--answer-judge needs a model", "name it: --answer-judge-model NAME")
    if settings.mode.value == Mode.OFFICIAL:
        raise ConfigError(
            "--answer-judge does not work in official mode",
            "the authors' rules have no judge; use --mode robust",
        )
    if settings.compare:
        raise ConfigError(
            "--answer-judge does not work with --compare", "score each run with its judge instead"
        )


def read_with_judge(
    settings: EvalSettings, task: Task, joined: Joined, scoring: dict[str, Any]
) -> dict[str, Any]:
    """Show every unread reply to the judge and put its letters on the rows.

    Returns:
        Counts for the result: `unread`, `read`, `none`, `failed`, `calls`, with model, address and log.

    Raises:
        VidkitError: the judge cannot be asked; what it said so far is kept.
    """
    graded = task.functions.score(joined.rows, Mode.ROBUST, **scoring)
    unread = unread_replies(task.functions, joined.rows, graded["items"])
    log = _log_of(settings, task)
    counts = {"unread": len(unread), "read": 0, "none": 0, "failed": 0, "calls": 0}
    if unread:
        verdicts, counts["calls"] = run_whole(_judge(settings, unread, log))
        for each, verdict in zip(unread, verdicts, strict=True):
            counts[_put(each, verdict)] += 1
    return {
        "model": settings.answer_judge_model,
        "url": shown_url(str(settings.answer_judge)),
        "question": VERSION,
        **counts,
        **({"log": str(log)} if unread else {}),
    }


def plan_judge(settings: EvalSettings, task: Task, joined: Joined, scoring: dict[str, Any]) -> dict[str, Any]:
    """What a judge would be asked about these predictions; nothing is asked and its log is only read.

    Returns:
        `model`, `url`, `unread` replies, those already `answered` in the log, and `most_calls` still to make.

    Raises:
        ConfigError: an address or a model that cannot be.
    """
    check_judge_engine(settings)
    graded = task.functions.score(joined.rows, Mode.ROBUST, **scoring)
    unread = unread_replies(task.functions, joined.rows, graded["items"])
    log = _log_of(settings, task)
    read = (
        {str(row["id"]) for row in read_log(log) if _is_verdict(row)} if unread and log.is_file() else set()
    )
    answered = sum(_key(each, question_to_judge(each)) in read for each in unread)
    return {
        "model": settings.answer_judge_model,
        "url": shown_url(str(settings.answer_judge)),
        "unread": len(unread),
        "answered": answered,
        "most_calls": TRIES * (len(unread) - answered),
    }


def check_judge_engine(settings: EvalSettings) -> None:
    """Refuse an address or a model of the judge that cannot be, without a call.

    Raises:
        ConfigError: what is wrong.
    """
    check_engine_at(settings, str(settings.answer_judge_model), settings.answer_judge)


def _is_verdict(row: dict[str, Any]) -> bool:
    return row.get("error") is None and "id" in row and parse_verdict(row.get("response")) is not None


def _key(each: UnreadReply, prompt: Prompt) -> str:
    """Id of a verdict's record; with the prompt's hash two runs of one folder do not take each other's."""
    return f"{each.item.id}#{prompt_sha(prompt)[:16]}"


def told(judged: dict[str, Any]) -> str:
    """One line about what the judge did."""
    rest = f"{judged['none']} choose none, {judged['failed']} verdicts could not be read"
    return (
        f"{judged['read']} of {judged['unread']} unread replies were read by the judge '{judged['model']}' "
        f"(rule 'judge'); {rest}"
    )


def _put(unread: UnreadReply, verdict: Verdict) -> str:
    """Write a verdict down; what became of the reply."""
    said = verdict.scores.get(_JUDGE)
    if said is None:
        return "failed"
    if said == NONE:
        return "none"
    letter = chr(said)
    if letter not in unread.item.letters:
        return "failed"
    unread.row[JUDGE_COLUMN] = JudgedLetter(letter)
    return "read"


def _log_of(settings: EvalSettings, task: Task) -> Path:
    """The judge's log: in the run's or the given folder, else in one of its own."""
    model = re.sub(r"[^\w.-]+", "-", str(settings.answer_judge_model)).strip("-")
    if settings.model is not None or settings.output is not None:
        folder = folder_of(settings, task)
    else:
        folder = Path("outputs") / "eval" / f"{task.name}-answer-judge"
    return folder / f"answer_judge-{model}.jsonl"


async def _judge(settings: EvalSettings, unread: list[UnreadReply], path: Path) -> tuple[list[Verdict], int]:
    make_folder(path.parent)
    engine = engine_at(settings, str(settings.answer_judge_model), settings.answer_judge)
    log = PredictionLog(path, Durability.parse(settings.durability))
    try:
        panel = Panel({_JUDGE: engine}, log, parse_verdict)
        gate = asyncio.Semaphore(max(1, settings.server.concurrency))

        async def one(each: UnreadReply) -> Verdict:
            prompt = question_to_judge(each)
            key = _key(each, prompt)
            async with gate:
                return await panel.judge(each.item, prompt, lambda item, judge: key)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(each)) for each in unread]
        except* StopRun as stopped:
            cause = stopped.exceptions[0]
            while isinstance(cause, BaseExceptionGroup):
                cause = cause.exceptions[0]
            assert isinstance(cause, StopRun)
            raise cause.cause from None
        return [task.result() for task in tasks], panel.calls
    finally:
        await log.aclose()
        await engine.aclose()
