"""The tables of `vidkit bench attention`, one a section and shape, printed as soon as it is whole."""

from __future__ import annotations

from collections.abc import Sequence

from vidkit.bench.attention import Check, Row
from vidkit.bench.attention.report import BUSY, INPUTS, share_of, speed_words, spread_words
from vidkit.bench.tables import TextTable, say

_TITLES = {
    "rates": "rates",
    "launch": "launch configurations",
    "prediction": "cost of prediction",
    "memory": "memory",
    "loop": "denoising loop, one forward",
    "breakdown": "GPU time of one forward",
}


def print_checks(checks: Sequence[Check]) -> None:
    """One line when all passed, a table of those that did not."""
    failed = [check for check in checks if not check.passed]
    worst = max((check.error / check.limit for check in checks if check.limit), default=0.0)
    if not failed:
        say(f"checks  {len(checks)} of {len(checks)} passed, the nearest at {worst:.0%} of its limit")
        return
    table = TextTable(("check", "error", "limit", "note"), f"{len(failed)} of {len(checks)} checks failed")
    for check in failed:
        table.add(check.name, f"{check.error:.2e}", f"{check.limit:.0e}", check.note)
    table.show()


class AttentionTables:
    """Gathers rows and prints them part by part."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._peak: float | None = None

    def add(self, row: Row) -> None:
        """Take a row; those of one part come together."""
        if row.section == "ceiling":
            self._peak = row.tflops
            say(f"ceiling {_rate(row.tflops)}, a large matrix product: 100 % of peak")
            return
        self._rows.append(row)

    def flush(self) -> None:
        """Print what was gathered."""
        for part in dict.fromkeys(row.part for row in self._rows):
            rows = [row for row in self._rows if row.part == part]
            fill = {"rates": self._rates, "launch": self._rates, "memory": _memory, "loop": _loop}
            fill["breakdown"] = _breakdown
            table = fill.get(part, _prediction)(rows)
            table.title, table.caption = f"{_TITLES.get(part, part)}, {rows[0].shape}", INPUTS.get(part, "")
            table.show()
        self._rows = []

    def _rates(self, rows: Sequence[Row]) -> TextTable:
        table = TextTable(
            ("who", "density", "median", "20-80 %", "rate", "of peak", "against dense", "20-80 %", "")
        )
        for row in rows:
            part = share_of(row.tflops, self._peak)
            share = "" if part is None else f"{part:.0%}"
            who = f"dense {row.provider}" if row.section == "dense" else row.provider
            table.add(
                who,
                _density(row),
                _ms(row),
                _spread(row),
                _rate(row.tflops),
                share,
                *gain_cells(row),
                row.note,
            )
        return table


def gain_cells(row: Row) -> tuple[str, str]:
    """Speed against the fastest dense row of the same turns, and how much that ratio varied."""
    if row.busy:
        return BUSY, ""
    if row.gain is None or row.gain_low is None or row.gain_high is None:
        return "", ""
    return speed_words(row.gain), spread_words(row.gain, row.gain_low, row.gain_high)


def _prediction(rows: Sequence[Row]) -> TextTable:
    table = TextTable(("step", "median", "20-80 %", "of dense attention"))
    for row in rows:
        table.add(row.provider, _ms(row), _spread(row), row.note.removesuffix(" of dense"))
    return table


def _memory(rows: Sequence[Row]) -> TextTable:
    return TextTable(("what", "size"), rows=[[row.provider, row.note] for row in rows])


def _loop(rows: Sequence[Row]) -> TextTable:
    best = next((row.against for row in rows if row.against), "the fastest dense")
    table = TextTable(("policy", "median", "20-80 %", "density", f"against {best}", "20-80 %", ""))
    for row in rows:
        table.add(row.provider, _ms(row), _spread(row), _density(row), *gain_cells(row), row.note)
    return table


def _breakdown(rows: Sequence[Row]) -> TextTable:
    table, before = TextTable(("policy", "part", "GPU time"), left=2), ""
    for row in rows:
        policy, _, part = row.provider.partition(": ")
        table.add("" if policy == before else policy, part, _ms(row))
        before = policy
    return table


def _ms(row: Row) -> str:
    return "failed" if row.ms is None else f"{row.ms:.4g} ms"


def _spread(row: Row) -> str:
    return "" if row.ms_low is None else f"{row.ms_low:.4g}-{row.ms_high:.4g}"


def _density(row: Row) -> str:
    return "" if row.density is None else f"{row.density:.3f}"


def _rate(tflops: float | None) -> str:
    if tflops is None:
        return ""
    return f"{tflops:.4g} TFLOP/s" if tflops >= 1 else f"{1e3 * tflops:.4g} GFLOP/s"
