"""`vidkit algoviz FILE`: a trace drawn. What draws stands in `vidkit/algoviz/renderers/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkit.algoviz.renderers.rendering import Rendered, render
from vidkit.algoviz.vta.trace import Trace, load
from vidkit.commands.algoviz.reading import count
from vidkit.errors import ConfigError


@dataclass(frozen=True)
class Drawing:
    """What was asked for.

    Args:
        to: renderer; None: by the suffix of the output, else html.
        output: file; None: named after the algorithm.
        style: preset; None: the usual one.
        steps: `3`, `3:10` (both ends belong to it) or None for all.
        height: pixels of pictures and videos.
        fps: frames per second of videos.
        force: overwrite files of others, write very many or very long ones.
        strict: end at the first operation that cannot be applied.
    """

    to: str | None
    output: str | None
    style: str | None
    steps: str | None
    height: int
    fps: int
    force: bool
    strict: bool


def run(file: Path, asked: Drawing) -> Rendered:
    """Draw a trace, print what was written.

    Raises:
        DataError: the file is no trace.
        ConfigError: no such renderer, style or step.
        OutputError: the output cannot be written.
        MissingDependency: what the renderer needs is not installed.
    """
    trace = load(file, asked.strict)
    if trace.errors:
        print(f"{file}: {count(trace.diagnostics)}; what cannot be applied is skipped ('validate' lists it)")
    return draw(trace, asked, (file,))


def draw(trace: Trace, asked: Drawing, inputs: tuple[Path, ...] = ()) -> Rendered:
    """Draw a trace, print what was written; see `run`."""
    steps = None if asked.steps is None else steps_of(asked.steps, len(trace))
    made = render(
        trace,
        asked.style,
        asked.to,
        asked.output,
        steps=steps,
        height=asked.height,
        fps=asked.fps,
        force=asked.force,
        inputs=inputs,
    )
    more = f" and {len(made.files) - 1} more" if len(made.files) > 1 else ""
    print(f"{made.files[0]}{more}: {made.steps} step{'s' * (made.steps != 1)} in {made.seconds:.1f} s")
    for note in made.notes:
        print(f"  {note}")
    return made


def steps_of(text: str, last: int) -> range:
    """Steps that a text means: `3`, `3:10`, `3:` or `:10`, both ends belong to it.

    Raises:
        ConfigError: not of that form, or a step that is not there.
    """
    first_word, colon, last_word = text.partition(":")
    words = (first_word or "0", (last_word or str(last)) if colon else first_word)
    if not text.strip() or not all(word.isdecimal() and len(word) < 10 for word in words):
        raise ConfigError(f"'{text}' is not a range of steps", "write 3 or 3:10; 0 is the initial state")
    first, end = int(words[0]), int(words[1])
    if not first <= end <= last:
        raise ConfigError(f"no steps {text}: the trace has 0 to {last}", f"write {last} or 0:{last}")
    return range(first, end + 1)
