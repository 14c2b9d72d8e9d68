"""Tables of the tool itself: start-up, scoring, asking a server, the demo."""

from __future__ import annotations

from scripts.doc_tables.results import commit_of, result


def figures(name: str) -> str | None:
    """A measured result as a table, with where and when it was measured."""
    made = result(name)
    if made is None:
        return None
    lines = ["| Command | Best | Median | Runs | Target |", "| --- | --- | --- | --- | --- |"]
    for row in made["rows"]:
        target = "" if row["target"] is None else f"< {row['target']} {row['unit']}"
        values = " | ".join(f"{row[key]} {row['unit']}" for key in ("best", "median"))
        lines.append(f"| {row['what']} | {values} | {row['runs']} | {target} |")
    where = f"{made['device']}, load {made['load_before']} before"
    lines.append(f"\nMade by `{made['made_by']}` on {made['date'][:10]}, {where}, {commit_of(made)}.")
    return "\n".join(lines) + "\n"


def serving_figures() -> str | None:
    """How near a run comes to the ideal makespan, and its peak memory by number of items."""
    made = result("serving")
    if made is None:
        return None
    verdict = "met" if made["times_ideal"] <= made["bar_times_ideal"] else "MISSED"
    flight = f"{made['concurrency']} calls in flight, {made['server_delay_ms']:g} ms per call"
    median = f"{made['median_s']:.2f} s, {made['times_ideal']:.2f} times the ideal"
    lines = [
        "| What | Median | Worst | Target |",
        "| --- | --- | --- | --- |",
        f"| {made['items']:,} items, {flight}: ideal {made['ideal_s']:g} s | {median} |"
        f" {made['worst_times_ideal']:.2f} times | {made['bar_times_ideal']:g} times ({verdict}) |",
    ]
    lines += [
        f"| peak memory with {int(items):,} items | {peak:.0f} MiB | | the same |"
        for items, peak in made["peak_mib_by_items"].items()
    ]
    where = f"{made['device']}, load {made['load_before']} before, scheduling {made['scheduler']}"
    lines.append(f"\nMade by `{made['made_by']}` on {made['date'][:10]}, {where}, {commit_of(made)}.")
    return "\n".join(lines) + "\n"


def demo_output() -> str | None:
    made = result("demo")
    if made is None:
        return None
    image = "![frames of the demo's video, numbered](images/demo_sheet.png)"
    return "```text\n" + "\n".join(made["printed"]) + f"\n```\n\n{image}\n"
