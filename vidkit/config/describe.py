"""The settings of a command in words: key, what it takes, default, and what the schema's comments say."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vidkit.config.catalog import settings_class
from vidkit.config.keys import REQUIRED, Key, keys_of


@dataclass(frozen=True)
class KeyDescription:
    """One row of the table of settings, all in words."""

    name: str
    takes: str
    default: str
    meaning: str


def describe_keys(command: str) -> list[KeyDescription]:
    """Every setting of a command, in the order of the schema; of a section, what is in it."""
    described = []
    for key in keys_of(settings_class(command)).values():
        if not key.is_section:
            takes = key.takes + (" or null" if key.optional else "")
            meaning = comments_of(key.owner).get(key.name.rpartition(".")[2], "") or _of_choices(
                key.annotation
            )
            described.append(KeyDescription(key.name, takes, _shown(key), meaning))
    return described


def _of_choices(annotation: Any) -> str:
    """What an enum says about itself and its members."""
    if not (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return ""
    members = "; ".join(f"{name}: {text}" for name, text in comments_of(annotation).items())
    return " ".join(part for part in ((vars(annotation).get("__doc__") or "").strip(), members) if part)


def _shown(key: Key) -> str:
    value = key.default
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if value == REQUIRED:
        return "has to be given"
    return '""' if value == "" else str(value)


def comments_of(owner: type[Any]) -> dict[str, str]:
    """What the source says about each field or member: comment behind or above it, or docstring."""
    source = textwrap.dedent(inspect.getsource(owner))
    comments = _comments(source)
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for node, following in zip(body.body, [*body.body[1:], None], strict=True):
        name = _assigned(node)
        if not name:
            continue
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        behind = [comments[line][1] for line in lines if line in comments]
        text = " ".join(behind or _above(node.lineno, comments)) or _docstring(following)
        if text:
            found[name] = " ".join(text.split())
    return found


def _assigned(node: ast.stmt) -> str:
    """The name a field (`steps: int = 50`) or a member of an enum (`cpu = "cpu"`) is defined by."""
    target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
    if isinstance(node, ast.Assign):
        target = node.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _comments(source: str) -> dict[int, tuple[bool, str]]:
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


def _above(line: int, comments: dict[int, tuple[bool, str]]) -> list[str]:
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


def markdown_table(command: str) -> str:
    """The settings of a command as a Markdown table."""
    rows = [("Setting", "Takes", "Default", "Meaning"), ("---",) * 4]
    for key in describe_keys(command):
        rows.append((f"`{key.name}`", key.takes, f"`{key.default}`", key.meaning))
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text
