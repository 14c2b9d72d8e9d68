"""A film as pictures of a video: in each only the part that changes is drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from vidkit.algoviz.renderers.pictures import Screen
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.motion import Box, Transition, in_order
from vidkit.algoviz.scene.shapes import Scene, Shape


class Frames:
    """Pictures in the order of showing, each with the number of frames that it stays.

    Args:
        film: what is shown.
        steps: numbers of the steps, ascending.
        fps: frames per second.
        screen: where they are drawn.
        last_s: seconds that the last step stands longer.
    """

    def __init__(
        self, film: Film, steps: tuple[int, ...], fps: Fraction, screen: Screen, last_s: float = 1.0
    ) -> None:
        self.film, self.fps, self.screen, self.last_s = film, fps, screen, last_s
        # the last one of those that are asked for is always seen
        self.steps = tuple(step for step in steps if step not in film.look.merged or step == steps[-1])

    def __iter__(self) -> Iterator[tuple[np.ndarray, int]]:
        """Pixels uint8 [H, W, 4], blue first, which the next picture overwrites; and how many frames, > 0."""
        before: Scene | None = None
        for place, step in enumerate(self.steps):
            timing, scene = self.film.timing(step), self._scene(place)
            moving = round(timing.moves_s * self.fps) if before is not None else 0
            if before is not None and moving:
                way = Transition(before, scene)
                if not way.areas:
                    yield self.screen.pixels, moving
                else:
                    resting = [
                        [pair for pair in way.resting if _meets(pair[1].box, area)] for area in way.areas
                    ]
                    for number in range(1, moving):
                        self._redraw(way, resting, scene.background, number / moving)
                        yield self.screen.pixels, 1
            self._finish(scene.background, scene.shapes)
            last = self.last_s if place == len(self.steps) - 1 else 0.0
            # the picture at the end of the way is the step itself
            standing = round((timing.stands_s + last) * self.fps) + (1 if moving and way.areas else 0)
            yield self.screen.pixels, max(1, standing)
            before = scene

    def _scene(self, place: int) -> Scene:
        return self.film.scene_after(self.steps[place], self.steps[place - 1] if place else None)

    def _finish(self, background: str, shapes: tuple[Shape, ...]) -> None:
        self.screen.clear(background)
        self.screen.artist.draw(self.screen.canvas, shapes)

    def _redraw(
        self, way: Transition, resting: list[list[tuple[int, Shape]]], background: str, share: float
    ) -> None:
        canvas, skia = self.screen.canvas, self.screen.artist.skia
        moving = way.moving(share)
        for area, still in zip(way.areas, resting, strict=True):
            canvas.save()
            canvas.clipRect(skia.Rect.MakeLTRB(*area))
            self.screen.clear(background)
            near = [pair for pair in moving if _meets(pair[1].box, area)]
            self.screen.artist.draw(canvas, in_order([*still, *near]))
            canvas.restore()

    def seconds(self) -> float:
        """Length of the video."""
        total = 0.0
        for place, step in enumerate(self.steps):
            timing = self.film.timing(step)
            total += timing.stands_s + (timing.moves_s if place else 0.0)
        return total + self.last_s


def _meets(one: Box, other: Box) -> bool:
    # arrowheads and outlines lie outside of the box of a shape
    return one[0] - 8 < other[2] and other[0] < one[2] + 8 and one[1] - 8 < other[3] and other[1] < one[3] + 8
