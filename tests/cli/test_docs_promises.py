"""What the docs say can be done can be done; the table of settings is that of the schema."""

import ast
import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from scripts.doc_tables import results, tool
from tests.support.syntax import syntax_of
from vidkit.cli.commands import WITH_SETTINGS
from vidkit.cli.main import run
from vidkit.config.catalog import settings_class
from vidkit.config.keys import keys_of

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    """A script of `scripts/`, which is not a package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_and_commands_of_all_pages_are_right() -> None:
    assert script("check_docs").check() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[x](nowhere.md)", "page.md: link to 'nowhere.md' leads nowhere"),
        ("```sh\nmake nothing\n```\n", "page.md: `make nothing`: no target nothing"),
        ("```sh\npython scripts/no.py\n```\n", "page.md: `python scripts/no.py`: no file scripts/no.py"),
        (
            "```sh\nvidkit generate -c wan14 | head\n```\n",
            "page.md: `vidkit generate -c wan14 | head`: error: no config 'wan14' for 'generate'",
        ),
        (
            "```console\n$ vidkit generat\nmade\n```\n",
            "page.md: `vidkit generat`: error: no command 'generat'",
        ),
    ],
    ids=["link", "target", "script", "config", "command"],
)
def test_the_check_finds_what_is_wrong(
    text: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker = script("check_docs")
    (tmp_path / "page.md").write_text(text)
    (tmp_path / "Makefile").write_text("demo:\n")
    monkeypatch.setattr(checker, "ROOT", tmp_path)
    assert [line.splitlines()[0] for line in checker.check()] == [problem]


def test_generated_parts_are_up_to_date() -> None:
    maker = script("make_docs")
    stale = [
        name for name in maker.PAGES if maker.renewed((ROOT / name).read_text()) != (ROOT / name).read_text()
    ]
    assert stale == [], "run make docs"


def test_every_command_has_a_table_of_its_settings() -> None:
    maker = script("make_docs")
    assert maker.blocks_in((ROOT / "docs" / "configuration.md").read_text()) == {
        f"settings of {command}" for command in WITH_SETTINGS
    }


def test_a_new_command_gets_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = script("make_docs")
    monkeypatch.setattr(maker, "WITH_SETTINGS", ("generate", "dance"))
    page = maker.with_all_commands("# Configuration\n\n<!-- settings of generate: x -->\n<!-- end -->\n")
    assert maker.blocks_in(page) == {"settings of generate", "settings of dance"}
    assert page.count("## Settings of `vidkit dance`") == 1 and maker.with_all_commands(page) == page


def test_a_block_is_replaced_and_the_rest_is_not() -> None:
    page = "a\n<!-- settings of generate: x -->\nzebra\n<!-- end -->\nb\n"
    made = script("make_docs").renewed(page)
    assert made.startswith("a\n<!-- settings of generate: x -->\n\n| Setting |") and made.endswith(
        "<!-- end -->\nb\n"
    )
    assert "zebra" not in made


def test_figures_say_where_they_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs" / "results").mkdir(parents=True)
    row = {"what": "`x`", "best": 0.1, "median": 0.2, "worst": 0.3, "runs": 3, "unit": "s", "target": 0.3}
    place = {"date": "2026-01-02T00:00:00", "device": "CPU, 2 cores", "load_before": 0.5, "commit": "abc"}
    made = place | {"made_by": "python y", "rows": [row]}
    (tmp_path / "docs" / "results" / "startup.json").write_text(json.dumps(made))
    monkeypatch.setattr(results, "ROOT", tmp_path)
    table = tool.figures("startup")
    assert "| `x` | 0.1 s | 0.2 s | 3 | < 0.3 s |" in table
    assert "Made by `python y` on 2026-01-02, CPU, 2 cores, load 0.5 before, commit abc." in table
    assert tool.figures("demo") is None


@pytest.mark.parametrize(("share", "verdict"), [(1.29, "met"), (1.31, "MISSED")])
def test_figures_of_serving_say_whether_the_bar_is_met(
    share: float, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs" / "results").mkdir(parents=True)
    made = json.loads((ROOT / "docs" / "results" / "serving.json").read_text()) | {"times_ideal": share}
    (tmp_path / "docs" / "results" / "serving.json").write_text(json.dumps(made))
    monkeypatch.setattr(results, "ROOT", tmp_path)
    table = tool.serving_figures()
    assert f"| {made['bar_times_ideal']} times ({verdict}) |" in table
    assert f"scheduling {made['scheduler']}" in table and "peak memory with 10,000 items" in table


METHODS = ("attention", "methods/xattention", "methods/svg2", "methods/haste")
KEYS_SHOWN = {
    "generate": ("attention", METHODS),
    "calibrate": ("", ("calibrate",)),
    "bench attention": ("", ("bench",)),
    "bench attention-quality": ("", ("bench",)),
}


@pytest.mark.parametrize("command", KEYS_SHOWN)
def test_the_pages_of_sparse_attention_show_every_key(command: str) -> None:
    group, pages = KEYS_SHOWN[command]
    keys = keys_of(settings_class(command))  # with the settings of predictors and reuse policies
    prefix = f"{group}." if group else ""
    names = {name[len(prefix) :] for name in keys if name.startswith(prefix)}
    names = {name for name in names if "." not in name}
    text = "".join((ROOT / "docs" / f"{page}.md").read_text() for page in pages)
    shown = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
    # --device, --output, --force, --dry-run and --verbose are of many commands: docs/cli.md
    assert names - shown - {"device", "output", "force", "dry_run", "verbose"} == set()


def test_the_example_of_another_budget_holds_for_the_shipped_tables(capsys) -> None:
    from vidkit.attention.shipped import FOLDER

    given = re.search(
        r"vidkit calibrate --resolve \S+ budget=(\S+)", (ROOT / "docs/calibrate.md").read_text()
    )
    assert given is not None
    table = FOLDER / "maze-xattention.json"
    assert run(["calibrate", "--resolve", str(table), f"budget={given[1]}", "--dry-run"]) == 0
    assert "table   not written (dry run)" in capsys.readouterr().out


def test_pages_are_named_so_that_an_installed_vidkit_has_them(monkeypatch) -> None:
    # words for users go through doc_page; docstrings and comments are read in a checkout
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    found = []
    for file in sorted((ROOT / "vidkit").rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if "docs/" not in source and "doc_page" not in source:
            continue  # most of a thousand files
        tree = syntax_of(source)
        strings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in strings:
                found += [f"{file.name}:{node.lineno}"] * bool(re.search(r"docs/[\w/-]+\.md", node.value))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "doc_page":
                assert isinstance(node.args[0], ast.Constant)
                page = str(node.args[0].value)
                assert (ROOT / "docs" / page).is_file(), page
                assert carried.get(f"docs/{page}") == f"vidkit/_docs/{page}", f"the wheel lacks {page}"
    assert found == []
    assert [
        p.name for p in (ROOT / "configs").rglob("*.yaml") if re.search(r"docs/.*\.md", p.read_text())
    ] == []
    from vidkit import errors

    assert errors.doc_page("tasks.md") == "docs/tasks.md"
    monkeypatch.setattr(errors, "__file__", "/usr/lib/python3/site-packages/vidkit/errors.py")
    assert errors.doc_page("tasks.md") == "/usr/lib/python3/site-packages/vidkit/_docs/tasks.md"
