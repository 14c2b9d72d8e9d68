"""What a model is asked: the contract, the operations from their models, one example, the problem.

Nothing here lists an operation or a field by hand, so the prompt cannot say what the reader does not take.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from inspect import getdoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from vidkit.algoviz.asking.answers import UNKNOWN, shown
from vidkit.algoviz.asking.findings import Finding, told
from vidkit.algoviz.asking.judging import Task
from vidkit.algoviz.vta.document import Delta, Document, InitialFrame
from vidkit.algoviz.vta.operations import PARAMS
from vidkit.algoviz.vta.params import arrays, extensions, hashtables, networks, tables
from vidkit.algoviz.vta.params.base import Params
from vidkit.algoviz.vta.view_specs import SPECS, ViewSpec

EXAMPLES = Path(__file__).parent / "examples"
FAMILIES = {
    "array": (arrays,),
    "table": (),
    "graph": (networks,),
    "tree": (networks,),
    "hashtable": (hashtables,),
}
"""Families of trackers, each with an example, and modules with their operations; tables go with all."""
_LISTS = ("appendToList", "popFromList", "clearList")
_OF_TREES = ("addChild", "removeChild", "reparent", "swapNodes", "highlightPath")
_LONGEST_INPUT = 6000  # characters of the input that are shown

_CONTRACT = """\
Write one Python program that shows how an algorithm works, step by step.

- solve(data) gives the answer: a JSON value, computed in the plainest way.
- trace(data) runs the algorithm on the same input and returns a trace, a dict of JSON values. Change the \
Python data first, then tell the change; put what the algorithm comes to into "x-result".
- data is the input, read from JSON. Both functions work for any input of the same form.
- Standard library alone; no network, files or waiting. Every loop ends. At most 300 steps.
- The initial frame has the data as they are before the first step: copy lists, they change later.
- Rows, columns and indices count from 0, lines of the pseudocode from 1. Break ties by the smaller index.
- Reply with one ```python block and nothing else.
"""
_SCRIPT = """\
Write one ordinary Python program that solves a problem with a classical algorithm, step by step; it is run \
and watched, and what its lists, dicts, grids and nodes go through is drawn.

- Read the input with json.load(open("input.json")).
- Keep the data of the algorithm in variables with telling names: lists, lists of lists, dicts, deques, \
sets, heapq, small classes for nodes. Change them in place; do the work yourself, not by calls such \
as sorted().
- Index with variables (a[i]), so that they can be shown as pointers.
- Standard library alone; no network, no waiting. Every loop ends.
- At the end print the answer as JSON, as the last line of output.
- Reply with one ```python block and nothing else.
"""


def messages(task: Task, form: str = "tracker") -> tuple[str, str]:
    """The two messages of a first request: how trackers are written, and the problem."""
    if form == "script":
        return _SCRIPT, _problem(task)
    family = task.family if task.family in FAMILIES else ""
    example = (EXAMPLES / f"{family or 'array'}.py").read_text(encoding="utf-8").strip()
    parts = (
        _CONTRACT,
        "A trace:\n" + "\n".join(_format(family)),
        "Operations ({op, params}); view_id is the main view where it is left out; ? may be left out:\n"
        + "\n".join(_operations(family)),
        f"An example, for another problem:\n```python\n{example}\n```",
    )
    return "\n".join(parts), _problem(task)


def again(source: str, findings: Sequence[Finding]) -> str:
    """What is asked after a faulty program."""
    lines = source.splitlines()
    near = []
    for finding in findings[:3]:
        word, _, number = finding.place.partition(" ")
        if word == "line" and number.isdecimal() and 0 < int(number) <= len(lines):
            near.append(f"line {number}: {lines[int(number) - 1].strip()[:160]}")
    source_lines = "\n" + "\n".join(dict.fromkeys(near)) if near else ""
    return (
        f"The program was run. What is wrong:\n{told(findings)}{source_lines}\n"
        "Reply with the whole corrected program, one ```python block and nothing else."
    )


def _problem(task: Task) -> str:
    if task.data is UNKNOWN:
        return f"Problem:\n{task.problem.strip()}\n\ndata is None: take the input from the problem."
    return f"Problem:\n{task.problem.strip()}\n\ndata = {shown(task.data, _LONGEST_INPUT)}"


def _format(family: str) -> Iterator[str]:
    yield f'- top level: {_names(Document)}; svl_version is "5.0", algorithm has name and family'
    yield f"- initial_frame: {_names(InitialFrame, ('data_schema', 'variables_schema'))}"
    groups = "operations is a list of groups, a group a list of operations"
    yield f"- a delta, one step: {_names(Delta, ('meta',))}; {groups}"
    wanted = [family] if family else list(FAMILIES)
    told_of: set[type[ViewSpec]] = set()
    for kind in (*wanted, "list", "table"):
        spec = SPECS[kind]
        if spec in told_of:
            continue
        told_of.add(spec)
        fields = {
            name: one for name, one in spec.model_fields.items() if name not in ("view_id", "type", "title")
        }
        name = "data" if kind in ("table", "list") else "structure"
        yield f'- view of type "{kind}": {name} is {_type(fields[name].annotation)}'
    yield "- an auxiliary view also has view_id and title"
    yield (
        '- styles: {"elementStyles": {NAME: {"backgroundColor", "textColor", "borderColor"}},'
        ' "edgeStyles": {NAME: {"stroke"}}, "tempStyles": {...}}; styleKey is such a NAME'
    )


def _names(model: type[BaseModel], without: Sequence[str] = ()) -> str:
    return ", ".join(name for name in model.model_fields if name not in without)


def _operations(family: str) -> Iterator[str]:
    modules = (tables, extensions, *(FAMILIES[family] if family else (arrays, networks, hashtables)))
    names = {module.__name__ for module in modules}
    for name, kind in PARAMS.items():
        of_trees = name in _OF_TREES
        if kind.__module__ not in names and name not in _LISTS:
            continue
        if (family == "graph" and of_trees) or (family == "tree" and name in ("addEdge", "removeEdge")):
            continue
        yield f"- {name}({_fields(kind)}): {_first_line(kind)}"


def _first_line(kind: type[Params]) -> str:
    return (getdoc(kind) or "").partition("\n")[0]


def _fields(kind: type[BaseModel]) -> str:
    return ", ".join(
        (field.alias or name) + ("" if field.is_required() else "?") + _shape(field.annotation)
        for name, field in kind.model_fields.items()
    )


def _shape(annotation: Any) -> str:
    """`: [{index, value}]` for a list of parts, nothing for what its name says."""
    made = _type(annotation)
    return f": {made}" if made and made[0] in '[{"' else ""


def _type(annotation: Any) -> str:
    """A type in the words of JSON: `[{index, value}]`, `"head"|"tail"`, `text`; empty for any value."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return "|".join(f'"{one}"' for one in inner)
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin is tuple:
        kinds = [one for one in inner if one is not Ellipsis]
        return "[" + ", ".join(_type(one) or "value" for one in kinds) + "]"
    if inner and origin is not dict:  # a union
        known = [_type(one) for one in inner if one is not type(None)]
        return next((one for one in known if one and one[0] in '[{"'), next(filter(None, known), ""))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "{" + _fields(annotation) + "}"
    return {int: "number", str: "text"}.get(annotation, "") if isinstance(annotation, type) else ""
