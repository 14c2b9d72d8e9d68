"""What a run would do, found out without asking anybody: items, prompts, missing media, number of calls."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vidkit.evaluation.benchmark import Benchmark, benchmark_of
from vidkit.evaluation.running.growing_clip import check_turn_entry
from vidkit.evaluation.running.judging import TRIES as JUDGE_TRIES
from vidkit.evaluation.running.options import RunOptions
from vidkit.evaluation.running.render import prompt_sha, prompt_text
from vidkit.evaluation.types import Item, PartKind, Prediction, Prompt, Row, TaskFunctions, Visuals
from vidkit.utils.jsonl_log import read_log

_OF_VIDEO = {PartKind.FRAMES, PartKind.FRAMES_WITH_SUBTITLES, PartKind.AUDIO}
_OF_SUBTITLES = {PartKind.SUBTITLES, PartKind.FRAMES_WITH_SUBTITLES}


@dataclass
class RunPlan:
    """What a run comes to.

    Attributes:
        items: questions that may be asked.
        groups: clusters they belong to, usually videos.
        kinds: items by kind; empty where the task has one.
        prompts_sha256: of all prompts in order, hexadecimal; changes with any wording or question.
        first_prompt: the first one as text, media as `<frames>` and the like.
        videos: distinct videos the prompts need.
        missing_videos: those that are not there, in order of need.
        other_files: subtitles and pictures they need.
        missing_files: those of them that are not there.
        least_calls: model calls that are made in any case (none for items that another one's reply decides).
        most_calls: calls if every reply asks for more; None when the length of a stream decides.
        judge_calls: most calls to judges.
    """

    items: int = 0
    groups: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    prompts_sha256: str = ""
    first_prompt: str = ""
    videos: int = 0
    missing_videos: list[str] = field(default_factory=list)
    other_files: int = 0
    missing_files: list[str] = field(default_factory=list)
    least_calls: int = 0
    most_calls: int | None = 0
    judge_calls: int = 0


def plan_run(
    task: Benchmark | TaskFunctions, rows: Iterable[Row], options: RunOptions, judges: int = 0
) -> RunPlan:
    """Go through the items as a run would, without an engine.

    Args:
        task: the benchmark, as for `run`.
        rows: its data.
        options: how it would be asked; nothing is written and no media is read.
        judges: how many would judge; engines are not needed for a plan.

    Raises:
        DataError: rows that the task or the protocol cannot use.
    """
    benchmark = benchmark_of(task)
    plan = RunPlan()
    kinds: Counter[str] = Counter()
    groups: set[str] = set()
    videos: dict[str, bool] = {}
    others: dict[str, bool] = {}
    digest = hashlib.sha256()
    for item in benchmark.items(rows):
        if options.kinds is not None and item.kind not in options.kinds:
            continue
        prompt = benchmark.prompt(item, options.mode)
        digest.update(prompt_sha(prompt).encode())
        plan.first_prompt = plan.first_prompt or prompt_text(prompt)
        plan.items += 1
        kinds[item.kind] += 1
        groups.add(item.group)
        for name, seen in _files_of(prompt, benchmark.visuals(item), videos, others):
            if name not in seen:
                seen[name] = (options.media / name).is_file()
        _count_calls(plan, benchmark, item, options, judges)
    plan.groups, plan.videos, plan.other_files = len(groups), len(videos), len(others)
    plan.kinds = {kind: count for kind, count in kinds.items() if kind}
    plan.missing_videos = [name for name, is_there in videos.items() if not is_there]
    plan.missing_files = [name for name, is_there in others.items() if not is_there]
    plan.prompts_sha256 = digest.hexdigest()
    return plan


def _files_of(
    prompt: Prompt, visuals: Visuals, videos: dict[str, bool], others: dict[str, bool]
) -> Iterator[tuple[str, dict[str, bool]]]:
    """Files that a prompt needs, each with the table it belongs into."""
    kinds = {part.kind for part in prompt.parts}
    if visuals.video and kinds & _OF_VIDEO:
        yield visuals.video, videos
    if visuals.subtitles and kinds & _OF_SUBTITLES:
        yield visuals.subtitles, others
    if PartKind.IMAGES in kinds:
        yield from ((image, others) for image in visuals.images if isinstance(image, str))


def _count_calls(plan: RunPlan, task: Benchmark, item: Item, options: RunOptions, judges: int) -> None:
    if task.is_streamed(item) and options.when != "single":
        check_turn_entry(item)
        plan.most_calls = None
        plan.least_calls += 1 if options.when == "streaming" else 2
        return
    if item.after is None:
        plan.least_calls += 1
    elif options.when == "streaming" or not task.should_ask(item, Prediction(str(item.after), "YES")):
        return
    if plan.most_calls is not None:
        plan.most_calls += 1
    if task.is_judged(item):
        plan.judge_calls += JUDGE_TRIES * judges


def answered_in(log: Path) -> int:
    """Calls that a run's log has a reply to; a damaged line is none, as for the run itself."""
    return len({str(row["id"]) for row in read_log(log) if "id" in row and row.get("error") is None})
