"""Operations on hash tables."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vidkit.algoviz.vta.params.base import Index, OnView, Part
from vidkit.algoviz.vta.values import Value


class Entry(Part):
    key: Value
    value: Value = None


class HighlightBucket(OnView):
    """Marks a bucket for this step."""

    op: ClassVar[str] = "highlightBucket"
    bucket_index: Index
    style_key: str | None = Field(None, alias="styleKey")


class ShowHash(OnView):
    """A key, its hash, and an arrow to the bucket."""

    op: ClassVar[str] = "showHash"
    input_key: Value
    output_hash: Value
    bucket_index: Index


class InsertIntoBucket(OnView):
    """Adds an entry at the end of a bucket."""

    op: ClassVar[str] = "insertIntoBucket"
    bucket_index: Index
    element: Entry


class UpdateInBucket(OnView):
    """Sets the value of the first entry with that key."""

    op: ClassVar[str] = "updateInBucket"
    bucket_index: Index
    key: Value
    value: Value


class RemoveFromBucket(OnView):
    """Removes all entries with that key."""

    op: ClassVar[str] = "removeFromBucket"
    bucket_index: Index
    key: Value


class HighlightCollision(OnView):
    """Marks a collision in a bucket for this step."""

    op: ClassVar[str] = "highlightCollision"
    bucket_index: Index
    with_key: Value = None
