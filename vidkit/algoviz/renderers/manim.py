"""Manim: a Python file with a scene; it plays the same steps with the same geometry (`manim -qm FILE.py`).

Texts are made once and kept, since Manim needs tens of milliseconds for each; a step touches what changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from vidkit.algoviz.renderers.base import Options, glyph_notes
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.shapes import Scene, Shape

_TEMPLATE = Path(__file__).parent / "player" / "manim_scene.py.txt"


class Manim:
    """`NAME.py`: a source; Manim itself is needed where it is rendered, not here."""

    suffix: ClassVar[str] = ".py"
    each: ClassVar[bool] = False

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        (folder / f"{name}{self.suffix}").write_text(source(film, options.steps), encoding="utf-8")
        return glyph_notes(film.missing_glyphs(options.steps))


def source(film: Film, steps: tuple[int, ...]) -> str:
    """The file: data as JSON in a text, then the scene that reads it."""
    known: dict[Shape, int] = {}
    made: list[dict[str, Any]] = []
    before: Scene | None = None
    last: int | None = None
    for step in steps:
        scene = film.scene_after(step, last)
        old = before.by_id() if before else {}
        now = scene.by_id()
        timing = film.timing(step)
        made.append(
            {
                "gone": [key for key in old if key not in now],
                "now": [known.setdefault(s, len(known)) for k, s in now.items() if old.get(k) != s],
                "moves": scene.moves if before else {},
                "effects": {key: [one.variant, one.easing] for key, one in scene.effects.items()}
                if before
                else {},
                "move_s": round(timing.moves_s, 3),
                "hold_s": round(timing.stands_s, 3),
            }
        )
        before, last = scene, step
    width, height = film.size
    data = {
        "width": width, "height": height, "background": film.look.theme.background, "title": film.title,
        "shapes": [shape.as_dict() for shape in known], "steps": made,
    }  # fmt: skip
    # twice as JSON: a text of Python is one too, whatever is in it
    text = json.dumps(json.dumps(data, separators=(",", ":"), allow_nan=False))
    return _TEMPLATE.read_text(encoding="utf-8").replace('"@data@"', text)
