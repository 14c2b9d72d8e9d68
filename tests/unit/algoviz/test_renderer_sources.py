"""Sources for other tools: TikZ that any text leaves whole, Python for Manim that parses."""

import ast
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import algoviz_traces as made
import pytest

import vidkit.algoviz as algoviz
from vidkit.algoviz.renderers.rendering import film_of
from vidkit.algoviz.renderers.tex_text import is_set, to_tex
from vidkit.errors import MissingDependency


@pytest.mark.parametrize(
    ("text", "tex"),
    [("a_b%$#&{}", r"a\_b\%\$\#\&\{\}"), ("\\", r"\textbackslash{}"),
     ("x → ∞", r"x\ \ensuremath{\to}\ \ensuremath{\infty}"),
     ("~^<>|", r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}"), ("Ünï", "Ünï"),
     ("--", "{-}{-}"), ("汉", "?")],
)  # fmt: skip
def test_text_for_tex_is_escaped(text, tex):
    assert to_tex(text) == tex


def test_other_scripts_are_drawn_as_outlines(tmp_path):
    assert not is_set("Привет") and is_set("naïve ∅")
    trace = algoviz.trace_of(made.trace(made.array(["Привет", "שלום"])))
    source = algoviz.render(trace, to="tikz", output=tmp_path / "t").files[0].read_text(encoding="utf-8")
    assert source.isascii()
    assert source.count(".. controls") > 50


def test_tikz_holds_the_geometry_of_the_scene(tmp_path):
    trace = algoviz.trace_of(made.graph(5))
    source = algoviz.render(trace, output=tmp_path / "g.tex", steps=[2]).files[0].read_text(encoding="utf-8")
    scene = film_of(trace).scene(2)
    found = {tuple(map(float, at)) for at in re.findall(r"\(([\d.]+),([\d.]+)\) ellipse", source)}
    wanted = {tuple(round(v, 2) for v in s.centre) for s in scene.shapes if s.kind == "ellipse"}
    assert found == wanted
    assert source.count(r"\begin{tikzpicture}") == 1


def test_tikz_of_strange_text_keeps_its_braces(tmp_path):
    trace = algoviz.trace_of(made.strange())
    source = algoviz.render(trace, to="tikz", output=tmp_path / "odd").files[0].read_text(encoding="utf-8")
    bare = re.sub(r"\\[{}\\]", "", source)
    assert bare.count("{") == bare.count("}")
    assert source.count(r"\end{document}") == 1
    assert source.count(r"\begin{tikzpicture}") == len(trace) + 1


@pytest.mark.parametrize(
    ("to", "tools"), [("tikz-pdf", ["pdflatex"]), ("tikz-svg", ["pdflatex", "pdftocairo"])]
)
def test_tex_of_this_machine_sets_the_pictures(tmp_path, to, tools):
    trace = algoviz.trace_of(made.strange())
    if not all(map(shutil.which, tools)):
        with pytest.raises(MissingDependency, match="not installed"):
            algoviz.render(trace, to=to, output=tmp_path / "odd")
        pytest.skip(f"not all of {tools} are here")
    done = algoviz.render(trace, to=to, output=tmp_path / "-odd")
    if to == "tikz-pdf":
        assert done.files[0].read_bytes().startswith(b"%PDF") and len(done.files) == 1
        return
    assert [file.name for file in done.files] == [f"-odd-{step:04d}.svg" for step in range(len(trace) + 1)]
    root = ElementTree.parse(done.files[-1]).getroot()
    size = [float(root.get(side, "").removesuffix("pt")) for side in ("width", "height")]
    assert size[0] / size[1] == pytest.approx(16 / 9, abs=0.01)


def test_tools_that_are_not_there_are_named_with_their_package(tmp_path, monkeypatch):
    trace = algoviz.trace_of(made.strange())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for to, package in (("tikz-pdf", "texlive"), ("tikz-svg", "poppler-utils")):
        with pytest.raises(MissingDependency) as caught:
            algoviz.render(trace, to=to, output=tmp_path / "odd")
        assert package in caught.value.hint and caught.value.exit_code == 6
    assert not list(tmp_path.iterdir())


def test_manim_source_is_python_with_every_step(tmp_path):
    trace = algoviz.trace_of(made.strange())
    done = algoviz.render(trace, to="manim", output=tmp_path / "odd")
    source = done.files[0].read_text(encoding="utf-8")
    tree = ast.parse(source)
    scenes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert scenes == ["Animation"]
    assert source.isascii()


def test_manim_leaves_one_video_and_no_folder(tmp_path):
    manim = pytest.importorskip("manim", reason="manim is an optional package")
    assert manim
    trace = algoviz.trace_of(made.bubble_sort([2, 1]))
    algoviz.render(trace, to="manim", output=tmp_path / "sort.py")
    before = set(tmp_path.iterdir())
    command = [sys.executable, "-m", "manim", "-ql", "sort.py", "Animation"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert {path.name for path in set(tmp_path.iterdir()) - before} == {"sort-manim.mp4"}
