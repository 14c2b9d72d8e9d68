"""Which variables point into which containers, by the script's text: `a[i]`, `grid[r][c]`, `graph[u]`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from vidkit.algoviz.tracing.recording import MODULE

EDGES = re.compile(r"^(edges?|edge_list|all_edges|links|roads|connections|arcs|flights|cables|pipes)$", re.I)
"""Names of lists of edges."""
_BOTH_WAYS = ("find(", "union", "mst", "spanning", "undirected")
_ONE_WAY = ("dist[", "directed", "indegree", "in_degree", "topolog", "prereq", "relax", "capacity")
_WALKS = ("enumerate", "reversed", "zip")
_WEIGHTS = re.compile(r"^(w|wt|weight|cost|c|d|dist|distance|len|length|cap|capacity|price|time)$", re.I)


@dataclass
class Cursors:
    """Found in a script.

    Args:
        subscripts: function -> container as text -> names of index variables, one or two (row, column) each.
        texts: function and name of variables with a subscript, or gone over letter by letter; of texts
            among them views are made.
        neighbours: names of containers that are gone over element by element, `for v in graph[u]`.
        weights: names of lists of edges -> place of the weight in each, by `for w, u, v in edges`.
        one_way: whether edges of a list have a direction, by the words of the script.
    """

    subscripts: dict[str, dict[str, dict[tuple[str, ...], None]]] = field(default_factory=dict)
    texts: set[tuple[str, str]] = field(default_factory=set)
    neighbours: set[str] = field(default_factory=set)
    weights: dict[str, int] = field(default_factory=dict)
    one_way: bool = False

    def is_grid(self, name: str) -> bool:
        """Whether a container is used with two subscripts, `grid[r][c]`."""
        return any(
            len(names) == 2
            for places in self.subscripts.values()
            for container, indices in places.items()
            for names in indices
            if container.rpartition(".")[2] == name
        )


class _Finder(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found = Cursors()
        self.function = MODULE
        self.classes: list[str] = []
        self.middles: list[tuple[str, str, tuple[str, ...]]] = []  # function, mid, the ends it lies between

    def visit_Assign(self, node: ast.Assign) -> None:
        ends = _ends_of_middle(node.value)
        if ends and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.middles.append((self.function, node.targets[0].id, ends))
        self.generic_visit(node)

    def add_ends(self) -> None:
        """Where `a[mid]` is looked at, the ends of the range that `mid` halves point into `a`, too."""
        for function, middle, ends in self.middles:
            for indices in self.found.subscripts.get(function, {}).values():
                if (middle,) in indices:
                    indices.update({(end,): None for end in ends})

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before, classes = self.function, self.classes
        self.function, self.classes = ".".join([*classes, node.name]), []
        self.generic_visit(node)
        self.function, self.classes = before, classes

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.classes = [*self.classes, node.name]
        self.generic_visit(node)
        self.classes = self.classes[:-1]

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Subscript) and _place(node.value.value):
            row, column = _index(node.value.slice), _index(node.slice)
            if row and column:
                self._add(_place(node.value.value), (row, column))
        name = _place(node.value)
        if name:
            for index in _indices(node.slice):
                self._add(name, (index,))
            if isinstance(node.value, ast.Name) and not isinstance(node.slice, ast.Slice):
                self.found.texts.add((self.function, node.value.id))
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        target = (
            node.target.elts[0] if isinstance(node.target, ast.Tuple) and node.target.elts else node.target
        )
        over = node.iter
        self._edges(node.target, over)
        if isinstance(over, ast.Subscript) and not isinstance(over.slice, ast.Slice):
            name = _place(over.value)
            if name and isinstance(target, ast.Name):
                self._add(name, (target.id,))
                self.found.neighbours.add(name.rpartition(".")[2])
        letters = [_whole(one) for one in _arguments(over, *_WALKS) or [over]]
        self.found.texts.update((self.function, one.id) for one in letters if isinstance(one, ast.Name))
        if isinstance(target, ast.Name) and (name := _numbered(over)):
            self._add(name, (target.id,))
        self.generic_visit(node)

    def _edges(self, target: ast.expr, over: ast.expr) -> None:
        """`for u, v, w in edges`, or in sorted(edges): u and v are nodes."""
        if isinstance(over, ast.Call) and over.args:
            over = over.args[0]
        name = _place(over).rpartition(".")[2]
        if not isinstance(target, ast.Tuple) or not EDGES.search(name) or len(target.elts) > 3:
            return
        names = [_index(one) for one in target.elts]
        weight = next((at for at, one in enumerate(names) if _WEIGHTS.search(one)), None)
        if len(names) == 3:
            ends = [at for at in range(3) if at != (2 if weight is None else weight)]
            if weight is None and names[0] in ("", "_"):
                weight, ends = 0, [1, 2]
            if weight is not None:
                self.found.weights[name] = weight
            names = [names[at] for at in ends]
        for one in names:
            if one and one != "_":
                self._add(_place(over), (one,))

    def _add(self, container: str, names: tuple[str, ...]) -> None:
        self.found.subscripts.setdefault(self.function, {}).setdefault(container, {}).setdefault(names)


def _place(node: ast.expr) -> str:
    """A container as text: a name, or an attribute of a name; "" for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def _arguments(node: ast.expr, *functions: str) -> list[ast.expr]:
    """Arguments of a call of one of these functions; none of anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
        return node.args
    return []


def _whole(node: ast.expr) -> ast.expr:
    """What a slice is a part of."""
    return node.value if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) else node


def _numbered(over: ast.expr) -> str:
    """A container whose indices `enumerate` gives: `enumerate(a)`, `enumerate(a[1:], 1)`; "" for others."""
    if not isinstance(over, ast.Call) or not _arguments(over, "enumerate"):
        return ""
    items, zero = over.args[0], ast.Constant(0)
    start = [*over.args[1:], *(one.value for one in over.keywords if one.arg == "start"), zero][0]
    first: ast.expr = zero
    if isinstance(items, ast.Subscript) and isinstance(items.slice, ast.Slice):
        if items.slice.step is not None:
            return ""
        first = items.slice.lower or zero
    return _place(_whole(items)) if ast.dump(first) == ast.dump(start) else ""


def _index(node: ast.expr) -> str:
    """Name of an index that is a plain variable."""
    return node.id if isinstance(node, ast.Name) else ""


def _ends_of_middle(node: ast.expr) -> tuple[str, ...]:
    """`lo` and `hi` of `(lo + hi) // 2`, `lo + (hi - lo) // 2` or `(lo + hi) >> 1`; empty for others."""
    inner = list(ast.walk(node))
    halves = any(
        isinstance(one, ast.BinOp)
        and isinstance(one.op, ast.FloorDiv | ast.RShift)
        and isinstance(one.right, ast.Constant)
        and one.right.value == (2 if isinstance(one.op, ast.FloorDiv) else 1)
        for one in inner
    )
    plain = all(
        isinstance(one, ast.BinOp | ast.Name | ast.Constant | ast.operator | ast.Load) for one in inner
    )
    names = tuple(dict.fromkeys(one.id for one in inner if isinstance(one, ast.Name)))
    return names if halves and plain and len(names) == 2 else ()


def _indices(node: ast.expr) -> list[str]:
    """Names in an index: `i`, or of `i + 1` and `j - 1` the variable."""
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        node = node.left
    return [node.id] if isinstance(node, ast.Name) else []


def cursors(source: str) -> Cursors:
    """Index variables of a script; none where it cannot be parsed."""
    finder = _Finder()
    try:
        finder.visit(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Cursors()
    finder.add_ends()
    words = source.casefold()
    both_ways = any(word in words for word in _BOTH_WAYS)
    finder.found.one_way = not both_ways and any(word in words for word in _ONE_WAY)
    return finder.found
