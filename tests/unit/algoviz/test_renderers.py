"""Files of a trace: pictures, pages, videos, sources; the same geometry in all of them."""

import json
import re
import xml.etree.ElementTree as ElementTree

import algoviz_traces as made
import numpy as np
import pytest
from PIL import Image

import vidkit.algoviz as algoviz
from vidkit.errors import ConfigError, OutputError

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def trace():
    return algoviz.trace_of(made.bubble_sort([3, 1, 2]))


def test_svg_holds_the_shapes_of_the_scene(trace, tmp_path):
    done = algoviz.render(trace, output=tmp_path / "sort.svg", steps=[2])
    assert [path.name for path in done.files] == ["sort.svg"]
    root = ElementTree.parse(done.files[0]).getroot()
    texts = {node.text for node in root.iter(f"{SVG}text")}
    assert {"Bubble sort", f"step 2 of {len(trace)}", "3", "1", "2"} <= texts
    assert "3 against 1" not in texts, "comments of the step before are gone"
    assert "font-face" in done.files[0].read_text(encoding="utf-8")


def test_svg_of_strange_text_is_well_formed(tmp_path):
    strange = algoviz.trace_of(made.strange())
    done = algoviz.render(strange, to="svg", output=tmp_path / "odd")
    assert len(done.files) == 3
    for path in done.files:
        ElementTree.parse(path)
        assert "<script" not in path.read_text(encoding="utf-8")


def test_png_a_step_has_the_size_asked_for(trace, tmp_path):
    done = algoviz.render(trace, output=tmp_path / "sort.png", steps=[0, 4], height=360)
    assert [path.name for path in done.files] == ["sort-0000.png", "sort-0004.png"]
    first, second = (np.asarray(Image.open(path)) for path in done.files)
    assert first.shape == (360, 640, 3)
    assert (first != second).any()
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50, "something is drawn"


def test_contact_sheet_shows_steps_of_the_whole_film(trace, tmp_path):
    done = algoviz.render(trace, to="sheet", output=tmp_path / "sheet")
    picture = Image.open(done.files[0])
    assert picture.width > 1500 and picture.height > 1000


def test_themes_differ(trace, tmp_path):
    paths = [algoviz.render(trace, theme, output=tmp_path / f"{theme}.png", steps=[1]).files[0]
             for theme in ("light", "dark")]  # fmt: skip
    light, dark = (np.asarray(Image.open(path)).mean() for path in paths)
    assert light > 200 and dark < 70


def test_files_of_others_are_left_alone(trace, tmp_path):
    target = tmp_path / "sort.svg"
    target.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"sort\.svg"):
        algoviz.render(trace, output=target, steps=[0])
    assert target.read_text(encoding="utf-8") == "mine"
    algoviz.render(trace, output=target, steps=[0], force=True)
    algoviz.render(trace, output=target, steps=[1])  # its own may be replaced
    record = json.loads((tmp_path / "sort.svg.json").read_text(encoding="utf-8"))
    assert record["files"].keys() == {"sort.svg"}


def test_steps_that_went_are_removed_when_rendered_again(trace, tmp_path):
    algoviz.render(trace, to="svg", output=tmp_path / "s", steps=[0, 1, 2])
    algoviz.render(trace, to="svg", output=tmp_path / "s", steps=[0, 1])
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["s-0000.svg", "s-0001.svg"]


@pytest.mark.parametrize(
    ("given", "said"),
    [({"to": "mp5"}, "no renderer 'mp5'"), ({"steps": [99]}, "no step 99"),
     ({"steps": []}, "no steps were given"), ({"height": 5}, "height must be from"),
     ({"fps": 0}, "fps must be > 0"),
     ({"to": "svg", "output": "x.mp4"}, "is not a .svg file")],
)  # fmt: skip
def test_mistakes_are_named(trace, tmp_path, given, said, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=re.escape(said)):
        algoviz.render(trace, **{"to": "svg", **given})


def test_renderer_of_ones_own(trace, tmp_path):
    file = tmp_path / "words.py"
    file.write_text(
        "class Words:\n"
        "    suffix = '.txt'\n"
        "    def write(self, film, folder, name, options):\n"
        "        lines = [film.scene(step).description for step in options.steps]\n"
        "        (folder / (name + self.suffix)).write_text('\\n'.join(lines))\n"
        "        return ['in words']\n",
        encoding="utf-8",
    )
    done = algoviz.render(trace, to=f"{file}:Words", output=tmp_path / "sort.txt")
    assert done.notes == ("in words",)
    assert "3 against 1" in done.files[0].read_text(encoding="utf-8")


def test_only_known_endings_choose_a_renderer(trace, tmp_path):
    with pytest.raises(ConfigError, match=r"no renderer writes \.exe files") as caught:
        algoviz.render(trace, output=tmp_path / "x.exe", steps=[0])
    assert ".html, .mp4" in caught.value.hint and not list(tmp_path.iterdir())
    for name in ("x", "x-1.5"):
        assert algoviz.render(trace, output=tmp_path / name, steps=[0]).files == (tmp_path / f"{name}.html",)
