"""Tables of VR-Bench: trackers on the truth, clips that cheat, speeds."""

from __future__ import annotations

from typing import Any

from scripts.doc_tables.results import commit_of, result
from vidkit.bench.vr_bench.cheating import HONEST

_TRACKERS = {"robust": "ours, `robust`", "ncc": "`ncc`", "csrt": "`csrt`"}
_SOURCES = {"made": "made here", "folder": "the authors'"}


def tracker_table() -> str | None:
    """SR, EM, PR and MF of each tracker on clips whose way is known."""
    record = result("vr_bench_truth")
    if record is None:
        return None
    found = record["sections"]["truth"]
    lines = [
        "| Clips | Tracker | Number | SR | EM | PR | MF | official MF | all right | success by our rules |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found["rows"]:
        if row["type"] != "all":
            continue
        shares = " | ".join(f"{row[name]:.3f}" for name in ("sr", "em", "pr", "mf", "official_mf"))
        success = _interval(row["success"]) if row["success"] else "-"
        head = f"| {_SOURCES[row['source']]} | {_TRACKERS[row['tracker']]} | {row['clips']}"
        lines.append(f"{head} | {shares} | {_interval(row['right'])} | {success} |")
    lines += [
        "",
        "All right: SR = EM = PR = 1 and MF >= .98, where sokoban's box is left out like the player; the"
        " official MF counts it as a change."
        f" {found['done']} of {found['of']} clips of the sweep, {found['combinations']} of 66 combinations of"
        " type, difficulty and skin; with 95 % intervals."
        f" {_made_by(record)}",
    ]
    return "\n".join(lines) + "\n"


def cheat_table() -> str:
    """Share of each cheat that is called a success."""
    record = result("vr_bench_adversarial")
    if record is None:
        return "No record of a whole run yet: `vidkit bench vr-bench sections=[adversarial]` makes one.\n"
    found = record["sections"]["adversarial"]
    lines = [
        "| Clip | Number | Ours | Official SR | Official EM |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in found["rows"]:
        if row["type"] == "all":
            shares = " | ".join(_interval(row[name]) for name in ("ours", "official_sr", "official_em"))
            name = "the right way" if row["cheat"] == HONEST else row["cheat"]
            lines.append(f"| {name} | {row['clips']} | {shares} |")
    tracker = record["settings"]["adversarial"]["tracker"]
    lines += [
        "",
        f"Share called a success, {found['done']} of {found['of']} levels of all types, difficulties and"
        f" skins, with 95 % intervals; the official side tracked by `{tracker}`. {_made_by(record)}",
    ]
    return "\n".join(lines) + "\n"


def speed_table() -> str | None:
    """Levels, frames encoded and frames tracked per second."""
    record = result("vr_bench_speed")
    if record is None:
        return None
    found = record["sections"]["speed"]
    lines = [
        "| What | Type | Median | Worst to best | a second of one processor | |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for row in found["rows"]:
        spread = f"{row['worst']:,.0f} to {row['best']:,.0f}" if row["runs"] > 1 else "one run"
        cpu = f"{row['per_cpu_s']:,.0f}" if row["per_cpu_s"] else "-"
        figures = f"{row['median']:,.0f} | {spread} | {cpu} | {row['unit']}"
        lines.append(f"| {row['what']} | `{row['type']}` | {figures} |")
    lines += ["", _made_by(record)]
    return "\n".join(lines) + "\n"


def _interval(cell: dict[str, float | None]) -> str:
    if cell["mean"] is None:
        return "-"
    return f"{cell['mean']:.3f} ({cell['low']:.3f}-{cell['high']:.3f})"


def _made_by(record: dict[str, Any]) -> str:
    env = record["environment"]
    where = f"{env['device']}, load {env['load_before']:g} before, {commit_of(env)}"
    return f"Made by `{record['made_by']}` on {env['date'][:10]}, {where}."
