"""What is asked about held-out scenes: for each concept all its values, and which of them is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vidkit.synthetic import scenes
from vidkit.synthetic.scenes.mazes import MARKS

Facts = dict[str, str]


@dataclass(frozen=True)
class Question:
    """A sentence for every value of a concept, and the place of the true one."""

    prompts: tuple[str, ...]
    answer: int

    @property
    def truth(self) -> str:
        return self.prompts[self.answer]


_Ask = Callable[[Facts], Question | None]


def _group(facts: Facts, **changed: str) -> str:
    told = facts | changed
    count = int(told["count"])
    number = scenes.COUNTS[count] if count > 1 else "a"
    return scenes.with_article(f"{number} {told['colour']} {scenes.plural(told['shape'], count)}")


def _of_objects(name: str, values: tuple[str, ...]) -> _Ask:
    def ask(facts: Facts) -> Question | None:
        if facts.get("groups") != "1":
            return None
        return Question(tuple(_group(facts, **{name: v}) for v in values), values.index(facts[name]))

    return ask


def _place(facts: Facts) -> Question | None:
    if facts.get("groups") != "1" or not facts["place"]:
        return None
    prompts = tuple(f"{_group(facts)} {scenes.place_phrase(place)}" for place in scenes.PLACES)
    return Question(prompts, list(scenes.PLACES).index(facts["place"]))


def _motion(facts: Facts) -> Question | None:
    if facts.get("groups") != "1" or facts["count"] != "1":
        return None
    noun = f"{facts['colour']} {facts['shape']}"
    return Question((f"a moving {noun}", f"a still {noun}"), int(facts["motion"] == "still"))


def _of_kind(kind: str, name: str, values: tuple[str, ...], sentence: str) -> _Ask:
    def ask(facts: Facts) -> Question | None:
        if facts["kind"] != kind:
            return None
        return Question(tuple(sentence.format(v) for v in values), values.index(facts[name]))

    return ask


def _is_maze(facts: Facts) -> Question | None:
    others = ("a red circle", "the word news", "a forest", "a day sky")
    return Question(("a maze", *others), 0) if facts["kind"] == "maze" else None


CONCEPTS: dict[str, _Ask] = {
    "colour": _of_objects("colour", tuple(scenes.COLOURS)),
    "shape": _of_objects("shape", scenes.SHAPES),
    "count": _of_objects("count", tuple(str(n) for n in scenes.COUNTS)),
    "place": _place,
    "motion": _motion,
    "maze": _is_maze,
    "maze ball": _of_kind("maze", "ball", MARKS, "a maze with a {} ball"),
    "text": _of_kind("text", "word", scenes.WORDS, "the word {}"),
    "setting": _of_kind("setting", "setting", scenes.SETTINGS, "a {}"),
}
