"""Renders a program for Manim, and looks at where its texts are after every animation.

Runs in the sandbox with Manim and PyAV. Texts are judged by the same rules as scenes of vidkit: no two texts
share an area, and none leaves the picture.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

_SLACK = 0.03  # units of Manim, of which the picture is 8 high


def main() -> None:
    """Arguments: the program, the file for what was found."""
    path, out = sys.argv[1:3]
    found: dict[str, Any] = {"kind": "exception", "scenes": 0, "looks": 0, "overlaps": 0, "outside": 0}
    try:
        _render(path, found)
        found["kind"] = "end"
    except BaseException as error:
        found |= {"type": type(error).__name__, "message": str(error)[:500], "line": _line(error, path)}
    Path(out).write_text(json.dumps(found, default=float))
    sys.exit(0)


def _render(path: str, found: dict[str, Any]) -> None:
    manim: Any = importlib.import_module("manim")
    manim.config.update(
        {"quality": "low_quality", "media_dir": "media", "disable_caching": True, "progress_bar": "none"}
    )
    manim.config.verbosity = "ERROR"
    space: dict[str, Any] = {"__name__": "__main__", "__file__": path}
    code = compile(Path(path).read_text("utf-8-sig"), path, "exec")
    exec(code, space)
    scenes: list[Any] = [
        one
        for one in space.values()
        if inspect.isclass(one) and issubclass(one, manim.Scene) and one.__module__ == "__main__"
    ]
    if not scenes:
        raise LookupError("the program defines no Scene")
    scene = scenes[-1]
    found["scenes"] = len(scenes)
    for name in ("play", "wait"):
        setattr(scene, name, _watched(getattr(scene, name), found))
    made = scene()
    made.render()
    found |= _video(str(made.renderer.file_writer.movie_file_path))


def _watched(method: Any, found: dict[str, Any]) -> Any:
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        result = method(self, *arguments, **named)
        _look(self, found)
        return result

    return call


def _look(scene: Any, found: dict[str, Any]) -> None:
    """Count texts that share an area or leave the picture."""
    manim: Any = importlib.import_module("manim")
    kinds = (manim.Text, manim.MarkupText, manim.Paragraph, manim.SingleStringMathTex)
    texts: list[Any] = []
    seen: set[int] = set()
    for one in scene.mobjects:
        for part in one.get_family():
            if isinstance(part, kinds) and len(part.submobjects) and id(part) not in seen:
                inner = {id(piece) for piece in part.get_family()}
                seen |= inner
                if any(piece.get_fill_opacity() > 0.05 for piece in part.family_members_with_points()):
                    texts.append(part)
    boxes = [
        (
            one.get_left()[0] + _SLACK,
            one.get_bottom()[1] + _SLACK,
            one.get_right()[0] - _SLACK,
            one.get_top()[1] - _SLACK,
        )
        for one in texts
    ]
    wide, high = manim.config.frame_width / 2, manim.config.frame_height / 2
    found["looks"] += 1
    for i, (left, bottom, right, top) in enumerate(boxes):
        found["outside"] += int(left < -wide or right > wide or bottom < -high or top > high)
        found["overlaps"] += sum(
            int(left < other[2] and other[0] < right and bottom < other[3] and other[1] < top)
            for other in boxes[:i]
        )


def _video(path: str) -> dict[str, Any]:
    """Frames, different ones among them, and seconds of the video that was made."""
    import av

    frames, pictures = 0, set()
    with av.open(path) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            frames += 1
            pictures.add(hashlib.sha256(frame.to_ndarray(format="gray").tobytes()).digest())
        rate = float(stream.average_rate or 15)
    return {"frames": frames, "pictures": len(pictures), "duration_s": frames / rate}


def _line(error: BaseException, path: str) -> int | None:
    found, where = None, error.__traceback__
    while where is not None:
        if where.tb_frame.f_code.co_filename == path:
            found = where.tb_lineno
        where = where.tb_next
    return found


if __name__ == "__main__":
    main()
