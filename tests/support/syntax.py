"""Python source as a syntax tree, read twice where the interpreter stumbles."""

import ast


def syntax_of(text: str) -> ast.Module:
    """The tree; a second try where another thread upset the interpreter's counter (cpython gh-106905)."""
    try:
        return ast.parse(text)
    except SystemError:
        return ast.parse(text)
