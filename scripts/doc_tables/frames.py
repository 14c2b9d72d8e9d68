"""Tables of reading video and of frame selection."""

from __future__ import annotations

from typing import Any

from scripts.doc_tables.results import commit_of, result


def selection_figures() -> str | None:
    """Time and memory of frame selection, a line for each claim."""
    names = ("selectors", "hour", "manifest")
    made = {name: record for name in names if (record := result(f"select_frames_{name}"))}
    if "selectors" not in made:
        return None
    lines = ["| What | Measured | Target |", "| --- | --- | --- |"]
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
        where = f"{env['device']}, load {env['load_before']:g} before, {commit_of(env)}"
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
    return "\n".join(lines) + f"\n\nMade by `{made['made_by']}` on {env['date'][:10]}, {commit_of(env)}.\n"


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
    lines.append(f"\n{_mixed_above_equal(rows)}")
    return "\n".join(lines) + f"\n\nMade by `{made['made_by']}` on {env['date'][:10]}, {commit_of(env)}.\n"


def _mixed_above_equal(rows: list[dict[str, Any]]) -> str:
    """Where a rule that mixes sizes read more events than every plan of equal pictures."""
    mixed, found = ("qframe", "lddr"), []
    for method, tokens in dict.fromkeys((row["method"], row["tokens"]) for row in rows):
        mine = [row for row in rows if (row["method"], row["tokens"]) == (method, tokens)]
        equal = max(row["read"]["mean"] for row in mine if row["plan"] not in mixed)
        found += [
            f"`{method}` at {tokens} tokens, {row['plan']} {row['read']['mean']:.2f} against {equal:.2f}"
            for row in mine
            if row["plan"] in mixed and row["read"]["mean"] > equal
        ]
    told = "; ".join(found) or "nowhere"
    return f"Mixed sizes above every plan of equal pictures: {told}."


def reading_table() -> str | None:
    """Time of reading by vidkit beside decord's own seeks."""
    made = result("reading")
    if made is None:
        return None
    lines = [
        f"| {made['video']} | vidkit | decord's own seeks | Time against decord (20-80 %) |",
        "| --- | --- | --- | --- |",
    ]
    for row in made["rows"]:
        times = row["times"]
        ratio = f"{times['median']:.2f} ({times['low']:.2f}-{times['high']:.2f})"
        seconds = " | ".join(f"{row[name]['median']:.2f} s" for name in ("vidkit_s", "decord_s"))
        lines.append(
            f"| {row['what']} | {seconds} | {'busy machine: not reported' if row['busy'] else ratio} |"
        )
    where = f"{made['device']}, load {made['load_before']} before, {commit_of(made)}"
    lines.append(
        f"\nMade by `{made['made_by']}` on {made['date'][:10]}, {where}; medians of"
        f" {made['rows'][0]['turns']} turns, opening included."
    )
    return "\n".join(lines) + "\n"


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
