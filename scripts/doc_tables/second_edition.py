"""Tables of the embedded model's second edition: success, free content, text alone, failures, training."""

from __future__ import annotations

import json
from typing import Any

from scripts.doc_tables.results import ROOT, result

RECORD = "maze_second_edition_h100"
_LOG = "maze_transformer_second.jsonl"
_TRUE, _FEW, _MANY, _NEW = (
    "reconstruction",
    "sync, 5 steps",
    "sync, 20 steps",
    "sync, 5 steps, unseen looks",
)
_WANTED = {
    **{f"regular {n}x{n}": ".97" for n in (4, 5, 6, 7)},
    "regular 8x8": ".95",
    "regular 8x8 strict": ".95",
    "trapfield easy": ".95",
    "trapfield medium": ".80",
    "sokoban easy": ".95",
    "sokoban medium": ".80",
    "irregular easy": ".85",
    "irregular medium": ".85",
    "maze3d easy": ".70",
}
_FREE = ("distractor area", "texture contrast")


def second_edition() -> str | None:
    """Everything that `scripts/train_maze_model.py figures` measured on the shipped weights."""
    made = result(RECORD)
    if made is None:
        return None
    parts = [_success(made), _free(made), _text(made), _failures(made), _made_by(made)]
    return "\n\n".join(parts) + "\n"


def _success(made: dict[str, Any]) -> str:
    rows, paired = made["success"], made["more_steps"][_MANY]
    head = (
        "| Mazes | Reconstruction | 5 steps | 20 steps | 20 against 5 steps, points | Unseen looks | Wanted |"
    )
    lines = [head, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for key in rows[_FEW]:
        if key.endswith(" strict") and key not in _WANTED:
            continue
        cells = [_share(rows[row].get(key)) for row in (_TRUE, _FEW, _MANY)]
        cells += [_points(paired.get(key)), _share(rows[_NEW].get(key)), _WANTED.get(key, "")]
        lines.append(f"| {key} | {' | '.join(cells)} |")
    note = (
        f"Share of {made['mazes_a_size']} held-out mazes each that are solved, with 95 % Wilson intervals; 20"
        " against 5 steps on the same mazes, with bootstrap intervals. *strict*: by the tracker's strict"
        " limits. Unseen looks: colour channels in an order that training never had, at 5 steps."
    )
    return "\n".join(lines) + "\n\n" + note


def _share(cell: dict[str, Any] | None) -> str:
    return "" if cell is None else f"{cell['mean']:.2f} ({cell['low']:.2f}-{cell['high']:.2f})"


def _points(cell: dict[str, float] | None) -> str:
    if cell is None:
        return ""
    return f"{100 * cell['mean']:+.0f} ({100 * cell['low']:+.0f} to {100 * cell['high']:+.0f})"


def _free(made: dict[str, Any]) -> str:
    found = made["free_content"]
    lines = ["| Free content | Reconstruction | 5 steps | 20 steps |", "| --- | ---: | ---: | ---: |"]
    for name in _FREE:
        true = found[_TRUE][name]
        cells = [f"{found[row][name]:.3f} ({found[row][name] / true:.2f})" for row in (_FEW, _MANY)]
        what = "of the true one" if name == _FREE[0] else "of the floor"
        lines.append(f"| {name}, {what} | {true:.3f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\nIn brackets the share of the reconstruction's."


def _text(made: dict[str, Any]) -> str:
    kinds = ("read", "style", "ball", "size", "connected", "perfect", "solved")
    lines = [
        "| Text alone | ball and goal found | style | ball | size | all cells connected | perfect | solved |",
        "| --- |" + " ---: |" * len(kinds),
    ]
    for row, found in made["from_text"].items():
        lines.append(f"| {row} | {' | '.join(f'{found[kind]:.2f}' for kind in kinds)} |")
    return "\n".join(lines)


def _failures(made: dict[str, Any]) -> str:
    lines = ["| Type | Clips | What went wrong |", "| --- | --- | --- |"]
    for key in made["failures"][_FEW]:
        for row, name in ((_TRUE, "reconstruction"), (_FEW, "5 steps")):
            found = {kind: n for kind, n in made["failures"][row][key].items() if kind != "none"}
            told = ", ".join(f"{kind} {n}" for kind, n in found.items())
            lines.append(f"| {key} | {name} | {told or 'nothing'} |")
    return (
        "\n".join(lines)
        + f"\n\nOf {made['mazes_a_size']} clips; the words are those of [VR-Bench](vr-bench.md)."
    )


def _made_by(made: dict[str, Any]) -> str:
    return f"Made by `{made['made_by']}` on {made['date']}, {made['device']}, torch {made['torch']}."


def learning_table() -> str | None:
    """Success on held-out mazes against training steps."""
    path = ROOT / "docs" / "results" / _LOG
    if not path.is_file():
        return None
    log = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    checks = [row for row in log if row["kind"] == "held-out"]
    sizes = [f"{n}x{n}" for n in range(4, 9)]
    lines = [
        f"| Steps | Thousand clips | Sampler | {' | '.join(sizes)} | mean |",
        "| ---: | ---: | --- |" + " ---: |" * 6,
    ]
    for row in checks:
        report = row["report"]
        shares = " | ".join(f"{report[size]['success']:.2f}" for size in sizes)
        lines.append(
            f"| {row['step']:,} | {row['samples'] / 1e3:.0f} | {report['sampler']} | {shares}"
            f" | {report['mean']:.3f} |"
        )
    clips = checks[0]["report"][sizes[0]]["clips"]
    return "\n".join(lines) + f"\n\n{clips} held-out regular mazes of each size, averaged weights.\n"
