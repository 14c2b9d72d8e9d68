"""From the states of a trace to pictures: the one file of drawing that knows how traces are made."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vidkit.algoviz.scene import picture as pic
from vidkit.algoviz.scene.values import INFINITY, NOTHING, show
from vidkit.algoviz.vta import state as vta

if TYPE_CHECKING:
    from vidkit.algoviz.vta.trace import Trace

VARIABLES, CALLS = "vars_panel", "call_stack"
_MOST_ALIGNED = 400  # entries of a list that are told apart by their neighbours
_NOTES, _LONGEST_NOTE = 2, 16


def story_of(trace: Trace) -> pic.Story:
    """What a trace shows, step by step, ready to be laid out."""
    document = trace.document
    return story(
        document.algorithm.name,
        document.algorithm.family,
        document.initial_frame.pseudocode,
        trace.replay(),
        document.initial_frame.styles,
    )


def story(
    name: str, family: str, code: Iterable[str], states: Sequence[vta.State], styles: Mapping[str, Any]
) -> pic.Story:
    """A story of states; `styles` are those of a trace, nested by kind or flat."""
    reader = _Reader()
    pictures = tuple(reader.picture(state) for state in states)
    lines = tuple(line.replace("\t", "    ").rstrip() for line in code)
    return pic.Story(show(name), show(family), lines, pictures, flat_styles(styles))


def flat_styles(styles: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Properties by style name, whether the trace nests them by kind or not; transient ones go first."""
    made: dict[str, dict[str, Any]] = {}
    kinds = ("tempStyles", "elementStyles", "edgeStyles")
    for part in [styles, *(styles.get(kind) for kind in reversed(kinds))]:
        if isinstance(part, Mapping):
            for name, properties in part.items():
                if name not in kinds and isinstance(properties, Mapping):
                    made[str(name)] = {**properties}
    return made


class _Reader:
    """Converts views once: states share those that did not change."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[vta.View, pic.View]] = {}
        self._lists: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._numbers: dict[str, int] = {}

    def picture(self, state: vta.State) -> pic.Picture:
        main = state.main
        views = [self._view(main, pic.MAIN)]
        variables: tuple[tuple[str, str], ...] = ()
        calls: tuple[str, ...] = ()
        for name, view in state.aux.items():
            if name == VARIABLES and isinstance(view, vta.TableView):
                variables = tuple((show(key), show(value)) for key, value in state.variables.items())
            elif name == CALLS and isinstance(view, vta.ListView):
                calls = tuple(show(item.value) for item in view.items)
            else:
                views.append(self._view(view, f"aux.{name}"))
        names = {view.view_id: f"aux.{name}" for name, view in state.aux.items()} | {main.view_id: pic.MAIN}
        return pic.Picture(
            tuple(views),
            _marks(state, names, {view.id: view for view in views}),
            variables,
            calls,
            state.code,
            _remarks(state.marks),
        )

    def _view(self, view: vta.View, name: str) -> pic.View:
        known = self._made.get(id(view))
        if known is None:
            kind = view.kind.removeprefix("x-")
            title = show(view.title) if view.title else ""
            known = (view, pic.View(name, kind, title, self._body(view, name, kind)))
            self._made[id(view)] = known  # with the view, so that its identity is not given to another
        return known[1]

    def _body(self, view: vta.View, name: str, kind: str) -> pic.Body:
        nothing = INFINITY if "dist" in f"{view.view_id} {view.title}".lower() else NOTHING
        if isinstance(view, vta.ArrayView):
            if kind == "heap":
                return _heap(view, nothing)
            items = [(show(e.value, nothing), e.style or "") for e in view.elements]
            if kind in ("queue", "set"):
                return pic.Row(self._aligned(name, items))
            return pic.Row(tuple(pic.Item(text, style) for text, style in items))
        if isinstance(view, vta.TableView):
            rows = tuple(tuple(show(value, nothing) for value in row) for row in view.rows)
            return pic.Grid(rows, _headers(view.row_headers), _headers(view.col_headers))
        if isinstance(view, vta.ListView):
            items = [(show(item.value, nothing), item.style or "") for item in view.items]
            names = tuple((show(key) if key else "", len(found)) for key, found in view.lists.items())
            return pic.Row(self._aligned(name, items), names)
        if isinstance(view, vta.HashView):
            return pic.Buckets(tuple(_chain(bucket) for bucket in view.buckets))
        return _network(view)

    def _aligned(self, name: str, items: list[tuple[str, str]]) -> tuple[pic.Item, ...]:
        """Entries with keys that stay with them while others come and go."""
        texts = tuple(text for text, _ in items)
        old_texts, old_keys = self._lists.get(name, ((), ()))
        keys = [""] * len(texts)
        for old, new, size in _blocks(old_texts, texts):
            keys[new : new + size] = old_keys[old : old + size]
        for place, key in enumerate(keys):
            if not key:
                self._numbers[name] = self._numbers.get(name, 0) + 1
                keys[place] = str(self._numbers[name])
        self._lists[name] = texts, tuple(keys)
        return tuple(pic.Item(text, style, key) for (text, style), key in zip(items, keys, strict=True))


def _blocks(old: tuple[str, ...], new: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """Stretches that both have, as (start in old, start in new, length)."""
    if old == new:
        return [(0, 0, len(new))]
    if max(len(old), len(new)) <= _MOST_ALIGNED:
        found = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        return [(block.a, block.b, block.size) for block in found]
    same = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    return [(0, 0, same)]


def _headers(given: tuple[Any, ...] | None) -> tuple[str, ...]:
    return () if given is None else tuple(show(text, "") for text in given)


def _chain(bucket: vta.Bucket) -> tuple[pic.Item, ...]:
    made: list[pic.Item] = []
    seen: dict[str, int] = {}
    for entry in bucket.items:
        key = show(entry.key)
        seen[key] = seen.get(key, 0) + 1
        text = key if entry.value is None else f"{key}: {show(entry.value)}"
        made.append(pic.Item(text, "", key if seen[key] == 1 else f"{key}#{seen[key]}"))
    return tuple(made)


def _heap(view: vta.ArrayView, nothing: str) -> pic.Network:
    """The tree that an array stands for when it is a binary heap."""
    count = len(view.elements)
    nodes = []
    for place, element in enumerate(view.elements):
        children: tuple[str | None, ...] = tuple(
            str(child) if child < count else None for child in (2 * place + 1, 2 * place + 2)
        )
        if children == (None, None):
            children = ()
        text = _short(show(element.value, nothing))
        nodes.append(pic.Node(str(place), text, element.style or "", (f"[{place}]",), children))
    return pic.Network(tuple(nodes), (), ("0",) if count else ())


def _short(text: str) -> str:
    """A tuple as a disc has room for it: `4 B` for `(4, 'B')`."""
    if len(text) > 5 and text[0] == "(" and text[-1] == ")" and "(" not in text[1:]:
        return " ".join(part.strip().strip("'\"") for part in text[1:-1].split(",") if part.strip())
    return text


def _network(view: vta.GraphView | vta.TreeView) -> pic.Network:
    nodes = tuple(
        pic.Node(node.id, show(node.label), node.style or "", _notes(node), node.children, node.rank)
        for node in view.nodes.values()
    )
    if isinstance(view, vta.TreeView):
        return pic.Network(nodes, (), view.roots)
    seen: dict[tuple[str, str], int] = {}
    edges = []
    for edge in view.edges:
        ends = edge.source, edge.target
        number = seen.get(ends, 0)
        seen[ends] = number + 1
        text = "" if edge.label is None else show(edge.label)
        key = f"{edge.source}->{edge.target}#{number}"
        edges.append(pic.Edge(key, edge.source, edge.target, edge.directed, text, edge.style or ""))
    return pic.Network(nodes, tuple(edges), (view.head,) if view.head else ())


def _notes(node: vta.Node) -> tuple[str, ...]:
    """Small print of a node: its first properties that its label does not say already."""
    made = []
    for name, value in node.properties.items():
        text = show(value, INFINITY if "dist" in name.lower() else NOTHING)
        if text != show(node.label):
            whole = f"{show(name)}: {text}"
            made.append(whole if len(whole) <= _LONGEST_NOTE else text)
    whole = " · ".join(made[:_NOTES])
    return tuple(made[: _NOTES if len(whole) <= _LONGEST_NOTE else 1])


def _marks(state: vta.State, names: Mapping[str, str], views: Mapping[str, pic.View]) -> dict[str, pic.Marks]:
    """Marks by the view that they lie on."""
    marks, made = state.marks, {}
    spans = _ranges(state.boundaries)
    for view_id, name in names.items():
        if name not in views:
            continue
        pointers = {label: _at(p.at) for label, p in state.pointers.items() if p.view_id == view_id}
        paths = [path for path in marks.paths if path.view_id == view_id]
        found = pic.Marks(
            cells={(m.row, m.col): m.style or "current" for m in marks.cells if m.view_id == view_id},
            ranges=spans if name == pic.MAIN else (),
            pointers=pointers,
            arrows=tuple(
                ((source[0], source[1]), (d.to_cell[0], d.to_cell[1]), d.style or "")
                for d in marks.dependencies
                if d.view_id == view_id
                for source in d.from_cells
            ),
            path=(paths[-1].nodes, paths[-1].style or "path") if paths else ((), ""),
            hashes=tuple(
                (f"hash({show(m.key)}) = {show(m.hash)}", m.bucket)
                for m in marks.hashes
                if m.view_id == view_id
            ),
            collisions=tuple(m.bucket for m in marks.collisions if m.view_id == view_id),
            buckets={m.bucket: m.style or "current" for m in marks.buckets if m.view_id == view_id},
        )
        if found != pic.NO_MARKS:
            made[name] = found
    return made


def _at(place: int | tuple[int, int] | str) -> Any:
    return tuple(place) if isinstance(place, list | tuple) else place


def _ranges(boundaries: Sequence[vta.Boundary]) -> tuple[pic.Range, ...]:
    seen: dict[str, int] = {}
    made = []
    for boundary in boundaries:
        number = seen.get(boundary.type, 0)
        seen[boundary.type] = number + 1
        key = boundary.type if not number else f"{boundary.type}#{number}"
        text = boundary.type if boundary.label is None else show(boundary.label)
        made.append(pic.Range(key, boundary.first, boundary.last, text, boundary.style or ""))
    return tuple(made)


def _remarks(marks: vta.Marks) -> tuple[pic.Remark, ...]:
    made = []
    for comment in marks.comments:
        where = comment.node if comment.anchor == "node" else None
        if comment.anchor == "edge" and comment.edge:
            where = " – ".join(comment.edge)
        made.append(pic.Remark(f"{where}: {comment.text}" if where else comment.text))
    made += [pic.Remark(remark.text, remark.severity) for remark in marks.remarks]
    return tuple(made)
