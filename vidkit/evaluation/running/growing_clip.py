"""A question about a growing clip: it grows second by second, and the model is asked each time.

As the paper that has such questions describes it (arXiv 2603.16859; no code exists): tau is the end of the
first prefix at which the model says YES. The gold turn-entry time is not in the published files, so it has to
come with the data.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError, VideoError
from vidkit.evaluation.running.asker import Asker, media_of
from vidkit.evaluation.running.decode import VideoFile
from vidkit.evaluation.running.media import MediaLoader
from vidkit.evaluation.types import Item, Prediction, Prompt, Visuals

VERSION = "vidkit-1"


def check_stride(stride_s: float) -> float:
    """A step of the growing prefix, seconds.

    Raises:
        ConfigError: not a positive number.
    """
    if not math.isfinite(stride_s) or stride_s <= 0:
        raise ConfigError(f"the stride must be > 0 s, got {stride_s}", "give seconds, e.g. 0.5, 1 or 2")
    return stride_s


def check_turn_entry(item: Item) -> None:
    """Refuse an item without the gold second of the turn.

    Raises:
        DataError: no `turn_entry_s`.
    """
    if item.meta.get("turn_entry_s") is None:
        raise DataError(
            f"'{item.id}': the streaming protocol needs the column 'turn_entry_s' (gold second of the turn)",
            "the published files have none: add it, or use when=single",
        )


def stream_key(item: Item) -> str:
    """Id of an item's streaming result: `l2/<video_id>/stream`."""
    return f"{item.id.rpartition('/')[0]}/stream"


async def ask_streaming(
    asker: Asker,
    loader: MediaLoader,
    item: Item,
    visuals: Visuals,
    make_prompt: Callable[[float], Prompt],
    says_yes: Callable[[str], bool | None],
    *,
    video: Path,
    stride_s: float = 1.0,
    until_end: bool = False,
) -> Prediction:
    """Ask about growing prefixes of one clip until the first YES.

    Every step is a call of its own in the log (`<id>@<second>`), so a killed run resumes in the middle of a
    clip.

    Args:
        asker: asks and keeps.
        loader: of prefixes.
        item: the streamed item.
        visuals: its clip; `end_s` is replaced by each prefix's end.
        make_prompt: prompt of the prefix that ends at a second.
        says_yes: reads a reply; None when it cannot be read, which is not a YES.
        video: the clip's file.
        stride_s: step of the prefix.
        until_end: go on after the first YES (the tolerance scores see every second then).

    Returns:
        A record with `tau_s` (second of the first YES, None for none) and `steps` ([second, said yes]) as
        columns; with `error` when the clip cannot be decoded or a step failed.

    Raises:
        DataError: the item has no `turn_entry_s`.
    """
    check_turn_entry(item)
    key = stream_key(item)
    try:
        duration_s = await asyncio.to_thread(_duration, video)
    except VideoError as error:
        return Prediction(key, None, error=error.message, meta={"error_kind": "media"})
    tau_s: float | None = None
    steps: list[list[Any]] = []
    unread = 0
    for t_s in prefix_ends(duration_s, stride_s):
        prompt = make_prompt(t_s)
        load = media_of(loader, item, replace(visuals, end_s=t_s), prompt)
        step, _ = await asker.ask(f"{key}@{t_s:g}", prompt, load, {"step_of": key})
        if step.error is not None:
            return Prediction(key, None, error=f"at second {t_s:g}: {step.error}", meta=_kind(step))
        yes = says_yes(step.response or "")
        unread += yes is None
        steps.append([t_s, bool(yes)])
        if yes and tau_s is None:
            tau_s = t_s
        if yes and not until_end:
            break
    columns = {"tau_s": tau_s, "steps": steps}
    meta = {"row": columns, "stride_s": stride_s, "unread_steps": unread}
    return Prediction(key, "NO" if tau_s is None else "YES", meta=meta)


def prefix_ends(duration_s: float, stride_s: float) -> list[float]:
    """Ends of the growing prefixes: stride, 2 * stride, ... up to the clip's end, at least one."""
    count = max(1, math.floor(duration_s / stride_s + 1e-6))
    return [round(place * stride_s, 6) for place in range(1, count + 1)]


def _duration(video: Path) -> float:
    return VideoFile(video).duration_s


def _kind(step: Prediction) -> dict[str, Any]:
    return {"error_kind": step.meta.get("error_kind", "")}
