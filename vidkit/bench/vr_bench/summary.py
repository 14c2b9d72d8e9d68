"""Shares with intervals from the rows of clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidkit.bench.vr_bench.cheating import HONEST
from vidkit.utils.statistics import share_interval

Row = dict[str, Any]
EXACT = 1.0
LEAST_MF = 0.98
_NAMED = 12  # clips that are listed where something is wrong


def is_right(row: Row) -> bool:
    """Whether a tracker followed a true clip in every respect: SR = EM = PR = 1 and our MF >= .98."""
    return bool(row["sr"] == row["em"] == row["pr"] == EXACT and row["mf"] >= LEAST_MF)


def truth_summary(rows: Sequence[Row]) -> dict[str, Any]:
    """By tracker and type: shares of clips, medians, and the clips that went wrong."""
    table = []
    for source, tracker, kind in sorted({(r["source"], r["tracker"], r["type"]) for r in rows}, key=_order):
        own = [r for r in rows if (r["source"], r["tracker"], r["type"]) == (source, tracker, kind)]
        table.append({"source": source, "tracker": tracker, "type": kind, **_truth_cell(own)})
    for source, tracker in dict.fromkeys((row["source"], row["tracker"]) for row in table):
        own = [r for r in rows if (r["source"], r["tracker"]) == (source, tracker)]
        table.append({"source": source, "tracker": tracker, "type": "all", **_truth_cell(own)})
    wrong = [row for row in rows if row["tracker"] == "robust" and not is_right(row)]
    kept = ("key", "sr", "em", "pr", "mf", "tracked_ratio", "off_px", "failure")
    return {
        "rows": table,
        "wrong": len(wrong),
        "wrong_clips": [{name: row.get(name) for name in kept} for row in wrong[:_NAMED]],
        "combinations": len({(r["type"], r["difficulty"], r["skin"]) for r in rows if r["source"] == "made"}),
    }


def _order(place: tuple[str, str, str]) -> tuple[Any, ...]:
    source, tracker, kind = place
    trackers = ("robust", "ncc", "csrt")
    return source != "made", trackers.index(tracker), kind


def _truth_cell(rows: Sequence[Row]) -> dict[str, Any]:
    count = len(rows)
    judged = [row for row in rows if "success" in row]
    return {
        "clips": count,
        **{name: sum(row[name] for row in rows) / count for name in ("sr", "em", "pr", "mf", "official_mf")},
        "right": share_interval(sum(is_right(row) for row in rows), count).rounded(5),
        "success": share_interval(sum(r["success"] for r in judged), len(judged)).rounded(5)
        if judged
        else None,
        "frames": sum(row["frames"] for row in rows),
        "frames_per_s": sum(row["frames"] for row in rows) / max(1e-9, sum(row["seconds"] for row in rows)),
    }


def cheat_summary(rows: Sequence[Row]) -> dict[str, Any]:
    """By type and cheat: share called a success by ours and by the official metrics."""
    table = []
    for kind in [*sorted({row["type"] for row in rows}), "all"]:
        own = [row for row in rows if kind in ("all", row["type"])]
        for cheat in dict.fromkeys(row["cheat"] for row in own):
            table.append(
                {"type": kind, "cheat": cheat, **_cheat_cell([r for r in own if r["cheat"] == cheat])}
            )
        every = [row for row in own if row["cheat"] != HONEST]
        table.append({"type": kind, "cheat": "all cheats", **_cheat_cell(every)})
    passed = [r for r in rows if r["ours"] and r["cheat"] != HONEST]
    refused = [r for r in rows if not r["ours"] and r["cheat"] == HONEST]
    return {
        "rows": table,
        "levels": len({row["key"] for row in rows}),
        "passed": [{name: row[name] for name in ("key", "cheat")} for row in passed[:_NAMED]],
        "honest_refused": [{name: row[name] for name in ("key", "failure")} for row in refused[:_NAMED]],
    }


def _cheat_cell(rows: Sequence[Row]) -> dict[str, Any]:
    count = len(rows)
    return {
        "clips": count,
        **{
            name: share_interval(sum(bool(row[name]) for row in rows), count).rounded(5)
            for name in ("ours", "official_sr", "official_em")
        },
    }
