"""One delta on a state: marks go, code is highlighted, operations are applied left to right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from vidkit.algoviz.vta import operations
from vidkit.algoviz.vta.diagnostics import Refusal, Severity
from vidkit.algoviz.vta.document import Delta, UnreadOp, extra_fields
from vidkit.algoviz.vta.engine import arrays, extensions, graphs, hashtables, tables, trees
from vidkit.algoviz.vta.engine.context import Context
from vidkit.algoviz.vta.operations import PARAMS, Op
from vidkit.algoviz.vta.state import NO_MARKS, State
from vidkit.utils.naming import near_name

Handler = Callable[[State, Any, Context], State]


def _handlers(*modules: ModuleType) -> dict[str, Handler]:
    """The function of each operation: `updateValues` is `update_values`, `x-pushFrame` `push_frame`."""
    made = {}
    for name in PARAMS:
        snake = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name.removeprefix("x-"))
        made[name] = next(getattr(module, snake) for module in modules if hasattr(module, snake))
    return made


HANDLERS = _handlers(arrays, tables, graphs, trees, hashtables, extensions)
_HINTS = {
    "swapElements": "use updateValues with two entries, or moveElements with one pair",
    "swap": "use updateValues with two entries, or moveElements with one pair",
    "setVariable": "use x-setVariable, or updateTableCell on vars_panel",
}


def apply_delta(state: State, delta: Delta, lines: int, ctx: Context) -> State:
    """The state after a delta; what cannot be applied is noted and skipped as a whole.

    Args:
        state: before it.
        delta: the step.
        lines: length of the pseudocode.
        ctx: styles of the trace, and where findings go.
    """
    notes = ctx.notes
    notes.group = notes.op = None
    code = highlighted(delta.code_highlight, lines, state.code, ctx)
    state = replace(state, marks=NO_MARKS, code=code)
    for name in extra_fields(delta):
        notes.once("V104", f"delta {name}", f"field '{name}' of a delta")
    if delta.meta:
        state = _attempt(state, ctx, lambda: extensions.with_variables(state, delta.meta or {}))
    for notes.group, group in enumerate(delta.operations):
        for notes.op, op in enumerate(group):
            state = apply_op(state, op, ctx)
    return state


def apply_op(state: State, op: Op, ctx: Context) -> State:
    """The state after one operation; unchanged where it cannot be applied, which is noted."""
    if isinstance(op, UnreadOp):
        _note_unread(op, ctx)
        return state
    if op.model_extra or op.params.model_extra:
        for name in (*extra_fields(op), *extra_fields(op.params)):
            ctx.notes.once("V104", f"{op.op} {name}", f"field '{name}' of {op.op}")
    return _attempt(state, ctx, lambda: HANDLERS[op.op](state, op.params, ctx), op.op)


def _attempt(state: State, ctx: Context, change: Callable[[], State], name: str = "meta") -> State:
    before = len(ctx.notes.found)
    try:
        return change()
    except Refusal as refusal:
        del ctx.notes.found[before:]  # what was noted on the way did not happen
        ctx.notes.add(refusal.code, f"{name}: {refusal.message}", refusal.hint)
        return state


def _note_unread(op: UnreadOp, ctx: Context) -> None:
    if op.cause:
        ctx.notes.add("V102", f"{op.op or 'operation'}: {op.cause}", "see 'vidkit algoviz list operations'")
        return
    if op.op.startswith("x-") and near_name(op.op, operations.EXTENSIONS) is None:
        ctx.notes.add("V310", f"extension '{op.op}' is not known", "it is skipped", Severity.INFO)
        return
    near = near_name(op.op, PARAMS)
    hint = _HINTS.get(op.op) or (
        f"did you mean '{near}'?" if near else "see 'vidkit algoviz list operations'"
    )
    ctx.notes.add("V310", f"no operation '{op.op}'", hint)


def highlighted(raw: Any, lines: int, before: tuple[int, ...], ctx: Context) -> tuple[int, ...]:
    """The highlighted lines that a file means: a number, a list of numbers, or null for those before.

    Lines that the pseudocode does not have are noted and left out; without pseudocode there are none.
    """
    if raw is None:
        return before
    asked = raw if isinstance(raw, tuple) else (raw,)
    wrong = [
        line
        for line in asked
        if isinstance(line, bool) or not isinstance(line, int) or not 1 <= line <= lines
    ]
    if wrong and lines:
        ctx.notes.add(
            "V101", f"code line {_told(wrong)} of {lines}", "lines count from 1; null keeps those before"
        )
    return tuple(dict.fromkeys(line for line in asked if line not in wrong))


def _told(lines: list[Any]) -> str:
    return ", ".join(f"{line!r:.40}" for line in lines[:3])
