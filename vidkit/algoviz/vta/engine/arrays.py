"""What the operations on arrays and lists do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidkit.algoviz.vta.building import item_of
from vidkit.algoviz.vta.diagnostics import CODES, Refusal
from vidkit.algoviz.vta.engine.context import Context, put, resolve, resolve_as
from vidkit.algoviz.vta.params import arrays as ops
from vidkit.algoviz.vta.state import ArrayView, Boundary, Element, Item, ListView, State
from vidkit.algoviz.vta.values import FrozenDict, same_value
from vidkit.algoviz.vta.view_specs import GROWING


def position(view: ArrayView, index: int) -> int:
    """Where the element of an index is; mostly at its index.

    Raises:
        Refusal: there is none.
    """
    if 0 <= index < len(view.elements) and view.elements[index].index == index:
        return index
    found = next((i for i, element in enumerate(view.elements) if element.index == index), None)
    if found is None:
        raise out_of_range(index, len(view.elements), f"view '{view.view_id}'")
    return found


def out_of_range(index: int, size: int, of: str) -> Refusal:
    inside = f"{size} in it, from 0 to {size - 1}" if size else "it is empty"
    return Refusal("V306", f"index {index} of {of}: {inside}", "indices count from 0, none from the end")


def in_range(index: int, items: Sequence[object], of: str) -> int:
    if not 0 <= index < len(items):
        raise out_of_range(index, len(items), of)
    return index


def update_values(state: State, op: ops.UpdateValues, ctx: Context) -> State:
    view = resolve(state, op.view_id)
    if isinstance(view, ListView):
        items = list(one_list(view, None))
        for update in op.updates:
            place = in_range(update.index, items, f"view '{view.view_id}'")
            items[place] = Item(update.value, items[place].style)
        return put(state, with_list(view, None, tuple(items)))
    array = resolve_as(state, op.view_id, ArrayView)
    elements = list(array.elements)
    for update in op.updates:
        place = position(array, update.index)
        elements[place] = Element(update.index, update.value, elements[place].style)
    return put(state, replace(array, elements=tuple(elements)))


def update_style(state: State, op: ops.UpdateStyle, ctx: Context) -> State:
    view = resolve(state, op.view_id)
    if isinstance(view, ListView):
        items = list(one_list(view, None))
        for index in op.indices:
            place = in_range(index, items, f"view '{view.view_id}'")
            items[place] = Item(items[place].value, op.style_key)
        changed: ArrayView | ListView = with_list(view, None, tuple(items))
    else:
        array = resolve_as(state, op.view_id, ArrayView)
        elements = list(array.elements)
        for index in op.indices:
            place = position(array, index)
            elements[place] = Element(index, elements[place].value, op.style_key)
        changed = replace(array, elements=tuple(elements))
    ctx.check_style(op.style_key, ctx.styles.of_element)
    return put(state, changed)


def move_elements(state: State, op: ops.MoveElements, ctx: Context) -> State:
    return _moved(state, op.view_id, op.pairs)


def shift_elements(state: State, op: ops.ShiftElements, ctx: Context) -> State:
    return _moved(state, op.view_id, op.shifts)


def _moved(state: State, view_id: str | None, moves: Iterable[ops.Move]) -> State:
    """A permutation: from a snapshot; what is displaced fills the places left in ascending order."""
    view = resolve_as(state, view_id, ArrayView)
    source_of: dict[int, int] = {}
    sources: set[int] = set()
    for move in moves:
        source, target = position(view, move.from_index), position(view, move.to_index)
        if source in sources or target in source_of:
            twice = move.from_index if source in sources else move.to_index
            raise Refusal("V303", f"index {twice} is moved twice", "name each index once on each side")
        sources.add(source)
        source_of[target] = source
    displaced = sorted(set(source_of) - sources)
    left = sorted(sources - set(source_of))
    source_of.update(zip(left, displaced, strict=True))
    elements = list(view.elements)
    for target, source in source_of.items():
        moved = view.elements[source]
        elements[target] = Element(elements[target].index, moved.value, moved.style)
    return put(state, replace(view, elements=tuple(elements)))


def update_boundary(state: State, op: ops.UpdateBoundary, ctx: Context) -> State:
    view = resolve_as(state, None, ArrayView)
    first, last = op.range
    if first > last:
        raise Refusal("V306", f"range [{first}, {last}] ends before it begins", "both ends belong to it")
    position(view, first)
    position(view, last)
    ctx.check_style(op.style_key, ctx.styles.of_element)
    return replace(
        state, boundaries=(*state.boundaries, Boundary(op.type, first, last, op.style_key, op.label))
    )


def remove_boundary(state: State, op: ops.RemoveBoundary, ctx: Context) -> State:
    last = next(
        (i for i in reversed(range(len(state.boundaries))) if state.boundaries[i].type == op.type), None
    )
    if last is None:
        raise Refusal("V304", f"no boundary of type '{op.type}'")
    if op.pop:
        return replace(state, boundaries=state.boundaries[:last] + state.boundaries[last + 1 :])
    return replace(state, boundaries=tuple(b for b in state.boundaries if b.type != op.type))


def one_list(view: ListView, key: str | None) -> tuple[Item, ...]:
    """The entries of a named list, or the only one.

    Raises:
        Refusal: no list of that name.
    """
    name = "" if key is None or (key not in view.lists and view.lists.keys() == {""}) else key
    found = view.lists.get(name)
    if found is None:
        raise Refusal(
            "V304", f"view '{view.view_id}' has no list '{name}'", f"lists: {', '.join(view.lists)}"
        )
    return found


def with_list(view: ListView, key: str | None, items: tuple[Item, ...]) -> ListView:
    name = "" if key is None or (key not in view.lists and view.lists.keys() == {""}) else key
    return replace(view, lists=FrozenDict({**view.lists, name: items}))


def _growing(view: object) -> ArrayView | None:
    return view if isinstance(view, ArrayView) and view.kind in GROWING else None


def _renumbered(view: ArrayView, elements: Iterable[Element]) -> ArrayView:
    made = tuple(Element(i, element.value, element.style) for i, element in enumerate(elements))
    return replace(view, elements=made)


def append_to_list(state: State, op: ops.AppendToList, ctx: Context) -> State:
    item = item_of(op.value)
    try:
        view = resolve(state, op.view_id)
    except Refusal as unknown:
        if op.list_key is not None:
            raise
        ctx.notes.add("V302", f"{unknown.message}; made", unknown.hint, CODES["V302"].severity)
        made = ListView(op.view_id, op.view_id, "list", FrozenDict({"": (item,)}))
        return put(state, made)
    array = _growing(view)
    if array is not None:
        added = Element(len(array.elements), item.value, item.style)
        return put(state, _renumbered(array, (*array.elements, added)))
    listed = resolve_as(state, op.view_id, ListView)
    return put(state, with_list(listed, op.list_key, (*one_list(listed, op.list_key), item)))


def pop_from_list(state: State, op: ops.PopFromList, ctx: Context) -> State:
    array = _growing(resolve(state, op.view_id))
    if array is not None:
        at = _popped(op, [element.value for element in array.elements], array.view_id)
        return put(state, _renumbered(array, array.elements[:at] + array.elements[at + 1 :]))
    view = resolve_as(state, op.view_id, ListView)
    items = one_list(view, op.list_key)
    at = _popped(op, [item.value for item in items], view.view_id)
    return put(state, with_list(view, op.list_key, items[:at] + items[at + 1 :]))


def _popped(op: ops.PopFromList, values: list[object], view_id: str) -> int:
    if "value" in op.model_fields_set:
        found = next((i for i, value in enumerate(values) if same_value(value, op.value)), None)
        if found is None:
            raise Refusal("V304", f"{op.value!r} is not in view '{view_id}'")
        return found
    if op.index is not None:
        return in_range(op.index, values, f"view '{view_id}'")
    if not values:
        raise Refusal("V304", f"view '{view_id}' is empty")
    return 0 if op.end == "head" else len(values) - 1


def clear_list(state: State, op: ops.ClearList, ctx: Context) -> State:
    array = _growing(resolve(state, op.view_id))
    if array is not None:
        return put(state, replace(array, elements=()))
    view = resolve_as(state, op.view_id, ListView)
    if op.list_key is None:
        return put(state, replace(view, lists=FrozenDict(dict.fromkeys(view.lists, ()))))
    one_list(view, op.list_key)
    return put(state, with_list(view, op.list_key, ()))
