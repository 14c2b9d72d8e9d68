"""The tables of `vidkit bench attention`, one a section and shape, printed as soon as it is whole."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from vidkit.bench.attention import Check, Row
from vidkit.bench.attention.report import INPUTS, share_of, speed_words
from vidkit.utils.console import wide_console

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
    console = wide_console()
    failed = [check for check in checks if not check.passed]
    worst = max((check.error / check.limit for check in checks if check.limit), default=0.0)
    if not failed:
        console.print(
            Text(f"checks  {len(checks)} of {len(checks)} passed, the nearest at {worst:.0%} of its limit")
        )
        return
    table = Table(title=f"{len(failed)} of {len(checks)} checks failed", title_justify="left")
    for name in ("check", "error", "limit", "note"):
        table.add_column(name)
    for check in failed:
        table.add_row(check.name, f"{check.error:.2e}", f"{check.limit:.0e}", check.note)
    console.print(table)


class AttentionTables:
    """Gathers rows and prints them part by part."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._peak: float | None = None
        self._dense: dict[str, float] = {}  # fastest dense attention by shape, milliseconds

    def add(self, row: Row) -> None:
        """Take a row; those of one part come together."""
        if row.section == "ceiling":
            self._peak = row.tflops
            wide_console().print(Text(f"ceiling {_rate(row.tflops)}, a large matrix product: 100 % of peak"))
            return
        if row.section == "dense" and row.ms:
            self._dense[row.shape] = min(row.ms, self._dense.get(row.shape, row.ms))
        self._rows.append(row)

    def flush(self) -> None:
        """Print what was gathered."""
        for part in dict.fromkeys(row.part for row in self._rows):
            rows = [row for row in self._rows if row.part == part]
            title = f"{_TITLES.get(part, part)}, {rows[0].shape}"
            table = Table(title=title, title_justify="left", caption=INPUTS.get(part), caption_justify="left")
            fill = {"rates": self._rates, "launch": self._rates, "memory": _memory, "loop": _loop}
            fill["breakdown"] = _breakdown
            fill.get(part, _prediction)(table, rows)
            wide_console().print(table)
        self._rows = []

    def _rates(self, table: Table, rows: Sequence[Row]) -> None:
        _columns(
            table, "who", "density", "median", "20-80 %", "rate", "of peak", "against dense", "20-80 %", ""
        )
        for row in rows:
            part = share_of(row.tflops, self._peak)
            share = "" if part is None else f"{part:.0%}"
            who = f"dense {row.provider}" if row.section == "dense" else row.provider
            gain, spread = self._gain(row)
            table.add_row(
                who, _density(row), _ms(row), _spread(row), _rate(row.tflops), share, gain, spread, row.note
            )

    def _gain(self, row: Row) -> tuple[str, str]:
        """Speed against the fastest dense attention, and how much that ratio varied."""
        if row.busy:
            return "busy machine: not reported", ""
        if row.gain is not None:
            return speed_words(row.gain), f"{row.gain_low:.2f}-{row.gain_high:.2f}"
        dense = self._dense.get(row.shape)
        return (speed_words(dense / row.ms), "") if dense and row.ms else ("", "")


def _prediction(table: Table, rows: Sequence[Row]) -> None:
    _columns(table, "step", "median", "20-80 %", "of dense attention")
    for row in rows:
        table.add_row(row.provider, _ms(row), _spread(row), row.note.removesuffix(" of dense"))


def _memory(table: Table, rows: Sequence[Row]) -> None:
    _columns(table, "what", "size")
    for row in rows:
        table.add_row(row.provider, row.note)


def _loop(table: Table, rows: Sequence[Row]) -> None:
    _columns(table, "policy", "median", "range", "density", "")
    for row in rows:
        table.add_row(row.provider, _ms(row), _spread(row), _density(row), row.note)


def _breakdown(table: Table, rows: Sequence[Row]) -> None:
    _columns(table, "policy", "GPU time", "part")
    before = ""
    for row in rows:
        policy, _, part = row.provider.partition(": ")
        table.add_row("" if policy == before else policy, _ms(row), part)
        before = policy


def _columns(table: Table, first: str, *others: str) -> None:
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right" if name else "left")


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
