"""The tables of the sections of `vidkit bench agents` in which models answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vidkit.bench.tables import TextTable


def show_models(name: str, rows: list[dict[str, Any]], caption: str) -> None:
    """Print the tables of a section."""
    makers = {
        "gates": _gate_tables,
        "pair": _engines,
        "groups": _groups,
        "replay": _replays,
        "load": _loads,
        "shapes": _shape_table,
    }
    for table in makers[name](rows):
        table.caption = caption
        table.show()


def _said(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"


def _gap(row: dict[str, Any]) -> str:
    """Difference of accuracy to the agent's, with its interval."""
    return f"{row['difference']:+.1%} [{row['difference_low']:+.1%}, {row['difference_high']:+.1%}]"


def _gate_tables(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    gates, kinds, sizes = ([row for row in rows if name in row] for name in ("gate", "kind", "size"))
    heads = ("gate", "AUROC", "within a kind", "AURC", "threshold", "believed", "of them wrong", "risk kept")
    table = TextTable(heads, "how well each score tells right drafts from wrong ones")
    for row in gates:
        figures = (f"{row['auroc']:.3f}", _said(row["auroc_within"], ".3f"), f"{row['aurc']:.3f}")
        found = (_said(row["threshold"], ".4g"), f"{row['believed']:.1%}")
        wrong = _said(row["wrong_of_believed"], ".1%")
        table.add(row["gate"], *figures, *found, wrong, f"{row['kept']} of {row['splits']}")
    yield table
    if kinds:
        scores = [key for key in kinds[0] if ", right" in key or ", wrong" in key]
        table = TextTable(("kind", "questions", "small", *scores), "median score by kind of question")
        for row in kinds:
            cells = (_said(row.get(key), ".3f") for key in scores)
            table.add(row["kind"], str(row["questions"]), f"{row['small']:.1%}", *cells)
        yield table
    if sizes:
        columns = ("object", "questions", "small", "large, no zoom", "agent", "gain in points", "crops")
        table = TextTable(columns, "right answers by the side of the smallest object that decides")
        for row in sizes:
            shares = (f"{row[who]:.1%}" for who in ("small", "no_zoom", "agent"))
            gain = f"{100 * row['gain']:.1f} [{100 * row['gain_low']:.1f}, {100 * row['gain_high']:.1f}]"
            table.add(row["size"], str(row["questions"]), *shares, gain, f"{row['crops']:.2f}")
        yield table


def _engines(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    heads = ("engine", "a second", "speedup", "right", "against the agent", "beta", "alpha", "depth")
    table = TextTable(heads, f"{rows[0]['questions']} questions; differences with paired 95 % intervals")
    for row in rows:
        shares = [_said(row.get(key), ".2f") for key in ("beta", "alpha", "depth")]
        speed = (f"{row['per_second']:.1f}", _times(row["speedup"]), f"{row['accuracy']:.1%}")
        table.add(row["engine"], *speed, _gap(row), *shares)
    yield table


def _groups(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    heads = ("engine", "seconds", "speedup", "by processor", "by arithmetic", "right", "against the agent",
             "beta", "alpha", "ceiling")  # fmt: skip
    for name in dict.fromkeys(row["group"] for row in rows):
        some = [row for row in rows if row["group"] == name]
        first = some[0]
        table = TextTable(
            heads,
            f"{name}: {first['questions']} questions, {first['free']:.0%} of which need no zoom; medians of"
            f" {first['rounds']} rounds with the least and the most",
        )
        for row in some:
            seconds = f"{row['seconds']:.2f} [{row['seconds_low']:.2f}, {row['seconds_high']:.2f}]"
            speed = f"{row['speedup']:.2f}x [{row['speedup_low']:.2f}, {row['speedup_high']:.2f}]"
            work = (_times(row["speedup_processor"]), _times(row["speedup_arithmetic"]))
            shares = (_said(row["beta"], ".2f"), _said(row["alpha"], ".2f"), _times(row["ceiling"]))
            table.add(row["engine"], seconds, speed, *work, f"{row['accuracy']:.1%}", _gap(row), *shares)
        yield table


def _replays(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    table = TextTable(("pass", "one question, ms", "each further one, ms", "spread"), "seconds of passes")
    for row in (row for row in rows if "pass" in row):
        cells = (f"{1000 * row['first']:.2f}", f"{1000 * row['more']:.2f}", f"{row['spread']:.0%}")
        table.add(row["pass"], *cells)
    yield table
    heads = ("engine", "seconds", "speedup", "arithmetic", "right", "against the agent", "beta", "alpha",
             "ceiling")  # fmt: skip
    engines = [row for row in rows if "engine" in row]
    for name in dict.fromkeys(row["group"] for row in engines):
        some = [row for row in engines if row["group"] == name]
        table = TextTable(
            heads,
            f"{name}: {some[0]['questions']} questions, {some[0]['free']:.0%} of which need no"
            " zoom; arithmetic in drafts per question",
        )
        for row in some:
            speed = (f"{row['seconds']:.2f}", _times(row["speedup"]), f"{row['arithmetic']:.2f}")
            shares = (_said(row["beta"], ".2f"), _said(row["alpha"], ".2f"), _times(row["ceiling"]))
            table.add(row["engine"], *speed, f"{row['accuracy']:.1%}", _gap(row), *shares)
        yield table
    yield from _curves([row for row in rows if "loss" in row])
    columns = ("group", "load", "agents per second", "their p99, s", "the funnel takes times as many")
    table = TextTable(columns, "Poisson arrivals; load is a share of what the batched agents can do")
    loads = [row for row in rows if "load" in row]
    for row in loads:
        times = f"{row['times_the_agents']:.2f} [{row['times_low']:.2f}, {row['times_high']:.2f}]"
        rate = (f"{row['load']:.0%}", f"{row['agents_per_second']:.1f}", f"{row['p99_s']:.3f}")
        table.add(row["group"], *rate, times)
    if loads:
        yield table


def _curves(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    """What stricter and looser thresholds are worth."""
    if not rows:
        return
    heads = (
        "group",
        "score",
        "loss at most",
        "alpha",
        "ceiling",
        "less arithmetic",
        "speedup",
        "against the agent",
    )
    table = TextTable(heads, "the funnel at every loss, against the agent one by one; -: no such threshold")
    for row in rows:
        found = row["threshold"] is not None
        shares = (_said(row["alpha"], ".2f"), _times(row["ceiling"])) if found else ("-", "-")
        speed = (_times(row["less_work"]), _times(row["speedup"])) if found else ("-", "-")
        cells = (row["group"], row["score"], f"{row['loss']:.1%}", *shares, *speed)
        table.add(*cells, _gap(row) if found else "-")
    yield table


def _loads(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    heads = ("engine", "load", "a second", "believed", "p50, s", "p95, s", "p99, s", "times the agents")
    table = TextTable(heads, "from arrival to answer; load is a share of what the batched agents can do")
    for row in rows:
        waits = [_said(row.get(f"p{share}_s"), ".3f") for share in (50, 95, 99)]
        rate = (_said(row["load"], ".0%"), _said(row["per_second"], ".1f"), _said(row.get("believed"), ".0%"))
        table.add(row["engine"], *rate, *waits, _said(row.get("times_the_agents"), ".2f"))
    yield table


def _shape_table(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    table = TextTable(("what", "seconds", "a query, s", "speedup"), "two models of random weights")
    for row in rows:
        speed = _said(row.get("speedup"), ".2f")
        table.add(row["what"], f"{row['seconds']:.3f}", _said(row["a_query_s"], ".3f"), speed)
    yield table
