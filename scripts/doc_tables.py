"""Tables of the docs, from the results kept in docs/results/; each gives None while its file is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def result(name: str) -> dict[str, Any] | None:
    """A JSON of docs/results/, None if it was not made yet."""
    file = ROOT / "docs" / "results" / f"{name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def figures(name: str) -> str | None:
    """A measured result as a table, with where and when it was measured."""
    made = result(name)
    if made is None:
        return None
    lines = ["| Command | Best | Median | Runs | Bar |", "| --- | --- | --- | --- | --- |"]
    for row in made["rows"]:
        bar = "" if row["bar"] is None else f"< {row['bar']} {row['unit']}"
        values = " | ".join(f"{row[key]} {row['unit']}" for key in ("best", "median"))
        lines.append(f"| {row['what']} | {values} | {row['runs']} | {bar} |")
    where = f"{made['device']}, load {made['load_before']} before"
    lines.append(f"\nMade by `{made['made_by']}` on {made['date'][:10]}, {where}, {_commit(made)}.")
    return "\n".join(lines) + "\n"


def serving_figures() -> str | None:
    """How near a run comes to the ideal makespan, and its peak memory by number of items."""
    made = result("serving")
    if made is None:
        return None
    verdict = "met" if made["times_ideal"] <= made["bar_times_ideal"] else "MISSED"
    flight = f"{made['concurrency']} calls in flight, {made['server_delay_ms']:g} ms a call"
    median = f"{made['median_s']:.2f} s, {made['times_ideal']:.2f} times the ideal"
    lines = [
        "| What | Median | Worst | Bar |",
        "| --- | --- | --- | --- |",
        f"| {made['items']:,} items, {flight}: ideal {made['ideal_s']:g} s | {median} |"
        f" {made['worst_times_ideal']:.2f} times | {made['bar_times_ideal']:g} times ({verdict}) |",
    ]
    lines += [
        f"| peak memory with {int(items):,} items | {peak:.0f} MiB | | the same |"
        for items, peak in made["peak_mib_by_items"].items()
    ]
    where = f"{made['device']}, load {made['load_before']} before, scheduling {made['scheduler']}"
    lines.append(f"\nMade by `{made['made_by']}` on {made['date'][:10]}, {where}, {_commit(made)}.")
    return "\n".join(lines) + "\n"


def _commit(made: dict[str, Any]) -> str:
    dirty = " with local changes" if str(made["commit"]).endswith("-dirty") else ""
    return f"commit {str(made['commit'])[:12]}{dirty}"


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


def quality_tables() -> str | None:
    """What sparse attention does to clips of the embedded model, row by row."""
    made = result("attention_quality")
    if made is None:
        return None
    from vidkit.bench.attention_quality.report import markdown

    return markdown(made)


def attention_tables() -> str | None:
    """Dense and sparse attention, prediction and denoising loops on a GPU."""
    made, larger = result("attention_h200"), result("attention_h200_14b")
    if made is None:
        return None
    from vidkit.bench.attention import markdown as m

    rows = made["rows"]
    shown = ("dense fa4", "everything", "xattention", "haste", "svg2")
    tables = [
        "Dense attention, by library:", m.dense_table(rows),
        "Executors, TFLOP/s of the kept pairs, random block lists:", m.executor_table(rows),
        "Prediction of masks, median (20-80 %) and share of the fastest dense attention:",
        m.prediction_table(rows),
        "Memory:", m.memory_table(rows),
        "Denoising loop, random weights, two guidance branches, everything included:", m.loop_table(rows),
        "Where the GPU's time goes, milliseconds a forward:",
        m.parts_table(rows, shown), m.made_by(made),
    ]  # fmt: skip
    if larger is not None:
        tables += ["Wan2.1-14B, 10 of its 40 layers:", m.loop_table(larger["rows"])]
        tables += [m.parts_table(larger["rows"], shown), m.made_by(larger)]
    return "\n\n".join(tables) + "\n"


def headline() -> str | None:
    """Sparse against dense denoising loops, in one line each."""
    made, larger = result("attention_h200"), result("attention_h200_14b")
    if made is None:
        return None
    lines = ["| Denoising loop | Dense, fastest | HASTE | Times as fast | as diffusers' flash default |"]
    lines.append("| --- |" + " --- |" * 4)
    rows = [r for record in (made, larger) if record for r in record["rows"] if r["section"] == "loop"]
    for loop in dict.fromkeys(r["shape"] for r in rows):
        dense = {r["provider"]: r["ms"] for r in rows if r["shape"] == loop and "dense" in r["provider"]}
        sparse = next(r for r in rows if r["shape"] == loop and r["provider"].startswith("haste"))
        best = min(dense, key=lambda name: dense[name])
        gains = [f"**{dense[name] / sparse['ms']:.2f}x**" for name in (best, "dense flash")]
        cells = [f"{best.removeprefix('dense ')}: {dense[best]:.0f} ms", f"{sparse['ms']:.0f} ms", *gains]
        layers = ", 10 of 40 layers" if "of 40 layers" in sparse["note"] else ""
        lines.append(f"| {loop}{layers} | {' | '.join(cells)} |")
    haste = [r for r in rows if r["provider"].startswith("haste")]
    density = _span([f"{r['density']:.3f}" for r in haste])
    reuse = _span([r["note"].split("reuse ")[1].split(",")[0] for r in haste])
    where = f"{made['environment']['date'][:10]}, one {made['environment']['device']}"
    note = (
        f"Milliseconds a forward, prediction included, share of masks reused {reuse}. Random weights: the"
        f" density ({density}) was set, what real weights need is theirs to say"
    )
    return (
        "\n".join(lines) + f"\n\n{note}. Made by `vidkit bench attention` (14B: `loops=[...]`) on {where}.\n"
    )


def _span(figures: list[str]) -> str:
    """Least to most, or the one there is."""
    low, high = min(figures), max(figures)
    return low if low == high else f"{low}-{high}"


def selection_figures() -> str | None:
    """Time and memory of frame selection, a line for each claim."""
    names = ("selectors", "hour", "manifest")
    made = {name: record for name in names if (record := result(f"select_frames_{name}"))}
    if "selectors" not in made:
        return None
    lines = ["| What | Measured | Bar |", "| --- | --- | --- |"]
    chosen = {row["method"]: row for row in made["selectors"]["sections"]["selectors"]["rows"]}
    for method in ("wfs-sb", "efs"):
        row = chosen[method]
        spread = f"median {row['median_s'] * 1e3:.0f} ms, best {row['best_s'] * 1e3:.0f} ms of {row['runs']}"
        lines.append(f"| `{method}`, N = 3600, D = 1408, K = 64 | {spread} | < 50 ms |")
    if "hour" in made:
        lines.append(_hour_line(made["hour"]))
    if "manifest" in made:
        lines.append(_manifest_line(made["manifest"]["sections"]["manifest"]))
    long = result("select_frames_three_hours")
    if long is not None:
        cost = f"peak {long['peak_rss_gib']:.2f} GiB; {long['seconds']:.0f} s at load {long['load_before']:g}"
        lines.append(f"| three hours of 720p, {long['candidates']:,} candidates | {cost} | < 1.5 GiB |")
    lines.append("")
    for record in made.values():
        env = record["environment"]
        where = f"{env['device']}, load {env['load_before']:g} before, {_commit(env)}"
        lines.append(f"Made by `{record['made_by']}` on {env['date'][:10]}, {where}.")
    return "\n".join(lines) + "\n"


def _hour_line(record: dict[str, Any]) -> str:
    found = record["sections"]["hour"]
    ours = next(row for row in found["rows"] if row["who"] == "select-frames")
    decord = next(row for row in found["rows"] if "decord" in row["who"])
    took = (
        f"{ours['median_s']:.0f} s, {found['ratio_to_decord']:.2f} times decord's {decord['median_s']:.0f} s"
    )
    what = f"an hour of 720p30 H.264 at 1 fps, relevance `{found['relevance']}`"
    return f"| {what} | {took}; peak {ours['peak_gib']:.2f} GiB | 1.25 times, < 1.5 GiB |"


def _manifest_line(made: dict[str, Any]) -> str:
    one, two = made["rows"]
    what = f"{made['clips']} clips of {made['clip_s']} s, 2 workers against 1"
    took = f"{made['speedup']:.2f} times ({one['seconds']:.0f} s, {two['seconds']:.0f} s)"
    return f"| {what} | {took} | 1.7 times |"


def planted_table() -> str | None:
    """Recall, coverage and redundancy of every selector on planted events."""
    made = result("select_frames_planted")
    if made is None:
        return None
    rows = (made["sections"]["planted"] if "sections" in made else made)["rows"]
    ks = sorted({row["k"] for row in rows})
    head = ["Method", *(f"Recall, K = {k}" for k in ks), "Coverage of shots, K = 16", "Redundancy, K = 16"]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = {row["k"]: row for row in rows if row["method"] == method}
        found = [mine[k]["recall"] for k in ks]
        recall = [f"{cell['mean']:.2f} ({cell['low']:.2f}-{cell['high']:.2f})" for cell in found]
        rest = [f"{mine[16][name]['mean']:.2f}" for name in ("coverage", "redundancy")]
        lines.append(f"| `{method}` | {' | '.join([*recall, *rest])} |")
    env = made.get("environment", made)
    return "\n".join(lines) + f"\n\nMade by `{made['made_by']}` on {env['date'][:10]}, {_commit(env)}.\n"


def token_table() -> str | None:
    """Share of planted events read under budgets of vision tokens."""
    made = result("select_frames_tokens")
    if made is None:
        return None
    found = made["sections"]["tokens"]
    rows, budgets = found["rows"], sorted({row["tokens"] for row in found["rows"]})
    head = ["Method", "Pictures", *(f"{budget} tokens" for budget in budgets)]
    head.append(f"large / small, {budgets[-1]} tokens")
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for method, plan in dict.fromkeys((row["method"], row["plan"]) for row in rows):
        mine = [row for row in rows if (row["method"], row["plan"]) == (method, plan)]
        mine.sort(key=lambda row: row["tokens"])
        cells = [row["read"] for row in mine]
        shares = [f"{cell['mean']:.2f} ({cell['low']:.2f}-{cell['high']:.2f})" for cell in cells]
        parts = f"{mine[-1]['large']['mean']:.2f} / {mine[-1]['small']['mean']:.2f}"
        lines.append(f"| `{method}` | {plan} | {' | '.join([*shares, parts])} |")
    env = made["environment"]
    return "\n".join(lines) + f"\n\nMade by `{made['made_by']}` on {env['date'][:10]}, {_commit(env)}.\n"


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
        f"| seconds a step (two branches), median | {made['seconds_per_step']:.3f} |",
        f"| phases | {phases} |",
        f"| peak memory of the device | {made['peak_device_bytes'] / 2**30:.2f} GiB |",
        f"| peak memory of the host | {made['peak_host_bytes'] / 2**30:.2f} GiB |",
    ]
    versions = ", ".join(f"{name} {made['versions'][name]}" for name in ("torch", "diffusers"))
    where = f"one {made['device_name']}, {made['dtype']}, {versions}"
    made_by = f"Made by `{command}` on {made['started_at'][:10]}, {where}, {_commit(made)}; random weights."
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


def demo_output() -> str | None:
    made = result("demo")
    if made is None:
        return None
    image = "![frames of the demo's video, numbered](docs/images/demo_sheet.png)"
    return "```text\n" + "\n".join(made["printed"]) + f"\n```\n\n{image}\n"


def reader_table() -> str | None:
    """Random reads by codec: how frames were reached, and how many were another than asked for."""
    made = result("reader_matrix")
    if made is None:
        return None
    peer = [row for row in made["rows"] if row["reader"] == "decord-seeks"]
    codecs = sorted({_codec_of(row) for row in made["rows"]})
    lines = [
        "| Files | Made | Read by seeking / in order | Frames compared | Wrong | Wrong by decord's seeks |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for codec in [*codecs, "all"]:
        ours = [r for r in made["rows"] if r["reader"] == "auto" and codec in (_codec_of(r), "all")]
        theirs = [row for row in peer if codec in (_codec_of(row), "all")]
        ways = " / ".join(str(sum(row.get("how") == how for row in ours)) for how in ("seeks", "in order"))
        compared, wrong = (sum(row.get(name, 0) for row in ours) for name in ("compared", "wrong"))
        other = " of ".join(str(sum(row.get(n, 0) for row in theirs)) for n in ("wrong", "compared"))
        lines.append(
            f"| {codec} | {len(ours)} | {ways} | {compared:,} | {wrong} | {other if theirs else ''} |"
        )
    missed = sum(row.get("frames") != row.get("expected") for row in made["rows"] if row["reader"] == "auto")
    lines.append(
        f"\nFiles whose frames were miscounted: {missed}. Made by `{made['made_by']}` on {made['date']}."
    )
    return "\n".join(lines) + "\n"


def _codec_of(row: dict[str, Any]) -> str:
    first = str(row["case"]).split()[0]
    known = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg1", "mpeg2", "mpeg4")
    return first if first in known else "other codecs and odd files"
