"""The script with its reads made visible: subscripts, slices, membership and iteration go through hooks.

Python's tracing tells lines, not which element a line reads; so `a[i]` becomes a call that notes `a` and `i`
and gives `a[i]`. Order of evaluation, line numbers and results stay as they are.
"""

from __future__ import annotations

import ast
from typing import TypeGuard

GET, IN, ITER = "__vidkit_get__", "__vidkit_in__", "__vidkit_iter__"
PART, OVER, BACK, PAIRS = "__vidkit_part__", "__vidkit_over__", "__vidkit_back__", "__vidkit_pairs__"
_OF_DICTS = ("items", "keys", "values")


class _Hooks(ast.NodeTransformer):
    def __init__(self) -> None:
        self.comparing = False

    def _call(self, name: str, at: ast.expr, *arguments: ast.expr) -> ast.expr:
        made = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
        return ast.fix_missing_locations(ast.copy_location(made, at))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        kind, self.comparing = "c" if self.comparing else "r", False
        inner_value = self.visit(node.value)
        inner_key = self.visit(node.slice)
        self.comparing = kind == "c"
        node.value, node.slice = inner_value, inner_key
        if isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Slice):
            ends = (node.slice.lower, node.slice.upper, node.slice.step)
            return self._call(PART, node, node.value, *(end or ast.Constant(None) for end in ends))
        if not isinstance(node.ctx, ast.Load) or _is_slice(node.slice):
            return node
        return self._call(GET, node, node.value, node.slice, ast.Constant(kind))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        before, self.comparing = self.comparing, True
        self.generic_visit(node)
        self.comparing = before
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            found = self._call(IN, node, node.left, node.comparators[0])
            if isinstance(node.ops[0], ast.In):
                return found
            return ast.copy_location(ast.UnaryOp(ast.Not(), found), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        before, self.comparing = self.comparing, False
        self.generic_visit(node)
        self.comparing = before
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        self.generic_visit(node)
        called = node.iter
        if _is_call_of(called, "enumerate", "zip"):
            called.args = [self._over(argument) for argument in called.args]
        else:
            node.iter = self._over(called)
        return node

    def _over(self, node: ast.expr) -> ast.expr:
        """What is gone over, so that each element that it gives is noted."""
        if isinstance(node, ast.Name | ast.Attribute):
            return self._call(ITER, node, node)
        if not isinstance(node, ast.Call):
            return node
        if _is_call_of(node, PART):  # a part of a list: its elements are those of the list
            node.func = ast.copy_location(ast.Name(OVER, ast.Load()), node.func)
        elif _is_call_of(node, "reversed") and len(node.args) == 1 and not node.keywords:
            return self._call(BACK, node, node.func, node.args[0])
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _OF_DICTS:
            plain = not node.args and not node.keywords
            if plain and isinstance(node.func.value, ast.Name | ast.Attribute):
                return self._call(PAIRS, node, node.func.value, ast.Constant(node.func.attr))
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        node.target = self.visit(node.target)
        node.value = None if node.value is None else self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_Match(self, node: ast.Match) -> ast.stmt:
        node.subject = self.visit(node.subject)
        for case in node.cases:
            case.guard = None if case.guard is None else self.visit(case.guard)
            case.body = [self.visit(statement) for statement in case.body]
        return node


def _is_slice(key: ast.expr) -> bool:
    return isinstance(key, ast.Slice) or (
        isinstance(key, ast.Tuple) and any(isinstance(part, ast.Slice | ast.Starred) for part in key.elts)
    )


def _is_call_of(node: ast.expr, *names: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def only_in_comprehensions(source: str, name: str = "<script>") -> frozenset[str]:
    """Names that comprehensions alone bind: from Python 3.12 on they look like variables of the function."""
    inside: set[str] = set()
    outside: set[str] = set()
    waiting: list[tuple[ast.AST, bool]] = [(ast.parse(source, name), False)]
    while waiting:
        node, in_target = waiting.pop()
        if isinstance(node, ast.comprehension):
            waiting += [(node.target, True), (node.iter, False), *((test, False) for test in node.ifs)]
            continue
        if isinstance(node, ast.arg):
            outside.add(node.arg)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            (inside if in_target else outside).add(node.id)
        waiting += [(child, in_target) for child in ast.iter_child_nodes(node)]
    return frozenset(inside - outside)


def with_hooks(source: str, name: str) -> ast.Module:
    """The parsed script with hooks.

    Raises:
        SyntaxError: it is not valid Python.
    """
    tree: ast.Module = _Hooks().visit(ast.parse(source, name))
    return ast.fix_missing_locations(tree)
