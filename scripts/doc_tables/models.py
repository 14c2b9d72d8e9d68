"""Tables of the embedded models and of whole generations."""

from __future__ import annotations

from typing import Any

from scripts.doc_tables.results import commit_of, result


def _maze_table(made: dict[str, Any], word: str) -> str:
    """Success by sampler and by the keys that hold `word`: "x" sizes, " moves" path lengths."""

    def share(cell: dict[str, float]) -> str:
        return f"{100 * cell['success']:.1f} ({100 * cell['low']:.0f}-{100 * cell['high']:.0f})"

    first = made["success"][0]
    keys = [key for key, cell in first.items() if isinstance(cell, dict) and word in key]
    clips = f" (clips: {', '.join(str(first[key]['clips']) for key in keys)})"
    lines = [f"| Sampler{clips} | {' | '.join(keys)} | mean |", "| --- |" + " --- |" * (len(keys) + 1)]
    for row in made["success"]:
        mean = f"{100 * row['mean']:.1f}" if word == "x" else ""
        lines.append(f"| {row['sampler']} | {' | '.join(share(row[key]) for key in keys)} | {mean} |")
    return "\n".join(lines)


def _maze_made_by(made: dict[str, Any]) -> str:
    note = f" Note: {made['note']}." if "note" in made else ""
    return f"Made by `{made['made_by']}` on {made['date']}, {made['device']}, torch {made['torch']}.{note}"


def _by_size(shares: dict[str, float], mean: float) -> str:
    return ", ".join(f"{n} {100 * v:.1f} %" for n, v in shares.items()) + f"; mean {100 * mean:.1f} %"


def second_seed() -> str | None:
    """The same tables for the model trained from another seed, which is not shipped."""
    made = result("maze_evaluation_seed1")
    return None if made is None else f"{_maze_table(made, 'x')}\n\n{_maze_made_by(made)}\n"


def maze_tables() -> str | None:
    """How often the embedded model solves held-out mazes, by sampler, size and path length."""
    made = result("maze_evaluation")
    if made is None:
        return None
    tables = [_maze_table(made, word) for word in ("x", " moves")]
    speed, again = made["speed"], made["reconstruction"]
    found = made["from_text"]
    words = {key: f"{100 * value:.0f} %" for key, value in found.items() if key != "sampler"}
    grids = [f"{n}x{n}" for n in range(4, 9)]
    sizes = _by_size({grid: again[f"success_{grid[0]}"] for grid in grids}, again["success"])
    facts = [
        f"Reconstruction alone (encode, decode, track): {sizes}, {again['psnr']:.1f} dB.",
        f"Asked for 'fast' ({speed['fast_asked']} cells a frame) the ball makes {speed['fast']:.3f},"
        f" asked for 'slow' ({speed['slow_asked']}) {speed['slow']:.3f}, on the same first frames"
        f" ({speed['sampler']}).",
        f"Text alone ({found['sampler']}): a ball and a goal can be found in {words['read']} of the clips,"
        f" the style asked for in {words['style']}, the ball's colour in {words['ball']}"
        f", the size in {words['size']}; a perfect"
        f" maze in {words['perfect']}, solved {words['solved']}.",
    ]
    first = made["success"][0]
    if "strict" in again and "strict" in first["4x4"]:
        shares = {grid: first[grid]["strict"] for grid in grids}
        facts[1:1] = [
            "With the tracker's strict limits (colour 0.35 instead of 0.6, area 35 instead of 25 %, spread"
            " 1.25 instead of 1.5 radii) reconstructions pass "
            + _by_size({grid: again[f"strict_{grid[0]}"] for grid in grids}, again["strict"])
            + f"; clips of the first row {_by_size(shares, sum(shares.values()) / len(shares))}."
        ]
    return "\n\n".join([*tables, *facts, _maze_made_by(made)]) + "\n"


def generate_table() -> str | None:
    """One whole run of a real shape with random weights on a GPU."""
    made = result("generate_wan1_3b_480p_h200")
    if made is None:
        return None
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in made["phase_seconds"].items())
    command = f"vidkit generate --config wan1_3b_480p model.weights=random steps={made['settings']['steps']}"
    lines = [
        "| What | Figure |",
        "| --- | --- |",
        f"| seconds per step (two branches), median | {made['seconds_per_step']:.3f} |",
        f"| phases | {phases} |",
        f"| peak memory of the device | {made['peak_device_bytes'] / 2**30:.2f} GiB |",
        f"| peak memory of the host | {made['peak_host_bytes'] / 2**30:.2f} GiB |",
    ]
    versions = ", ".join(f"{name} {made['versions'][name]}" for name in ("torch", "diffusers"))
    where = f"one {made['device_name']}, {made['dtype']}, {versions}"
    made_by = f"Made by `{command}` on {made['started_at'][:10]}, {where}, {commit_of(made)}; random weights."
    return "\n".join(lines) + f"\n\n{made_by}\n"


def encoder_table() -> str | None:
    """What the embedded text-image encoder tells apart in held-out drawn scenes."""
    made = result("frame_encoder")
    if made is None:
        return None
    head = "| Concept | Questions | Name the value | chance | Best of 256 scenes | chance |"
    lines = [head, "| --- |" + " --- |" * 5]
    for concept, cell in made["name"].items():
        cells = [f"{_share(c)} | {c['chance']:.3f}" for c in (cell, made["retrieve_1_of_256"][concept])]
        lines.append(f"| {concept} | {cell['n']} | {' | '.join(cells)} |")
    scenes = f"{made['step']:,} steps, {made['drawn'] / 1e6:.1f} million scenes drawn"
    trained = f"{made['seconds']} s on one {made['device']}, {scenes}"
    return "\n".join(lines) + f"\n\nMade by `scripts/train_frame_encoder.py evaluate` after {trained}.\n"


def _share(cell: dict[str, float]) -> str:
    return f"{100 * cell['accuracy']:.1f} % ({100 * cell['low']:.1f}-{100 * cell['high']:.1f})"
