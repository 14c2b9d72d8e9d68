"""The record of a selection: `selection.json` (schema 1) and `selection.csv`."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np

import vidkit
from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import VideoSelection
from vidkit.frames.types import Selection
from vidkit.utils.files import write_text_atomic

SCHEMA = 1
_NEAR_S = 1.0  # picks this close count as the same moment


def record_of(result: VideoSelection, options: FrameOptions) -> dict[str, Any]:
    """Everything about one selection as plain values; equal inputs give equal records but for `timings`."""
    selection, candidates = result.selection, result.candidates
    relevance = candidates.relevance
    info = dataclasses.asdict(result.video.info)
    info["time_base"], info["pixel_aspect"] = str(info["time_base"]), str(info["pixel_aspect"])
    if result.shown_as:
        info["path"] = result.shown_as
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "version": vidkit.__version__,
        "query": result.query,
        "method": selection.method,
        "method_applied": selection.method_applied,
        "fallback": selection.fallback,
        "title": selection.headline,
        "k": options.k,
        "options": plain(dataclasses.asdict(options)),
        "input": {"content_key": result.content, **info},
        "reader": {
            "backend": result.video.backend,
            "reason": result.video.backend_reason,
            "lost_candidates": result.lost,
        },
        "sampler": {
            "candidates": len(candidates),
            "effective_fps": result.sampling.effective_fps,
            "note": result.sampling.note,
            "start_s": result.span_s[0],
            "end_s": result.span_s[1],
        },
        "relevance": {
            "source": result.relevance_name,
            "words": relevance_words(result),
            "normalised": result.rel_norm,
            **plain(result.facts),
        },
        "features": result.features_name,
        "tokens": token_facts(result, options),
        "frames": frame_rows(result),
        "segments": segment_rows(result),
        "curves": {
            "time_s": plain(candidates.times),
            "relevance": None if relevance is None else plain(relevance),
            **{
                name: plain(value)
                for name, value in selection.detail.items()
                if _is_curve(value, len(candidates))
            },
        },
        "detail": {
            name: plain(value)
            for name, value in selection.detail.items()
            if not _is_curve(value, len(candidates))
        },
        "compared": {
            name: {
                "title": other.headline,
                "indices": plain(other.indices),
                "time_s": plain(candidates.times[other.indices]),
                "overlap": overlap(candidates.times, selection, other),
            }
            for name, other in result.compared.items()
        },
        "warnings": list(result.warnings),
        "timings": {"seconds": plain(result.seconds), "from_cache": result.from_cache},
    }
    return record


def token_facts(result: VideoSelection, options: FrameOptions) -> dict[str, Any] | None:
    """Budget, tokens used and pictures of each cost; None without a budget."""
    if result.sizes is None:
        return None
    costs = [size.tokens for size in result.sizes]
    counts = {str(cost): costs.count(cost) for cost in sorted(set(costs), reverse=True)}
    return {"budget": options.tokens, "used": sum(costs), "pictures": counts, "cell": options.vision.cell}


def relevance_words(result: VideoSelection) -> str:
    """Where relevance came from, in the words of pages: the source, or none where it gave nothing."""
    name = result.relevance_name
    return (
        name if result.candidates.relevance is not None or name == "none" else f"none ({name} gave nothing)"
    )


def frame_rows(result: VideoSelection) -> list[dict[str, Any]]:
    """One row a kept frame, in order of time."""
    candidates, selection, timeline = result.candidates, result.selection, result.video.timeline
    rows = []
    for rank, (index, number) in enumerate(zip(selection.indices, result.frame_numbers, strict=True)):
        relevance = None if candidates.relevance is None else float(candidates.relevance[index])
        size = {} if result.sizes is None else result.sizes[rank]._asdict()
        rows.append(
            {
                "rank": rank,
                "candidate": int(index),
                "source_index": int(number),
                "pts": int(timeline.pts[number]),
                "time_s": float(timeline.time_s[number]),
                "relevance": relevance,
                "segment": int(selection.segment_of[rank]),
                "reason": selection.reasons[rank],
                **size,
            }
        )
    return rows


def segment_rows(result: VideoSelection) -> list[dict[str, Any]]:
    """One row per segment, with the frames it got."""
    times, selection = result.candidates.times, result.selection
    end_s = result.span_s[1]
    counts = np.zeros(len(selection.segments), dtype=np.int64)
    np.add.at(counts, selection.segment_of, 1)
    rows = []
    for number, (start, stop) in enumerate(selection.segments):
        row: dict[str, Any] = {
            "segment": number,
            "start": start,
            "stop": stop,
            "start_s": float(times[start]),
            "end_s": float(times[stop]) if stop < times.size else end_s,
            "frames": int(counts[number]),
        }
        for name in ("importance", "budget", "share"):
            value = selection.detail.get(name)
            if isinstance(value, np.ndarray) and value.size == len(selection.segments):
                row[name] = value[number].item()
        rows.append(row)
    return rows


def overlap(times: np.ndarray, one: Selection, two: Selection) -> float:
    """Shared moments of two selections (within 1 s), over all moments of both: 1 same, 0 disjoint."""
    if not one.indices.size or not two.indices.size:
        return 0.0
    a, b = times[one.indices], list(times[two.indices])
    shared = 0
    for moment in a:
        near = [t for t in b if abs(t - moment) <= _NEAR_S]
        if near:
            b.remove(min(near, key=lambda t: abs(t - moment)))
            shared += 1
    return shared / (len(one.indices) + len(two.indices) - shared)


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write `selection.csv`, one row a kept frame."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["rank"])
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomic(path, text.getvalue())


def plain(value: Any) -> Any:
    """Arrays and tuples as lists, NumPy numbers as numbers, values that are not finite as null."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _is_curve(value: Any, n: int) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.size == n
