"""Settings of a class read from its source: names, types, defaults and comments, without importing it.

Help, completion and composition need the settings of methods whose modules load NumPy or torch; the source
has all there is to know. A class has settings as fields of the dataclass that it calls `config`, or as
arguments of its `__init__`, described under "Args:" of its docstring.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vidkit.config.comments import Comments, assigned_name, comments_in, text_of

PACKAGE = Path(__file__).resolve().parents[1]
_TYPES: dict[str, Any] = {
    "int": int, "float": float, "bool": bool, "str": str, "list": list, "dict": dict, "tuple": tuple,
    "object": object, "Any": Any, "Literal": Literal, "None": None, "Iterable": list, "Sequence": list,
    "Path": str,
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One setting of a method.

    Attributes:
        name: as on the command line.
        annotation: its type; `object` where the source names one that only an import would tell.
        default: its default; `...` without one.
        meaning: what the source says of it.
    """

    name: str
    annotation: Any
    default: Any
    meaning: str


def settings_of_class(target: str, from_arguments: bool = True) -> tuple[Setting, ...]:
    """Settings of `package.module:Class`, `FILE.py:Class` or a module; none where the source cannot be read.

    Args:
        target: where the class is; a module of functions names its `config` at the top.
        from_arguments: without a `config`, arguments of `__init__` are settings.
    """
    module, _, name = target.partition(":")
    file = file_of(module)
    if file is not None and not name:
        return tuple(_fields(*config).values()) if (config := _config_of_module(file)) else ()
    found = None if file is None else _class(file, name)
    if found is None:
        return ()
    config = _config_class(*found)
    if config is not None:
        return tuple(_fields(*config).values())
    return tuple(_arguments(*found).values()) if from_arguments else ()


def settings_of_dataclass(target: str) -> tuple[Setting, ...]:
    """Fields of the dataclass `package.module:Class`, as settings; none where the source cannot be read."""
    module, _, name = target.partition(":")
    file = file_of(module)
    found = None if file is None else _class(file, name)
    return () if found is None else tuple(_fields(*found).values())


def table_in(target: str, variable: str) -> dict[str, Any]:
    """A dictionary of texts at the top of a module, or in the body of a class; empty where there is none."""
    module, _, name = target.partition(":")
    file = file_of(module) if module else None
    if file is None:
        return {}
    try:
        body = _tree(file).body
    except (OSError, SyntaxError, ValueError):
        return {}
    if name:
        found = _class(file, name)
        body = [] if found is None else found[1].body
    for node in body:
        if assigned_name(node) == variable and isinstance(node, ast.Assign | ast.AnnAssign):
            value = _literal(node.value)
            return value if isinstance(value, dict) else {}
    return {}


def note_of_class(target: str) -> str:
    """What a class says of itself in a line: its `note`, or the first line of its docstring."""
    module, _, name = target.partition(":")
    file = file_of(module)
    found = None if file is None else _class(file, name)
    if found is None:
        return ""
    for node in found[1].body:
        if assigned_name(node) == "note" and isinstance(node, ast.Assign | ast.AnnAssign):
            return str(_literal(node.value))
    return (ast.get_docstring(found[1]) or "").partition("\n")[0]


@functools.lru_cache(maxsize=256)
def table_of(file: Path, variable: str) -> dict[str, Any]:
    """A dictionary assigned at the top of a file: text values as they are, names as `module:Name`."""
    for node in _tree(file).body:
        if assigned_name(node) == variable and isinstance(node, ast.Assign | ast.AnnAssign):
            assert isinstance(node.value, ast.Dict)
            return {
                str(_literal(key)): _where(value, file)
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None
            }
    raise AssertionError(f"no table {variable} in {file}")


def classes_of(file: Path, wanted: str) -> list[str] | None:
    """Names of a file's classes if nothing at its top is called `wanted`; None if something may be."""
    try:
        body = _tree(file).body
    except (OSError, SyntaxError, ValueError):
        return None  # what is wrong with it is told when it is run
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names.add(assigned_name(node) or "*")
        elif not isinstance(node, ast.Expr | ast.Raise | ast.Assert | ast.Pass | ast.AugAssign):
            return None  # a condition or a loop may make anything
    if wanted in names or "*" in names:
        return None
    return [node.name for node in body if isinstance(node, ast.ClassDef)]


def first_arguments(file: Path, variable: str) -> dict[str, tuple[str, ...]]:
    """Of a table of tuples of calls, the text that each call begins with, by the last word of the key."""
    assigned = {
        assigned_name(node): node.value
        for node in _tree(file).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    }
    table = assigned[variable]
    assert isinstance(table, ast.Dict)
    found = {}
    for key, value in zip(table.keys, table.values, strict=True):
        calls = assigned[value.id] if isinstance(value, ast.Name) else value
        assert key is not None and isinstance(calls, ast.Tuple)
        texts = [str(_literal(call.args[0])) for call in calls.elts if isinstance(call, ast.Call)]
        found[ast.unparse(key).rpartition(".")[2].lower()] = tuple(texts)
    return found


def file_of(module: str) -> Path | None:
    """The source of a module by name or path; no module is imported, packages around it neither."""
    if module.endswith(".py"):
        return Path(module) if Path(module).is_file() else None
    top, *parts = module.split(".")
    roots = [PACKAGE] if top == PACKAGE.name else _roots(top)
    for root in roots:
        path = root.joinpath(*parts)
        for file in (path.with_suffix(".py") if parts else path, path / "__init__.py"):
            if file.is_file():
                return file
    return None


def _roots(top: str) -> list[Path]:
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    if found is None:
        return []
    if found.submodule_search_locations is not None:
        return [Path(place) for place in found.submodule_search_locations]
    return [Path(found.origin)] if found.origin else []


@functools.lru_cache(maxsize=256)
def _source(file: Path, changed_ns: int) -> tuple[ast.Module, list[str]]:
    text = file.read_text(encoding="utf-8")
    return ast.parse(text), text.splitlines(keepends=True)


def _tree(file: Path) -> ast.Module:
    return _source(file, file.stat().st_mtime_ns)[0]


def _comments(file: Path, node: ast.ClassDef) -> Comments:
    """Comments of a class by the line of the file; reading all of the file takes ten times as long."""
    lines = _source(file, file.stat().st_mtime_ns)[1][node.lineno - 1 : node.end_lineno]
    return {line + node.lineno - 1: comment for line, comment in comments_in("".join(lines)).items()}


def _class(file: Path, name: str) -> tuple[Path, ast.ClassDef] | None:
    """A class by name, through the imports of the file if it stands elsewhere."""
    try:
        tree = _tree(file)
    except (OSError, SyntaxError, ValueError):
        return None
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return file, node
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    there = file_of(node.module)
                    return None if there is None else _class(there, alias.name)
    return None


def _bases(file: Path, node: ast.ClassDef) -> Iterator[tuple[Path, ast.ClassDef]]:
    for base in node.bases:
        found = _class(file, base.id) if isinstance(base, ast.Name) else None
        if found is not None:
            yield found


def _config_class(file: Path, node: ast.ClassDef) -> tuple[Path, ast.ClassDef] | None:
    for statement in node.body:
        if assigned_name(statement) == "config" and isinstance(statement, ast.Assign | ast.AnnAssign):
            return _class(file, statement.value.id) if isinstance(statement.value, ast.Name) else None
    return next((found for base in _bases(file, node) if (found := _config_class(*base))), None)


def _config_of_module(file: Path) -> tuple[Path, ast.ClassDef] | None:
    try:
        statements = _tree(file).body
    except (OSError, SyntaxError, ValueError):
        return None
    for statement in statements:
        if assigned_name(statement) == "config" and isinstance(statement, ast.Assign | ast.AnnAssign):
            return _class(file, statement.value.id) if isinstance(statement.value, ast.Name) else None
    return None


def _fields(file: Path, node: ast.ClassDef) -> dict[str, Setting]:
    """Fields of a dataclass and of the classes it stands on, in the order a dataclass gives them."""
    found: dict[str, Setting] = {}
    for base in _bases(file, node):
        found |= _fields(*base)
    comments = _comments(file, node)
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if "ClassVar" in ast.unparse(statement.annotation):
                continue
            name, meaning = statement.target.id, text_of(statement, following, comments)
            default = ... if statement.value is None else _literal(statement.value)
            found[name] = Setting(name, _type(statement.annotation), default, meaning)
    return found


def _arguments(file: Path, node: ast.ClassDef) -> dict[str, Setting]:
    own = next((f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"), None)
    if own is None:
        return next((found for base in _bases(file, node) if (found := _arguments(*base))), {})
    meanings = _described(node, own)
    for base in _bases(file, node):  # arguments handed on are described there
        meanings = {name: setting.meaning for name, setting in _arguments(*base).items()} | meanings
    positional = [*own.args.posonlyargs, *own.args.args][1:]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(own.args.defaults))
    pairs = [
        *zip(positional, [*missing, *own.args.defaults], strict=True),
        *zip(own.args.kwonlyargs, own.args.kw_defaults, strict=True),
    ]
    return {
        argument.arg: Setting(
            argument.arg,
            object if argument.annotation is None else _type(argument.annotation),
            ... if default is None else _literal(default),
            meanings.get(argument.arg, ""),
        )
        for argument, default in pairs
    }


def _described(node: ast.ClassDef, init: ast.FunctionDef) -> dict[str, str]:
    """Lines `name: meaning` of "Args:" of the docstrings."""
    found: dict[str, str] = {}
    for docstring in (ast.get_docstring(node), ast.get_docstring(init)):
        _, _, block = (docstring or "").partition("Args:\n")
        name = ""
        for line in re.split(r"\n\s*\n|\n(?=\S)", block)[0].splitlines():
            match = re.fullmatch(r" {4}(\w+): (.*)", line)
            if match is not None:
                name = match[1]
                found[name] = match[2]
            elif name and line.strip():
                found[name] += " " + line.strip()
    return {name: text.rstrip(".") for name, text in found.items()}


def _type(annotation: ast.expr) -> Any:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    try:
        code = compile(ast.Expression(annotation), "<annotation>", "eval")
        return eval(code, {"__builtins__": {}}, dict(_TYPES))
    except Exception:  # any expression may stand there; what it means is not known without an import
        return object


def _literal(node: ast.expr | None) -> Any:
    if node is None:
        return ...
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("field", "dataclasses.field"):
        made = {word.arg: word.value for word in node.keywords}
        if "default" in made:
            return _literal(made["default"])
        factory = ast.unparse(made["default_factory"]) if "default_factory" in made else ""
        return {"list": [], "dict": {}, "tuple": ()}.get(factory, ...)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _where(value: ast.expr, file: Path) -> Any:
    """`"module:Class"` as it stands, `Class` of an import or of the same file as `module:Class`."""
    if not isinstance(value, ast.Name):
        return _literal(value)
    for node in _tree(file).body:
        if isinstance(node, ast.ImportFrom) and any(
            (alias.asname or alias.name) == value.id for alias in node.names
        ):
            return f"{node.module}:{value.id}"
    return f"{file}:{value.id}"
