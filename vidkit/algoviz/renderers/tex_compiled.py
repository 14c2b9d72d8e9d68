"""Pictures set by the TeX of this machine from the same source as `tikz`: PDF, and SVG made of its pages."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from vidkit.algoviz.renderers.base import Options, glyph_notes, step_names
from vidkit.algoviz.renderers.tikz import document
from vidkit.algoviz.scene.film import Film
from vidkit.errors import MissingDependency, OutputError

_ENGINES = ("pdflatex", "lualatex", "tectonic")
_CONVERTER = "pdftocairo"
_TIME_S = 120


class TikzPdf:
    """`NAME.pdf`: a page a step."""

    suffix: ClassVar[str] = ".pdf"
    each: ClassVar[bool] = False

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        with tempfile.TemporaryDirectory() as place:
            shutil.move(_compiled(film, Path(place), options.steps), folder / f"{name}{self.suffix}")
        return glyph_notes(film.missing_glyphs(options.steps))


class TikzSvg:
    """`NAME-0007.svg` for each step: what TeX has set, its letters as outlines."""

    suffix: ClassVar[str] = ".svg"
    each: ClassVar[bool] = True

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        converter = shutil.which(_CONVERTER)
        if converter is None:
            raise MissingDependency(
                f"{_CONVERTER}, which makes SVG of the pages of TeX, is not installed",
                "apt install poppler-utils; or choose --to svg, tikz-pdf or tikz",
                6,
            )
        names = step_names(name, self.suffix, self.each, options.steps)
        with tempfile.TemporaryDirectory() as place:
            pages = _compiled(film, Path(place), options.steps)
            for page, file in enumerate(names, 1):
                # a file of a plain name: what the user calls it may begin with a dash
                words = [converter, "-svg", "-f", str(page), "-l", str(page), pages.name, "page.svg"]
                done = _run(words, Path(place))
                if done.returncode:
                    said = done.stderr.strip()[-200:]
                    raise OutputError(f"{_CONVERTER} failed: {said}", "choose --to svg")
                shutil.move(Path(place) / "page.svg", folder / file)
        return glyph_notes(film.missing_glyphs(options.steps))


def _compiled(film: Film, folder: Path, steps: tuple[int, ...]) -> Path:
    """The pages that TeX makes of these steps.

    Raises:
        MissingDependency: there is no TeX.
        OutputError: it failed, or a glyph is missing.
    """
    engine = next((found for found in map(shutil.which, _ENGINES) if found), None)
    if engine is None:
        raise MissingDependency(
            "TeX is not installed", "apt install texlive-latex-recommended; or choose --to tikz or pdf", 6
        )
    (folder / "pages.tex").write_text(document(film, steps), encoding="utf-8")
    options = ["-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
    done = _run([engine, *([] if engine.endswith("tectonic") else options), "pages.tex"], folder)
    lines = [line for line in done.stdout.splitlines() if line.startswith("!") or "Missing character" in line]
    if done.returncode or lines or not (folder / "pages.pdf").is_file():
        cause = lines[0] if lines else f"exit status {done.returncode}"
        raise OutputError(f"{Path(engine).name} cannot set the pictures: {cause}", "choose --to tikz or pdf")
    return folder / "pages.pdf"


def _run(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program without a shell."""
    try:
        return subprocess.run(
            words, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_TIME_S
        )
    except subprocess.TimeoutExpired as error:
        program = Path(words[0]).name
        raise OutputError(f"{program} took longer than {_TIME_S} s", "choose fewer steps") from error
