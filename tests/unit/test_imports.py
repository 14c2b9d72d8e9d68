"""Imports go one way through the rooms of the house (docs/architecture.md), and the start is light."""

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.syntax import syntax_of

ROOT = Path(__file__).resolve().parents[2]
LAYERS = [
    {"cli"},
    {"commands"},
    {"bench"},
    {"generation", "evaluation", "agents", "algoviz"},
    {"frames"},
    {"attention", "caching"},
    {"hooks"},
    {"models", "mazes", "serving", "sandbox", "synthetic"},
    {"video"},
    {"utils"},
]
_ENTRY = re.compile(r"((?:vidkit|vidkit_kernels)(?:\.\w+)+):(\w+)")  # how registries name what they load
ANYWHERE = {"vidkit", "vidkit.errors"}
SCHEMAS = re.compile(
    r"vidkit\.config\.(\w+_)?schema"
)  # schema.py, or <room>_schema.py where that grows too long
HEAVY = {
    "torch",
    "transformers",
    "diffusers",
    "hydra",
    "omegaconf",
    "cv2",
    "numpy",
    "rich",
    "av",
    "PIL",
    "yaml",
}


def level_of(module: str) -> int | None:
    """Position of a module's room, 0 for the command line; None outside the layers."""
    parts = module.split(".")
    room = parts[1] if len(parts) > 1 else ""
    return next((level for level, rooms in enumerate(LAYERS) if room in rooms), None)


@functools.cache
def tree_of(file: Path) -> ast.Module:
    """A file's syntax; read once."""
    return syntax_of(file.read_text(encoding="utf-8"))


def imports_of(file: Path) -> Iterator[str]:
    """Modules a file imports, in functions too, each at its full length."""
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join(
                [part for part in base if part != "kernels"] + ([node.module] if node.module else [])
            )
            yield from (f"{start}.{alias.name}" for alias in node.names)


def named_by_text(file: Path) -> Iterator[str]:
    """Modules that a file loads by a text: `module:Name` of a registry, a literal of `import_module`."""
    module = module_name(file)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _ENTRY.fullmatch(node.value)
            if found:
                yield f"{found.group(1)}.{found.group(2)}"
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0]
            if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
                name = str(first.value)
                yield package + name if name.startswith(".") else name


def is_schema(module: str) -> bool:
    """Whether this is a file of settings, or a name in one."""
    return any(SCHEMAS.fullmatch(name) for name in (module, module.rpartition(".")[0]))


def is_allowed(importer: str, imported: str) -> bool:
    """Whether one module of the package may import another."""
    if not imported.startswith(("vidkit.", "vidkit_kernels")):
        return True
    if is_schema(imported):
        return importer != "vidkit.errors"
    if imported in ANYWHERE or imported.rpartition(".")[0] in ANYWHERE:
        return not is_schema(importer)
    if importer == "vidkit.errors" or is_schema(importer):
        return False  # nothing of ours but, in a schema, other schemas
    if importer == "vidkit.__main__":
        return imported.startswith("vidkit.cli.")
    if importer.startswith("vidkit.config."):
        return imported.startswith(("vidkit.config.", "vidkit.utils."))
    if importer.startswith("vidkit_kernels"):
        return imported.startswith("vidkit_kernels")
    if imported.startswith("vidkit.config."):
        return level_of(importer) in (0, 1)  # only the command line and the commands see the config tree
    if imported.startswith("vidkit_kernels"):
        return level_of(importer) not in (None, 0)
    here, there = level_of(importer), level_of(imported)
    same_room = importer.split(".")[1] == imported.split(".")[1]
    return here is not None and there is not None and (here < there or same_room)


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part not in ("kernels", "__init__"))


FILES = sorted([*(ROOT / "vidkit").rglob("*.py"), *(ROOT / "kernels" / "vidkit_kernels").rglob("*.py")])


def test_imports_go_one_way() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {imported}"
        for file in FILES
        for imported in (*imports_of(file), *named_by_text(file))
        if not is_allowed(module_name(file), imported)
    ]
    assert wrong == []


def edges(files: dict[str, set[str]]) -> dict[str, set[str]]:
    """Which module imports which, of modules by the full names that each imports."""
    found: dict[str, set[str]] = {}
    for module, names in files.items():
        # the longest part of a name that is a file: a package's face where the name stands in it
        homes = {next((home for home in _prefixes(name) if home in files), "") for name in names}
        found[module] = homes - {"", module}
    return found


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(len(parts), 0, -1))


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that all reach each other (Tarjan's algorithm)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        number[module] = low[module] = len(number)
        stack.append(module)
        for other in graph[module]:
            if other not in number:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], number[other])
        if low[module] == number[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in graph:
        if module not in number:
            visit(module)
    return sorted(found)


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports inside functions and those for types alone count: a circle of meaning is one too."""
    graph = edges({module_name(file): set(imports_of(file)) for file in FILES})
    assert sum(map(len, graph.values())) > 1000
    assert circles(graph) == []


def test_the_search_for_circles_itself() -> None:
    files = {"a": {"b.x"}, "b": {"c.d.y"}, "c.d": {"a"}, "c": {"c.d.z"}, "e": {"e.f", "numpy"}, "e.f": set()}
    assert edges(files) == {"a": {"b"}, "b": {"c.d"}, "c.d": {"a"}, "c": {"c.d"}, "e": {"e.f"}, "e.f": set()}
    assert circles(edges(files)) == [["a", "b", "c.d"]]


def test_imports_by_text_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "vidkit" / "utils"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text(
        "import importlib\nfrom importlib import import_module\n"
        "NAMES = {'x': 'vidkit.frames.registry:Selector', 'y': 'vidkit:no', 'z': 'other.module:Name'}\n"
        "importlib.import_module('vidkit.cli.main')\nimport_module('.b', __package__)\nimport_module(name)\n"
    )
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert sorted(named_by_text(folder / "a.py")) == [
        "vidkit.cli.main",
        "vidkit.frames.registry.Selector",
        "vidkit.utils.b",
    ]


def test_no_command_imports_another() -> None:
    wrong = []
    for file in sorted((ROOT / "vidkit" / "commands").glob("*/*.py")):
        for imported in (*imports_of(file), *named_by_text(file)):
            parts = imported.split(".")
            other = parts[2] if parts[:2] == ["vidkit", "commands"] and len(parts) > 2 else file.parent.name
            if other != file.parent.name and (ROOT / "vidkit" / "commands" / other).is_dir():
                wrong.append(f"{file.relative_to(ROOT)} imports {imported}")
    assert wrong == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("vidkit.cli.generate", "vidkit.commands.generate.command", True),
        ("vidkit.commands.generate.command", "vidkit.cli.main", False),
        ("vidkit.generation.wan", "vidkit.attention.apply", True),
        ("vidkit.generation.wan", "vidkit.evaluation.types", False),
        ("vidkit.generation.wan", "vidkit.config.compose.compose", False),
        ("vidkit.generation.wan", "vidkit.config.schema.Weights", True),
        ("vidkit.mazes.embedded.read", "vidkit.utils.files", True),
        ("vidkit.utils.files", "vidkit.mazes.embedded.read", False),
        ("vidkit.attention.apply", "vidkit_kernels.block_sparse", True),
        ("vidkit_kernels.block_sparse", "vidkit.utils.device", False),
        ("vidkit.errors", "vidkit.utils.files", False),
        ("vidkit.config.schema", "vidkit.config.keys", False),
        ("vidkit.config.schema", "vidkit.errors", False),
        ("vidkit.config.schema", "vidkit.config.attention_schema.Keep", True),
        ("vidkit.attention.apply", "vidkit.config.attention_schema.Keep", True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert is_allowed(importer, imported) is allowed


def test_every_room_has_a_level() -> None:
    rooms = {file.parent.name for file in (ROOT / "vidkit").glob("*/__init__.py")} - {"config"}
    assert rooms <= set().union(*LAYERS)


def test_no_package_at_the_level_of_kernels_and_configs() -> None:
    # such a file would shadow the package `kernels` of Hugging Face for everybody who starts Python here
    assert not (ROOT / "kernels" / "__init__.py").exists()
    assert not (ROOT / "configs" / "__init__.py").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "import vidkit.cli.main",
        "from vidkit.cli.main import run; assert run(['--help']) == 0",
        "from vidkit.cli.main import run; assert run(['generate', '--help']) == 0",
    ],
    ids=["import", "help", "generate-help"],
)
def test_the_command_line_starts_light(statement: str) -> None:
    code = f"{statement}\nimport sys; print('LOADED', *sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"
