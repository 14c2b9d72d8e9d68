"""What the source of a class says about each of its fields: comment behind or above it, or docstring."""

from __future__ import annotations

import ast
import io
import tokenize

Comments = dict[int, tuple[bool, str]]


def comments_in(source: str) -> Comments:
    """By line number: whether the comment has the line to itself, and its text."""
    lines = source.splitlines()
    return {
        token.start[0]: (
            not lines[token.start[0] - 1][: token.start[1]].strip(),
            token.string.lstrip("# ").rstrip(),
        )
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }


def text_of(node: ast.stmt, following: ast.stmt | None, comments: Comments) -> str:
    """What is said of the field that a statement defines, in one line."""
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    behind = [comments[line][1] for line in lines if line in comments]
    text = " ".join(behind or _above(node.lineno, comments)) or _docstring(following)
    return " ".join(text.split())


def assigned_name(node: ast.stmt) -> str:
    """The name a field (`steps: int = 50`) or a member of an enum (`cpu = "cpu"`) is defined by."""
    target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
    if isinstance(node, ast.Assign):
        target = node.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _above(line: int, comments: Comments) -> list[str]:
    found: list[str] = []
    while comments.get(line - 1, (False, ""))[0]:
        line -= 1
        found.insert(0, comments[line][1])
    return found


def _docstring(node: ast.stmt | None) -> str:
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return node.value.value
    return ""
