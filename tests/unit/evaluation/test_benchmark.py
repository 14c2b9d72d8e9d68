"""The one place that says what a task may define, and generic code that knows no task."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.syntax import syntax_of
from vidkit.errors import ConfigError
from vidkit.evaluation.benchmark import Benchmark, benchmark_of
from vidkit.evaluation.task import load_task
from vidkit.evaluation.tasks import social_omni, v_star, video_mme_v2
from vidkit.evaluation.types import Item, Prediction

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "vidkit" / "evaluation"
TASKS = sorted(path.parent.name for path in (PACKAGE / "tasks").glob("*/__init__.py"))
NAMED = re.compile("|".join("[-_ ]?".join(name.split("_")) for name in TASKS), re.IGNORECASE)
GENERIC = sorted(
    path
    for folder in (PACKAGE, ROOT / "vidkit" / "commands" / "eval")
    for path in folder.rglob("*.py")
    # tasks themselves, the plug-in of another program for two of them, a task's public name
    if path.relative_to(folder).parts[0] not in ("tasks", "lmms", "vr_bench.py")
)


def names_in(source: str) -> Iterator[str]:
    """Names and texts of a file's code; what docstrings cite as a source is none."""
    tree = syntax_of(source)
    cited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in cited:
            yield node.value
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from (f"{getattr(node, 'module', '')}.{each.name}" for each in node.names)
        yield from (
            str(value) for key, value in ast.iter_fields(node) if key in ("id", "attr", "name", "arg")
        )


def test_generic_files_name_no_task() -> None:
    assert set(TASKS) >= {"social_omni", "v_star", "video_mme_v2"} and len(GENERIC) > 40
    named = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in GENERIC
        for name in names_in(path.read_text(encoding="utf-8"))
        if NAMED.search(name)
    ]
    assert named == []


def test_generic_files_look_for_no_optional_function() -> None:
    """What a task may define is asked of `Benchmark`, which has it; nothing else probes a task."""
    probes = re.compile(r"(?:hasattr|getattr)\((?:self\.)?_?(?:task|module|functions|overrides|benchmark)\b")
    found = {path.name for path in GENERIC if probes.search(path.read_text(encoding="utf-8"))}
    assert found == {"benchmark.py", "task.py"}  # adopt, and the check that a module has anything at all


@pytest.mark.parametrize(
    "source", ["x = 'social-omni'", "import a.v_star", "SocialOmni = 1", "f(video_mme_v2=1)"]
)
def test_the_search_itself(source: str) -> None:
    assert any(NAMED.search(name) for name in names_in(source))
    assert not any(NAMED.search(name) for name in names_in('"""Source: SocialOmni."""'))


@pytest.mark.parametrize("module", [social_omni, video_mme_v2, v_star], ids=lambda module: module.__name__)
def test_modules_define_what_is_declared_as_it_is_declared(module: ModuleType) -> None:
    made = Benchmark().adopt(module)
    assert "items" in made.adopted and made.items is module.items
    for name in made.adopted:
        declared, own = getattr(Benchmark, name), getattr(module, name)
        if not callable(declared) or name == "group_of":
            continue
        wanted = [each for each in inspect.signature(declared).parameters.values() if each.name != "self"]
        given = list(inspect.signature(own).parameters.values())
        positional = [each.name for each in wanted if each.kind is each.POSITIONAL_OR_KEYWORD]
        assert len(given) >= len(positional), name
        extra = given[len(positional) :]
        assert all(each.default is not each.empty or each.kind is each.VAR_KEYWORD for each in extra), name
    public = {name for name in getattr(module, "__all__", ())} - set(Benchmark.DECLARED)
    assert not {name for name in public if name.isupper()}, "a setting that nobody reads"


def test_defaults_are_those_of_a_plain_task() -> None:
    class Plain:
        def items(self, rows):
            return (Item(row["id"], row["id"], "?", ("x", "y"), after=row.get("after")) for row in rows)

    made = benchmark_of(Plain())
    assert benchmark_of(made) is made
    item = Item("b", "b", "?", kind="when", after="a")
    assert [made.should_ask(item, Prediction("a", text)) for text in ("A", "yes", "B", "no", "", "hm")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert not made.should_ask(item, None) and not made.is_streamed(item) and not made.is_judged(item)
    rows = [{"id": "a"}, {"id": "b"}]
    assert made.record_id(rows[1], 2) == "b" and made.known_ids(rows, ()) == {"a", "b"}
    assert made.attach(rows, {"b": {"prediction": "A", "meta": 1}}) == [
        {"id": "a"},
        {"id": "b", "prediction": "A"},
    ]
    assert made.published() == [] and made.group_of is None
    with pytest.raises(ConfigError, match="cannot be compared"):
        made.comparable(rows, "robust")


def test_a_file_of_functions_may_define_anything(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from vidkit.evaluation.types import Item\n"
        "MODALITY, JUDGED_KIND = 'avt', 'free'\n"
        "def items(rows):\n"
        "    return (Item(r['n'], r['n'], '?', ('x', 'y'), 'A', kind='free') for r in rows)\n"
        "def should_ask(item, earlier):\n    return True\n"
        "def parse_judge(text):\n    return len(text)\n"
    )
    (tmp_path / "own.yaml").write_text("name: own\nfunctions: own.py\n")
    task = load_task(str(tmp_path / "own.yaml"), [])
    made = task.functions
    assert (made.MODALITY, made.parse_judge("abc")) == ("avt", 3) and task.required == ()
    (item,) = made.items([{"n": "7"}])
    assert made.is_judged(item) and made.should_ask(item, None) and task.row_id({"n": "7"}, 1) == "7"
    # what it leaves out stays general
    assert made.score([{"n": "7", "prediction": "A"}], resamples=2)["accuracy"] == 100
    assert made.comparable([{"n": "7", "prediction": "A"}], "robust").unread == "0 / 0 / 0"
