"""A whole trace file as pydantic models: header, initial frame, deltas."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError, WrapValidator

from vidkit.algoviz.vta.operations import MODELS, Op
from vidkit.algoviz.vta.params.base import Params, Part
from vidkit.algoviz.vta.values import Properties, Value, thaw
from vidkit.algoviz.vta.view_specs import AnyView


class UnreadOp(Op):
    """An operation that cannot be read; kept as it was, skipped by replay.

    Args:
        raw: the JSON value.
        cause: what is wrong with it; empty: nothing is called so.
    """

    op: str = ""
    params: Params = Params()
    raw: Value = None
    cause: str = ""


def _read_op(raw: Any, _: Callable[[Any], Op]) -> Op:
    if isinstance(raw, Op):
        return raw
    name = raw.get("op") if isinstance(raw, dict) else None
    if not isinstance(name, str):
        return UnreadOp(raw=raw, cause="an operation is an object with a string 'op'")
    if name not in MODELS:
        return UnreadOp(op=name, raw=raw)
    try:
        return MODELS[name].model_validate(raw)
    except ValidationError as error:
        return UnreadOp(op=name, raw=raw, cause=first_cause(error))


_NAMES = {"a valid tuple": "a list", "a valid dictionary": "an object", "a valid string": "a string"}


def first_cause(error: ValidationError) -> str:
    """The first thing that pydantic found wrong: where, and what."""
    found = error.errors(include_url=False, include_input=False)[0]
    place = "/".join(str(part) for part in found["loc"])
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "union_tag_invalid":
        known = found["ctx"]["expected_tags"].replace("'", "")
        message = f"no type '{found['ctx']['tag']!s:.40}'; types: {known}"
    elif found["type"] == "union_tag_not_found":
        message = "no type"
    for python, json in _NAMES.items():
        message = message.replace(python, json)
    return f"{place}: {message[:1].lower()}{message[1:]}" if place else message


if TYPE_CHECKING:
    ReadOp = Op
else:
    # the union is what the schema shows; UnreadOp has no place in a file
    ReadOp = Annotated[
        Annotated[reduce(or_, MODELS.values()), Field(discriminator="op")], WrapValidator(_read_op)
    ]


class Delta(Part):
    """One step: the highlighted code, then groups of operations one after the other."""

    code_highlight: Value = None  # line from 1, list of lines, or null: as before
    operations: tuple[tuple[ReadOp, ...], ...] = ()
    meta: Properties | None = None  # variables by name

    @property
    def ops(self) -> tuple[Op, ...]:
        """All operations in the order in which they are applied."""
        return tuple(op for group in self.operations for op in group)


class Algorithm(Part):
    name: str = ""
    family: str = ""


class InitialFrame(Part):
    data_schema: Value = None
    data_state: AnyView | None = None
    auxiliary_views: tuple[AnyView, ...] = ()
    variables_schema: Value = ()
    pseudocode: tuple[str, ...] = ()
    code_highlight: Value = None
    styles: Properties = Field(default_factory=dict)


class Document(Part):
    """A trace as a file holds it."""

    svl_version: str
    algorithm: Algorithm = Algorithm()
    required_extensions: tuple[str, ...] = ()
    initial_frame: InitialFrame
    deltas: tuple[Delta, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON value; what a file held beyond the format is in it."""
        made: dict[str, Any] = thaw(
            self.model_dump(by_alias=True, exclude_unset=True, exclude={"deltas"}, warnings=False)
        )
        made["deltas"] = [delta_dict(delta) for delta in self.deltas]
        return made


def delta_dict(delta: Delta) -> dict[str, Any]:
    """A delta as JSON holds it."""
    made: dict[str, Any] = thaw(delta.model_dump(by_alias=True, exclude_unset=True, exclude={"operations"}))
    made["operations"] = [[op_dict(op) for op in group] for group in delta.operations]
    return made


def op_dict(op: Op) -> Any:
    """An operation as JSON holds it."""
    return thaw(op.raw if isinstance(op, UnreadOp) else op.model_dump(by_alias=True, exclude_unset=True))


def extra_fields(part: Part) -> tuple[str, ...]:
    """Names in a part that the format does not have; those with `x-` are extensions and not among them."""
    return tuple(name for name in part.model_extra or () if not name.startswith("x-"))
