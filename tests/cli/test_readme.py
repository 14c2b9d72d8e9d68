"""README.md: its order, its pictures and badges, and that its Python runs."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def make_images() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_images", ROOT / "scripts" / "make_images.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_headings_come_in_the_order_of_a_reader() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "Install",
        "Five lines of Python",
        "Commands",
        "What is measured, and where",
        "Against baselines",
        "Limits",
        "Citation",
        "Links",
    ]


def test_pictures_are_small_and_stand_before_the_first_heading() -> None:
    top = README[: README.index("\n## ")]
    for name, limit in (("maze.gif", 1_000_000), ("selection.png", 500_000)):
        assert f"(docs/images/{name})" in top
        assert 0 < (ROOT / "docs" / "images" / name).stat().st_size < limit


def test_commands_under_the_pictures_are_those_that_make_them() -> None:
    script = make_images()
    assert f"`vidkit {script.GENERATE}`" in README
    assert f'`vidkit {script.SELECT} "a purple object" frames=lddr k=8`' in README


def test_badges_say_what_the_project_says() -> None:
    for name, svg in make_images().badges().items():
        assert (ROOT / "docs" / "images" / name).read_text(encoding="utf-8") == svg, (
            "run scripts/make_images.py --badges"
        )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tried = (ROOT / "docs" / "packaging.md").read_text(encoding="utf-8")
    for classifier in project["classifiers"]:
        if match := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier):
            assert f"Python {match[1]}" in tried.split("Not tested")[0]


def test_no_address_of_the_project_is_made_up() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "urls" not in project
    for file in [*ROOT.glob("*.md"), ROOT / "CITATION.cff", *(ROOT / "vidkit").rglob("*.py")]:
        assert "github.com/vidkit" not in file.read_text(encoding="utf-8"), file


def test_version_and_date_are_the_same_everywhere() -> None:
    import vidkit

    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    date = re.search(r"date-released: (\S+)", citation)
    assert date is not None and f"version: {vidkit.__version__}\n" in citation
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {vidkit.__version__} ({date[1]})" in changes
    assert f"version = {{{vidkit.__version__}}}" in README


def test_changelog_says_area_and_outcome() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    lines = [line for line in changes.splitlines() if line.startswith("- ")]
    assert [line for line in lines if not re.match(r"- [A-Z][\w -]+: \S", line)] == []
    assert len(lines) == len(set(lines))


def test_selection_in_python_runs_on_a_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from vidkit.video.mp4_stream import mp4_stream

    with mp4_stream(tmp_path / "maze.mp4") as stream:
        for i in range(24):
            picture = np.full((96, 96, 3), 240, np.uint8)
            picture[40:56, 3 * i : 3 * i + 16] = (150, 30, 180)  # a purple square on its way
            stream.add(picture, i / 12)
    monkeypatch.chdir(tmp_path)
    exec(compile(PYTHON[0], "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("[")


def test_attention_in_python_runs_on_the_embedded_model(capsys) -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    from vidkit.generation import LoadOptions, embedded_folder, load_pipeline, read_spec

    folder = embedded_folder()
    pipe = load_pipeline(read_spec(folder), folder, LoadOptions(torch.device("cpu"), torch.float32)).pipe
    call = type(pipe).__call__

    class Small(type(pipe)):  # type: ignore[misc]  # the sizes of the embedded model, two steps
        def __call__(self, prompt: str) -> SimpleNamespace:
            return call(
                self, prompt, height=96, width=96, num_frames=5, num_inference_steps=2, guidance_scale=1.0
            )

    pipe.__class__ = Small
    scope = {"pipe": pipe}
    exec(compile(PYTHON[1], "README.md", "exec"), scope)
    assert len(scope["video"]) == 1
    assert 0 < float(capsys.readouterr().out.split()[-1]) <= 1
