"""One call from a trace to files: `render(trace, to="mp4", output="sort.mp4")`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.algoviz.renderers.base import Options, Renderer, step_names
from vidkit.algoviz.renderers.registry import check_ending, is_file_spec, kind_of_file, load_renderer
from vidkit.algoviz.rsl.resolve import ResolvedStyle, style_of
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.look import THEMES, Look
from vidkit.algoviz.scene.pacing import look_for
from vidkit.algoviz.scene.reading import story_of
from vidkit.algoviz.scene.styled import look_of
from vidkit.errors import ConfigError
from vidkit.utils.files import check_writable
from vidkit.utils.publishing import check_own, staged
from vidkit.utils.reservation import reserve

if TYPE_CHECKING:
    from vidkit.algoviz.vta.trace import Trace

Style = Look | ResolvedStyle | str | Path | Mapping[str, Any] | None
MOST_FILES = 1000  # a file a step; more need `force`
LONGEST_S = 600.0  # of a video; more needs `force`

_NUMBER = re.compile(r"\d[\d,]*")


@dataclass(frozen=True)
class Rendered:
    """What was written.

    Attributes:
        files: in the order of the steps.
        record: the JSON file beside them that says what they are.
        steps: how many steps they show.
        seconds: that it took.
        notes: what the user has to know: windows, missing glyphs.
    """

    files: tuple[Path, ...]
    record: Path
    steps: int
    seconds: float
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "files": [str(path) for path in self.files],
            "record": str(self.record),
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }


def film_of(trace: Trace, style: Style = None) -> Film:
    """A trace laid out.

    Args:
        trace: what is shown.
        style: a preset (light, dark, high-contrast, colour-blind-safe, print), an RSL file or JSON value, a
            style that is resolved already, or a look; None: the usual one, with times by the number of steps.
    """
    if isinstance(style, Look):
        return Film(story_of(trace), style)
    if style is None:
        return Film(story_of(trace), look_for(len(trace), THEMES["light"]))
    resolved = style if isinstance(style, ResolvedStyle) else style_of(trace, style)
    told = story_of(trace)
    return Film(told, look_of(resolved, told))


def render(
    trace: Trace,
    style: Style = None,
    to: str | None = None,
    output: str | Path | None = None,
    *,
    steps: Sequence[int] | None = None,
    height: int = 720,
    fps: int | Fraction = 30,
    force: bool = False,
    inputs: Sequence[Path] = (),
) -> Rendered:
    """Write a trace as a page, a video, pictures or sources of other tools.

    Args:
        trace: what is shown.
        style: see `film_of`.
        to: html, mp4, webm, gif, png, svg, sheet, pdf, manim, tikz, a plugin's name or `FILE.py:Class`; None:
            by the suffix of `output`, else html.
        output: the file; None: named after the algorithm, here. Renderers that write a picture a step number
            them (`NAME-0007.svg`) unless one step is asked for.
        steps: numbers of the steps to show; None: all.
        height: pixels of pictures and videos.
        fps: frames per second of videos.
        force: overwrite files that vidkit did not write, write very many files or very long videos.
        inputs: files that were read, which are never overwritten.

    Raises:
        ConfigError: no such renderer, a step that is not there, too many files, too long a video.
        OutputError: a file in the way is not vidkit's, or cannot be written.
        MissingDependency: what the renderer needs is not installed.
    """
    started = time.perf_counter()
    film = film_of(trace, style)
    kind, path = _target(to, output, film.title)
    renderer = load_renderer(kind)
    chosen = _chosen(steps, len(film))
    options = Options(chosen, height, Fraction(fps))
    name = path.name.removesuffix(renderer.suffix)
    files = step_names(name, renderer.suffix, renderer.each, chosen)
    _check_size(film, renderer, files, options, force)
    folder, record = path.parent, f"{name}{renderer.suffix}.json"
    check_writable(folder, create=True)
    check_own([folder / file for file in (*files, record)], folder / record, inputs, force)
    with reserve(folder / f"{name}{renderer.suffix}"), staged(folder, record, inputs, force) as stage:
        notes = [*renderer.write(film, stage.folder, name, options)]
        notes += _at_worst(note for step in _sampled(chosen) for note in film.notes(step))
        made = sorted(item.name for item in stage.folder.iterdir() if not item.name.startswith("."))
        stage.publish(
            {
                "what": "algorithm animation",
                "title": film.title,
                "renderer": kind,
                "steps": len(chosen),
                "notes": notes,
            }
        )
    return Rendered(
        tuple(folder / file for file in made),
        folder / record,
        len(chosen),
        time.perf_counter() - started,
        tuple(notes),
    )


def _target(to: str | None, output: str | Path | None, title: str) -> tuple[str, Path]:
    path = Path(output) if output is not None else None
    if to is None and path is not None:
        check_ending(path)
    kind = to or (kind_of_file(path.suffix) if path and path.suffix else None) or "html"
    suffix = load_renderer(kind).suffix
    if path is None:
        words = "".join(c if c.isalnum() and c.isascii() else "-" for c in title.lower())
        return kind, Path("-".join(filter(None, words.split("-"))) or "algorithm").with_suffix(suffix)
    if path.is_dir():
        raise ConfigError(
            f"output '{path}' is a folder", f"name a file in it, such as '{path / ('steps' + suffix)}'"
        )
    if path.suffix.lower() == suffix:
        return kind, path.with_name(path.name[: -len(suffix)] + suffix)
    if path.suffix and kind_of_file(path.suffix) and not is_file_spec(kind):
        raise ConfigError(
            f"output '{path}' is not a {suffix} file", f"end the name with {suffix}, or choose --to"
        )
    return kind, path.with_name(path.name + suffix)


def _chosen(steps: Sequence[int] | None, count: int) -> tuple[int, ...]:
    if steps is None:
        return tuple(range(count))
    chosen = tuple(sorted(set(steps)))
    wrong = [step for step in chosen if not 0 <= step < count]
    if wrong or not chosen:
        said = f"no step {wrong[0]}" if wrong else "no steps were given"
        raise ConfigError(f"{said}: the trace has steps 0 to {count - 1}", "choose among these")
    return chosen


def _check_size(film: Film, renderer: Renderer, files: Sequence[str], options: Options, force: bool) -> None:
    if force:
        return
    if len(files) > MOST_FILES:
        raise ConfigError(
            f"{len(files):,} steps would be as many files",
            "choose steps (such as 0:200), or insist with --force",
        )
    if getattr(renderer, "is_video", False):
        length = sum(film.timing(step).moves_s + film.timing(step).stands_s for step in options.steps)
        if length > LONGEST_S:
            raise ConfigError(
                f"the video would last {length / 60:.0f} minutes",
                "choose steps (such as 0:500) or a shorter duration, or insist with --force",
            )


def _at_worst(notes: Iterable[str]) -> list[str]:
    """Of notes on a view that differ in their numbers alone, the one with the largest."""
    found: dict[tuple[str, str], str] = {}
    for note in notes:
        view, _, said = note.rpartition(": ")
        kind = view, _NUMBER.sub("#", said)
        found[kind] = max(note, found.get(kind, note), key=_numbers)
    return list(found.values())


def _numbers(note: str) -> list[int]:
    numbers = _NUMBER.findall(note.rpartition(": ")[2])
    return sorted((int(number.replace(",", "")) for number in numbers), reverse=True)


def _sampled(steps: tuple[int, ...]) -> tuple[int, ...]:
    """Some steps spread over all: notes on windows are much the same at each."""
    return steps if len(steps) <= 60 else tuple(steps[round(i * (len(steps) - 1) / 59)] for i in range(60))
