"""Rows of V*-mini: a drawn question in words, with options, in every order of them."""

from __future__ import annotations

import functools
import itertools
import random
from typing import Any

from vidkit.evaluation.tasks.v_star_mini.recipe import Recipe

_OPTIONS = 4


@functools.lru_cache(maxsize=4)
def rows_of(recipe: Recipe) -> tuple[dict[str, Any], ...]:
    """All rows of a recipe, in the order of its scenes."""
    from vidkit.synthetic.zoom_scenes.layout import split_of

    rows: list[dict[str, Any]] = []
    seed, found = recipe.start, 0
    while found < recipe.scenes:
        if split_of(seed) == recipe.split:
            rows += scene_rows(seed, recipe.orders)
            found += 1
        seed += 1
    return tuple(rows)


def scene_rows(seed: int, orders: int = 4) -> list[dict[str, Any]]:
    """The one question of a scene, once for every order of its options.

    Questions answered by yes or no have one order.
    """
    from vidkit.synthetic.zoom_scenes.layout import SIZE_BOUNDS
    from vidkit.synthetic.zoom_scenes.single import scene_question

    one = scene_question(seed)
    options = list(one.options) or _end_options(seed, one.answer, one.objects)
    size = next(f"{a}-{b} px" for a, b in itertools.pairwise(SIZE_BOUNDS) if one.key_px < b)
    turns = min(orders, len(options)) if one.kind not in ("relation", "existence") else 1
    rows = []
    for turn in range(turns):
        shown = options[turn:] + options[:turn]
        rows.append(
            {
                "question_id": f"s{seed}-{turn}",
                "scene": seed,
                "question": one.question,
                "options": shown,
                "answer": "ABCD"[shown.index(one.answer)],
                "kind": one.kind,
                "stratum": one.stratum or "(other kinds)",
                "size": size,
                "zoom": "needed" if one.needs_zoom else "not needed",
                "order": str(turn + 1),
            }
        )
    return rows


def _end_options(seed: int, answer: str, objects: tuple[str, ...]) -> list[str]:
    """Four objects of the scene, or made up where it has fewer; the right one among them."""
    from vidkit.synthetic.zoom_scenes.words import COLOURS, SHAPES

    draw = random.Random(seed)
    others = sorted(set(objects) - {answer})
    draw.shuffle(others)
    while len(others) < _OPTIONS - 1:
        made = f"{draw.choice(COLOURS)} {draw.choice(SHAPES)}"
        if made != answer and made not in others:
            others.append(made)
    found = [answer, *others[: _OPTIONS - 1]]
    draw.shuffle(found)
    return found
