"""What `vidkit select-frames` shows on the terminal: a bar while it works, then tables."""

from __future__ import annotations

import time
from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from vidkit.frames.outputs.images import clock
from vidkit.frames.outputs.page import token_words
from vidkit.utils.console import shown, terminal
from vidkit.utils.plain import visible

_FILE_NAMES = {
    "keyframes": "kept video",
    "keyframes_json": "keyframes",
    "list_force_key_frames": "key frames",
}
_FILE_NAMES |= {f"list_{name}": name for name in ("times", "select", "concat")}
_FILE_NAMES |= {f"list_{name}": f"{name} list" for name in ("csv", "json")}
_LINE_EVERY_S = 10.0  # where there is no terminal


class FrameProgress:
    """A bar with the time left on a terminal, a line now and then elsewhere; on standard error."""

    def __init__(self, name: str, unit: str = "frames") -> None:
        self._console = terminal(stderr=True)
        self._name, self._unit = name, unit
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task: TaskID | None = None
        self._said = self._start = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are through."""
        if self._console.is_terminal:
            if self._task is None:
                self._task = self._bar.add_task(visible(self._name), total=total)
            self._bar.update(self._task, completed=done, total=total)
            return
        now = time.monotonic()
        if done and now - self._said >= _LINE_EVERY_S:
            left = (now - self._start) / done * (total - done)
            self._console.print(
                f"{shown(self._name)}: {done}/{total} {self._unit}, {left:.0f} s left", highlight=False
            )
            self._said = now


def print_selection(record: dict[str, Any], files: dict[str, str]) -> None:
    """The kept frames as a table, warnings, and where the files are."""
    console = terminal()
    video, relevance = record["input"], record["relevance"]
    query = f"“{record['query']}”" if record["query"] else "no query"
    table = Table(
        title=shown(f"{record['title']}: {len(record['frames'])} frames, {query}"), title_justify="left"
    )
    for name, justify in (("#", "right"), ("time", "right"), ("frame", "right"), ("relevance", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("segment", justify="right")
    table.add_column("kept as")
    if record["tokens"] is not None:
        table.add_column("size, tokens", justify="right")
    for row in record["frames"]:
        score = "" if row["relevance"] is None else f"{row['relevance']:.3f}"
        cells = (str(row["rank"]), clock(row["time_s"]), str(row["source_index"]), score, str(row["segment"]))
        size = [f"{row['width']}x{row['height']}, {row['tokens']}"] if "tokens" in row else []
        table.add_row(*cells, row["reason"], *size)
    console.print(table)
    sampler = record["sampler"]
    span_s = (sampler["start_s"], sampler["end_s"])
    part = "" if span_s == (0.0, video["duration_s"]) else ", from {} to {}".format(*map(clock, span_s))
    length = f"{video['width']}x{video['height']} {video['codec']}, {clock(video['duration_s'])}"
    console.print(
        shown(f"video      {length}, read by {record['reader']['backend']} ({record['reader']['reason']})"),
        highlight=False,
    )
    console.print(
        shown(f"candidates {sampler['candidates']} at {sampler['effective_fps']:g} fps{part}"),
        highlight=False,
    )
    console.print(shown(f"relevance  {relevance['words']}{_limits(relevance)}"), highlight=False)
    console.print(shown(f"features   {record['features']}"), highlight=False)
    if record["tokens"] is not None:
        console.print(shown(f"tokens     {token_words(record['tokens'])}"), highlight=False)
    uniform = record["compared"].get("uniform")
    if uniform is not None:
        console.print(f"overlap    {uniform['overlap']:.2f} with uniform frames (at 1 s)", highlight=False)
    for name, other in record["compared"].items():
        if name != "uniform":
            words = f"overlap    {other['overlap']:.2f} with {other['title']}"
            console.print(shown(words), highlight=False)
    for warning in record["warnings"]:
        console.print(f"[yellow]note[/]       {shown(warning)}", highlight=False)
    answer = record.get("answer") or {}
    if answer.get("text"):
        said = shown(answer["text"], keep="\n\t")
        console.print(f"[bold]answer[/]     {said}", highlight=False)
    if answer.get("text") and answer.get("note"):
        console.print(f"[yellow]note[/]       {shown(answer['note'])}", highlight=False)
    for kind, path in files.items():
        console.print(shown(f"{_FILE_NAMES.get(kind, kind):<10} {path}"), highlight=False, soft_wrap=True)


def print_plan(plan: dict[str, Any]) -> None:
    """What a run would do, one fact per line."""
    console = terminal()
    for name, value in plan.items():
        console.print(shown(f"{name:<12} {value}"), highlight=False, soft_wrap=True)


def _limits(relevance: dict[str, Any]) -> str:
    knows, blind = relevance.get("knows"), relevance.get("blind")
    unknown = ", ".join(relevance.get("unknown_words") or ())
    parts = [f"knows {knows}" if knows else "", f"blind: {blind}" if blind else ""]
    parts.append(f"words it left out: {unknown}" if unknown else "")
    text = "; ".join(part for part in parts if part)
    return f" ({text})" if text else ""


def print_manifest(summary: dict[str, Any]) -> None:
    """Counts of a data-set run, its failures and where the results are."""
    console = terminal()
    table = Table(title="select-frames over a manifest", title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    for name in ("items", "done", "failed", "skipped"):
        table.add_row(name, str(summary[name]))
    for name, count in summary["applied"].items():
        table.add_row(f"ran as {name}", str(count))
    for name, count in summary["relevance"].items():
        table.add_row(f"relevance from {name}", str(count))
    console.print(table)
    for name, count in summary["unused_fields"].items():
        console.print(
            f"[yellow]note[/]    '{shown(name)}' of {count} lines was not used: it is a setting of the whole"
            f" run, {shown(name)}=VALUE",
            highlight=False,
        )
    alike: dict[str, list[str]] = {}
    for failure in summary["failures"]:
        alike.setdefault(failure["error"], []).append(failure["id"])
    for error, ids in list(alike.items())[:10]:
        more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
        names = shown(", ".join(ids[:3]) + more)
        console.print(f"[red]failed[/]  {names}: {shown(error)}", highlight=False)
    if len(alike) > 10:
        console.print(f"... and {len(alike) - 10} more reasons, all in {shown(summary['results'])}")
    console.print(shown(f"results {summary['results']}"), highlight=False, soft_wrap=True)
