"""Operations on arrays and lists."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vidkit.algoviz.vta.params.base import Index, OnView, Params, Part
from vidkit.algoviz.vta.values import Value


class IndexValue(Part):
    index: Index
    value: Value


class UpdateValues(OnView):
    """Sets elements, all at once: a swap is two entries."""

    op: ClassVar[str] = "updateValues"
    updates: tuple[IndexValue, ...]


class UpdateStyle(OnView):
    """Gives elements of an array or list a style, until they get another."""

    op: ClassVar[str] = "updateStyle"
    indices: tuple[Index, ...]
    style_key: str | None = Field(alias="styleKey")


class Move(Part):
    from_index: Index = Field(alias="fromIndex")
    to_index: Index = Field(alias="toIndex")


class MoveElements(OnView):
    """Moves elements at once; what they displace fills the places left, in ascending order."""

    op: ClassVar[str] = "moveElements"
    pairs: tuple[Move, ...]
    animation_key: str | None = Field(None, alias="animationKey")


class ShiftElements(OnView):
    """As `moveElements`."""

    op: ClassVar[str] = "shiftElements"
    shifts: tuple[Move, ...]


class UpdateBoundary(Params):
    """Pushes a range onto the stack of its type."""

    op: ClassVar[str] = "updateBoundary"
    type: str
    range: tuple[Index, Index]  # both ends belong to it
    style_key: str | None = Field(None, alias="styleKey")
    label: Value = None


class RemoveBoundary(Params):
    """Drops all ranges of a type, or with `pop` the one set last."""

    op: ClassVar[str] = "removeBoundary"
    type: str
    pop: bool = False


class AppendToList(Params):
    """Adds an entry at the end; a list that is missing is made."""

    op: ClassVar[str] = "appendToList"
    view_id: str
    value: Value
    list_key: str | None = None


class PopFromList(Params):
    """Removes one entry: `value` goes before `index`, `index` before `from`; without any, the last."""

    op: ClassVar[str] = "popFromList"
    view_id: str
    value: Value = None
    index: Index | None = None
    end: Literal["head", "tail"] | None = Field(None, alias="from")
    list_key: str | None = None


class ClearList(Params):
    """Takes all entries away."""

    op: ClassVar[str] = "clearList"
    view_id: str
    list_key: str | None = None
