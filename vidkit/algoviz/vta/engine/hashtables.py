"""What the operations on hash tables do."""

from __future__ import annotations

from dataclasses import replace

from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.engine.arrays import out_of_range
from vidkit.algoviz.vta.engine.context import Context, put, resolve_as
from vidkit.algoviz.vta.params import hashtables as ops
from vidkit.algoviz.vta.state import BucketMark, CollisionMark, Entry, HashMark, HashView, State
from vidkit.algoviz.vta.values import same_value


def bucket_at(view: HashView, index: int) -> int:
    """The place of a bucket.

    Raises:
        Refusal: there is none of that index.
    """
    if 0 <= index < len(view.buckets) and view.buckets[index].index == index:
        return index
    found = next((i for i, bucket in enumerate(view.buckets) if bucket.index == index), None)
    if found is None:
        raise out_of_range(index, len(view.buckets), f"the buckets of view '{view.view_id}'")
    return found


def _with_items(state: State, view: HashView, place: int, items: tuple[Entry, ...]) -> State:
    made = replace(view.buckets[place], items=items)
    return put(state, replace(view, buckets=(*view.buckets[:place], made, *view.buckets[place + 1 :])))


def highlight_bucket(state: State, op: ops.HighlightBucket, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, HashView)
    bucket_at(view, op.bucket_index)
    ctx.check_style(op.style_key, ctx.styles.of_element)
    made = BucketMark(view.view_id, op.bucket_index, op.style_key)
    return replace(state, marks=replace(state.marks, buckets=(*state.marks.buckets, made)))


def show_hash(state: State, op: ops.ShowHash, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, HashView)
    bucket_at(view, op.bucket_index)
    made = HashMark(view.view_id, op.input_key, op.output_hash, op.bucket_index)
    return replace(state, marks=replace(state.marks, hashes=(*state.marks.hashes, made)))


def insert_into_bucket(state: State, op: ops.InsertIntoBucket, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, HashView)
    place = bucket_at(view, op.bucket_index)
    added = Entry(op.element.key, op.element.value)
    return _with_items(state, view, place, (*view.buckets[place].items, added))


def update_in_bucket(state: State, op: ops.UpdateInBucket, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, HashView)
    place = bucket_at(view, op.bucket_index)
    items = list(view.buckets[place].items)
    found = next((i for i, item in enumerate(items) if same_value(item.key, op.key)), None)
    if found is None:
        raise Refusal("V304", f"no key {op.key!r} in bucket {op.bucket_index}")
    items[found] = Entry(items[found].key, op.value)
    return _with_items(state, view, place, tuple(items))


def remove_from_bucket(state: State, op: ops.RemoveFromBucket, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, HashView)
    place = bucket_at(view, op.bucket_index)
    items = view.buckets[place].items
    kept = tuple(item for item in items if not same_value(item.key, op.key))
    if len(kept) == len(items):
        raise Refusal("V304", f"no key {op.key!r} in bucket {op.bucket_index}")
    return _with_items(state, view, place, kept)


def highlight_collision(state: State, op: ops.HighlightCollision, ctx: Context) -> State:
    view = resolve_as(state, op.view_id, HashView)
    bucket_at(view, op.bucket_index)
    made = CollisionMark(view.view_id, op.bucket_index, op.with_key)
    return replace(state, marks=replace(state.marks, collisions=(*state.marks.collisions, made)))
