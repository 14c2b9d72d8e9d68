"""Tables of traces: operations, codes of findings, the gallery; from the code itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vidkit.algoviz.gallery.entries import AREAS, entries
from vidkit.algoviz.json_schema import NAMES, schema_text
from vidkit.algoviz.rsl.codes import CODES as STYLE_CODES
from vidkit.algoviz.vta.diagnostics import CODES
from vidkit.commands.algoviz.listing import operation_lines

FUZZING = Path(__file__).resolve().parents[2] / "docs" / "results" / "fuzz_traces.jsonl"


def fuzz_table() -> str:
    """Each recorded run of scripts/fuzz_traces.py, and those together since the last that found a fault."""
    runs = [json.loads(line) for line in FUZZING.read_text(encoding="utf-8").splitlines()]
    rows = [
        "| Seeds | Inputs | Read | Read, with errors | Refused | Failed | Hung | Slowest |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows += [_fuzz_row(", ".join(map(str, made["seeds"])), [made]) for made in runs]
    faulty = [place for place, made in enumerate(runs) if made["ends"].get("failed", 0) or made["hangs"]]
    if faulty:
        rows.append(_fuzz_row("since the last failure", runs[faulty[-1] + 1 :]))
    rows.append(_fuzz_row("all", runs))
    return "\n".join(rows) + "\n"


def _fuzz_row(name: str, runs: list[dict[str, Any]]) -> str:
    """Runs added up."""
    kinds = ("read", "read, with errors", "refused", "failed")
    ends = " | ".join(f"{sum(made['ends'].get(kind, 0) for made in runs):,}" for kind in kinds)
    hangs = sum(made["hangs"] for made in runs)
    slowest = max((made["slowest_s"] for made in runs), default=0)
    return f"| {name} | {sum(made['inputs'] for made in runs):,} | {ends} | {hangs} | {slowest:g} s |"


def operation_table() -> str:
    """Each operation, what it takes (`?`: may be left out) and does."""
    rows = ["| Operation | Takes | Does |", "| --- | --- | --- |"]
    rows += [f"| `{line.name}` | {line.takes} | {line.about} |" for line in operation_lines()]
    return "\n".join(rows) + "\n"


def code_table() -> str:
    """Each code with its severity and meaning."""
    rows = ["| Code | | Meaning |", "| --- | --- | --- |"]
    rows += [f"| {name} | {code.severity} | {code.meaning} |" for name, code in CODES.items()]
    return "\n".join(rows) + "\n"


def style_code_table() -> str:
    """Each code of a style with its severity and meaning."""
    rows = ["| Code | | Meaning |", "| --- | --- | --- |"]
    for name, (is_error, meaning) in STYLE_CODES.items():
        rows.append(f"| {name} | {'error' if is_error else 'warning'} | {meaning} |")
    return "\n".join(rows) + "\n"


def gallery_table() -> str:
    """Each algorithm of the gallery, by area."""
    rows = ["| Area | Name | Algorithm | |", "| --- | --- | --- | --- |"]
    for area in AREAS:
        told = area.replace("_", " ")
        for entry in entries():
            if entry.area == area:
                rows.append(f"| {told} | `{entry.name}` | {entry.title} | {entry.about} |")
                told = ""  # named once
    return "\n".join(rows) + "\n"


def schema_files() -> dict[str, str]:
    """The JSON Schemas that ship, made from the models, by their path."""
    return {f"vidkit/algoviz/schemas/{file}": schema_text(what) for what, file in NAMES.items()}
