"""The tables of `vidkit bench vr-bench`."""

from __future__ import annotations

from typing import Any

from vidkit.bench.tables import TextTable, say
from vidkit.bench.vr_bench.cheating import HONEST


def print_section(name: str, found: dict[str, Any], inputs: str, environment: dict[str, Any]) -> None:
    """The table of a section, and below it what needs a look."""
    table = {"truth": truth_table, "adversarial": cheat_table, "speed": speed_table}[name](found)
    commit = str(environment.get("commit") or "none")
    dirty = " with local changes" if commit.endswith("-dirty") else ""
    table.caption = f"{inputs}; commit {commit[:12]}{dirty}"
    table.show()
    for line in _remarks(name, found):
        say(line)


def truth_table(found: dict[str, Any]) -> TextTable:
    """Trackers by type."""
    table = TextTable(
        (
            "clips of",
            "tracker",
            "type",
            "clips",
            "SR",
            "EM",
            "PR",
            "MF",
            "official MF",
            "all right",
            "ours: success",
            "frames/s",
        ),
        f"truth: {found['done']} of {found['of']} clips; all correct means SR = EM = PR = 1 and MF >= .98,"
        " with 95 % intervals",
        left=3,
    )
    for row in found["rows"]:
        shares = [f"{row[name]:.3f}" for name in ("sr", "em", "pr", "mf", "official_mf")]
        success = interval(row["success"]) if row["success"] else "-"
        rest = (interval(row["right"]), success, f"{row['frames_per_s']:.0f}")
        source = "ours" if row["source"] == "made" else "folder"
        table.add(source, row["tracker"], row["type"], str(row["clips"]), *shares, *rest)
    return table


def cheat_table(found: dict[str, Any]) -> TextTable:
    """Cheats by type."""
    table = TextTable(
        ("type", "clip", "clips", "ours", "official SR", "official EM"),
        f"share called a success, {found['done']} of {found['of']} levels, with 95 % intervals",
        left=2,
    )
    for row in found["rows"]:
        shares = [interval(row[name]) for name in ("ours", "official_sr", "official_em")]
        table.add(row["type"], row["cheat"], str(row["clips"]), *shares)
    return table


def speed_table(found: dict[str, Any]) -> TextTable:
    """Rates by type."""
    table = TextTable(("what", "type", "median", "worst to best", "a CPU second", "unit"), "speed", left=2)
    for row in found["rows"]:
        spread = f"{row['worst']:,.0f} to {row['best']:,.0f} of {row['runs']}"
        cpu = f"{row['per_cpu_s']:,.0f}" if row["per_cpu_s"] else "-"
        table.add(row["what"], row["type"], f"{row['median']:,.0f}", spread, cpu, row["unit"])
    return table


def interval(cell: dict[str, float | None]) -> str:
    """A share with its bounds."""
    if cell["mean"] is None:
        return "-"
    return f"{cell['mean']:.3f} ({cell['low']:.3f}-{cell['high']:.3f})"


def _remarks(name: str, found: dict[str, Any]) -> list[str]:
    if name == "truth":
        return [
            f"not right: {row['key']}: SR {row['sr']:g}, EM {row['em']:g}, PR {row['pr']:.3f},"
            f" MF {row['mf']:.4f}, tracked {row['tracked_ratio']:.3f}"
            for row in found["wrong_clips"]
        ]
    if name == "adversarial":
        passed = [f"called a success: {row['cheat']} on {row['key']}" for row in found["passed"]]
        refused = [
            f"{HONEST} and refused ({row['failure']}): {row['key']}" for row in found["honest_refused"]
        ]
        return passed + refused
    return []
