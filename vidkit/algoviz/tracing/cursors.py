"""Which variables point into which containers, by the script's text: `a[i]`, `grid[r][c]`, `graph[u]`."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from vidkit.algoviz.tracing.recording import MODULE


@dataclass
class Cursors:
    """Found in a script.

    Args:
        subscripts: function -> container as text -> names of index variables, one or two (row, column) each.
        texts: function and name of variables with a subscript; of texts among them views are made.
        neighbours: names of containers that are gone over element by element, `for v in graph[u]`.
    """

    subscripts: dict[str, dict[str, dict[tuple[str, ...], None]]] = field(default_factory=dict)
    texts: set[tuple[str, str]] = field(default_factory=set)
    neighbours: set[str] = field(default_factory=set)

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
        if isinstance(over, ast.Subscript) and _place(over.value) and isinstance(target, ast.Name):
            self._add(_place(over.value), (target.id,))
            self.found.neighbours.add(_place(over.value).rpartition(".")[2])
        called = (
            isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id == "enumerate"
        )
        if called and isinstance(over, ast.Call) and over.args and isinstance(target, ast.Name):
            name = _place(over.args[0])
            if name:
                self._add(name, (target.id,))
        self.generic_visit(node)

    def _add(self, container: str, names: tuple[str, ...]) -> None:
        self.found.subscripts.setdefault(self.function, {}).setdefault(container, {}).setdefault(names)


def _place(node: ast.expr) -> str:
    """A container as text: a name, or an attribute of a name; "" for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def _index(node: ast.expr) -> str:
    """Name of an index that is a plain variable."""
    return node.id if isinstance(node, ast.Name) else ""


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
    return finder.found
