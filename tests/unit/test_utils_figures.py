"""One style for pictures: whole files, the same bytes, and nothing of the data is a formula."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.utils.figures import STYLE, drawn, new_figure, styled, svg_of


def draw(path: Path, title: str = "a$b$c") -> None:
    with drawn(path, 3, 2) as figure:
        axes = figure.subplots()
        axes.plot([1, 2], [3, 4])
        axes.set_title(title)


@pytest.mark.parametrize(("name", "start"), [("new/a.png", b"\x89PNG"), ("a.svg", b"<?xml")])
def test_the_same_picture_has_the_same_bytes(name: str, start: bytes, tmp_path: Path) -> None:
    draw(tmp_path / name)
    first = (tmp_path / name).read_bytes()
    draw(tmp_path / name)
    assert first.startswith(start) and (tmp_path / name).read_bytes() == first


def test_dollar_signs_stay_what_they_are(tmp_path: Path) -> None:
    draw(tmp_path / "a.svg")
    assert "a$b$c" in (tmp_path / "a.svg").read_text()


def test_a_drawing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), drawn(tmp_path / "a.png", 3, 2):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_the_style_is_everywhere_and_ends() -> None:
    import matplotlib

    before = matplotlib.rcParams["font.size"]
    with styled(font__size=7):
        axes = new_figure(2, 2).subplots()
        assert not axes.spines["top"].get_visible() and matplotlib.rcParams["font.size"] == 7
    assert matplotlib.rcParams["font.size"] == before != STYLE["font.size"]


def test_an_element_for_a_page_begins_with_svg() -> None:
    figure = new_figure(2, 2)
    figure.subplots().set_xlabel("time")
    assert svg_of(figure).startswith("<svg") and "time" in svg_of(figure)


def test_drawing_without_a_home_says_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vidkit.utils.figures import drawn\n"
        "with drawn(Path(sys.argv[1]), 2, 1) as figure: figure.subplots().set_title('\\u4f60', family='none')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.png")],
        env={**os.environ, "MPLCONFIGDIR": "/proc/nowhere"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "a.png").is_file()
