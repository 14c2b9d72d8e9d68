"""Tables of traces: operations and the codes of findings, from the code that reads and makes them."""

from __future__ import annotations

from vidkit.algoviz.json_schema import NAMES, schema_text
from vidkit.algoviz.rsl.codes import CODES as STYLE_CODES
from vidkit.algoviz.vta.diagnostics import CODES
from vidkit.commands.algoviz.listing import operation_lines


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


def schema_files() -> dict[str, str]:
    """The JSON Schemas that ship, made from the models, by their path."""
    return {f"vidkit/algoviz/schemas/{file}": schema_text(what) for what, file in NAMES.items()}
