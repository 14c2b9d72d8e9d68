"""The two tables of README.md: what is measured of each method and model, and selection against baselines.

Every figure comes from a record in docs/results/, to which its row links; `make docs` puts them in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.doc_tables import caching
from scripts.doc_tables.results import edition_of, result
from scripts.doc_tables.second_edition import RECORD

_BASELINES = ("uniform", "topk", "mmr", "efs", "wfs-sb", "dpp", "facility", "lddr")


def measured_table() -> str | None:
    """A row for each method or model: what was measured, on which hardware, in which record."""
    rows = [
        row
        for part in (_attention, _quality, caching.readme_rows, _maze, _wan, _selection, _scores)
        for row in part()
    ]
    if not rows:
        return None
    head = ["| Method or model | Measured | On | Record |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def _row(what: str, figure: str, where: str, name: str) -> str:
    return f"| {what} | {figure} | {where} | [{name}](docs/results/{name}.json) |"


def _attention() -> Iterator[str]:
    names = {"xattention": "XAttention", "haste": "HASTE on XAttention", "svg2": "SVG2 with mask reuse"}
    for record, model in (
        ("attention_h200", "Wan2.1-1.3B"),
        ("attention_h200_14b", "Wan2.1-14B, 10 of 40 layers"),
    ):
        if (made := result(record)) is None:
            continue
        loops = [row for row in made["rows"] if row["section"] == "loop"]
        for start, name in names.items():
            figures = ", ".join(_gains(loops, start))
            note = f"denoising {figures} over the fastest dense attention, at density .25, random weights"
            yield _row(f"{name}, {model}", note, made["environment"]["device"], record)


def _gains(loops: list[dict[str, Any]], start: str) -> Iterator[str]:
    for shape in dict.fromkeys(row["shape"] for row in loops):
        rows = [row for row in loops if row["shape"] == shape]
        dense = min(row["ms"] for row in rows if row["provider"].startswith("dense"))
        sparse = next((row["ms"] for row in rows if row["provider"].startswith(start)), None)
        if sparse is not None:
            yield f"{dense / sparse:.2f}x ({shape.rpartition('-')[2]})"


def _quality() -> Iterator[str]:
    if (made := result("attention_quality")) is None:
        return
    edition = edition_of(made)
    for base, name in (("xattention", "XAttention"), ("svg2", "SVG2")):
        row = next(r for r in made["rows"] if r["steps"] == 20 and r["method"] == f"{base}/haste")
        dense = next(r for r in made["rows"] if r["steps"] == 20 and r["method"] == "dense")
        yield _row(
            f"HASTE on {name}, embedded model" + (f", {edition}" if edition else ""),
            f"{row['psnr']['mean']:.1f} dB PSNR to dense at density {row['density']:.2f}, 20 steps,"
            f" {row['clips']} mazes; {row['success']['mean']:.0%} solved (dense:"
            f" {dense['success']['mean']:.0%})",
            made["environment"]["device"],
            "attention_quality",
        )


def _maze() -> Iterator[str]:
    if (made := result(RECORD)) is not None:
        won = made["success"]["sync, 5 steps"]

        def shares(*keys: str) -> str:
            return " / ".join(f"{100 * won[key]['mean']:.0f}" for key in keys)

        figure = (
            f"solves {shares(*(f'regular {n}x{n}' for n in range(4, 9)))} % of held-out regular mazes of 4x4"
            f" to 8x8, {shares('trapfield easy', 'trapfield medium')} % of trap fields (easy / medium),"
            f" {shares('sokoban easy', 'sokoban medium')} % of sokoban,"
            f" {shares('irregular easy', 'maze3d easy')} % of roads and cubes; {made['mazes_a_size']} each"
        )
        yield _row("Embedded maze model (15 M parameters)", figure, made["device"], RECORD)
    if (made := result("demo")) is not None:
        rows = {row["what"]: row["median"] for row in made["rows"]}
        whole = next(value for what, value in rows.items() if what.endswith("whole process"))
        figure = (
            f"one clip in {whole:.0f} s, {rows['peak memory of the process']:.2f} GiB; denoising"
            f" {rows['of which denoising, HASTE']:.1f} s with HASTE,"
            f" {rows['denoising, dense attention, in turns with it']:.1f} s dense"
        )
        yield _row("Embedded maze model, `make demo`", figure, made["device"], "demo")


def _wan() -> Iterator[str]:
    name = "generate_wan1_3b_480p_h200"
    if (made := result(name)) is not None:
        figure = f"{_median(made['seconds_per_step']):.2f} s per step of two branches, random weights"
        yield _row("Wan2.1-1.3B, 832x480, 81 frames, dense", figure, made["device_name"], name)


def _median(values: Any) -> float:
    return sorted(values)[len(values) // 2] if isinstance(values, list) else float(values)


def _selection() -> Iterator[str]:
    for name, what in (("wfs-sb", "WFS-SB"), ("efs", "EFS")):
        made, timed = result("select_frames_planted"), result("select_frames_selectors")
        if made is None or timed is None:
            return
        recalls = " / ".join(f"{_recall(made, name, k)['mean']:.2f}" for k in (8, 16))
        figure = f"finds {recalls} of planted events with 8 / 16 frames (drawn videos)"
        yield _row(what, figure, made["environment"]["device"], "select_frames_planted")


def _scores() -> Iterator[str]:
    if (made := result("lmms_eval_check")) is not None:
        n = len(made["lmms_eval_videomme_v2"])
        figure = (
            f"{n} scores equal to lmms-eval {made['lmms_eval']} on made replies; no real model was scored"
        )
        yield _row("Video-MME-v2", figure, "any CPU", "lmms_eval_check")


def baselines_table() -> str | None:
    """Recall of planted events by selector, baselines first."""
    if (made := result("select_frames_planted")) is None:
        return None
    lines = ["| Frame selection | Recall, 8 frames | Recall, 16 frames |", "| --- | --- | --- |"]
    for name in _BASELINES:
        cells = []
        for k in (8, 16):
            recall = _recall(made, name, k)
            cells.append(f"{recall['mean']:.2f} ({recall['low']:.2f}-{recall['high']:.2f})")
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    where = f"{made['environment']['date'][:10]}, {made['environment']['device']}"
    note = (
        "Recall of the query's events in 6 drawn videos with 95 % intervals over videos; it compares rules in"
        " a drawn world and says nothing about real questions"
    )
    return "\n".join(lines) + f"\n\n{note}. Made by `{made['made_by']}` on {where}.\n"


def _recall(made: dict[str, Any], method: str, k: int) -> dict[str, float]:
    rows = made["sections"]["planted"]["rows"]
    found: dict[str, float] = next(r["recall"] for r in rows if r["method"] == method and r["k"] == k)
    return found
