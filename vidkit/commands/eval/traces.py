"""The runs of a log for the page: questions and pictures of the data, beside what was thought and done."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.agents.trace_page import MOST, TracedRun, trace_block
from vidkit.commands.eval.options import rows_of
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import VidkitError
from vidkit.evaluation.rows import read_rows
from vidkit.evaluation.task import Task
from vidkit.evaluation.types import Item

if TYPE_CHECKING:
    import PIL.Image


def traces(settings: EvalSettings, task: Task, data: Path, result: Mapping[str, Any], log: str | Path) -> str:
    """A block of HTML with every run of the log.

    Args:
        settings: of the command.
        task: benchmark.
        data: its questions.
        result: scores, for who was right.
        log: predictions of the run.
    """
    replies = {str(row.get("id")): row for _, row in read_rows(log)}
    scored = {str(one.get("id")): one for one in result.get("items") or [] if isinstance(one, Mapping)}
    items = (one for one in task.functions.items(rows_of(task, data, settings.limit)) if one.id in replies)
    media = Path(settings.media) if settings.media else (data if data.is_dir() else data.parent)
    runs = (_run(task, item, replies[item.id], scored.get(item.id, {}), media) for item in _first(items))
    return trace_block(runs, len(replies))


def _first(items: Iterator[Item]) -> Iterator[Item]:
    for _, item in zip(range(MOST), items, strict=False):
        yield item


def _run(task: Task, item: Item, row: Mapping[str, Any], scored: Mapping[str, Any], media: Path) -> TracedRun:
    meta = row.get("meta")
    record = meta.get("record") if isinstance(meta, Mapping) else None
    return TracedRun(
        item.id,
        item.question,
        item.shown,
        str(scored.get("gold") or item.answer or ""),
        str(scored.get("letter") or ""),
        bool(scored.get("score")),
        record if isinstance(record, Mapping) else {},
        row.get("latency_s"),
        _pictures(task, item, media),
        str(row.get("error") or ""),
    )


def _pictures(task: Task, item: Item, media: Path) -> list[PIL.Image.Image]:
    """Pictures of an item; none where they cannot be read: the run failed then, which its problem says."""
    from vidkit.video.image import opened_picture

    found: list[PIL.Image.Image] = []
    try:
        for one in task.functions.visuals(item).images:
            source = io.BytesIO(one) if isinstance(one, bytes) else (media / one)
            with opened_picture(source, item.id, "check the file") as picture:
                found.append(picture.convert("RGB"))
    except (VidkitError, OSError):
        return []
    return found
