"""Settings as a flat table of keys, and the way from composed values to dataclasses."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import pytest
from omegaconf import OmegaConf

from vidkit.config.describe import comments_of
from vidkit.config.keyed import KeyedError
from vidkit.config.keys import REQUIRED, keys_of, owner_of_free_key
from vidkit.config.mirror import build, mirror
from vidkit.config.naming import did_you_mean, near_names


class Colour(Enum):
    """What a ball looks like."""

    RED = "red"  # the default
    DARK_BLUE = "dark-blue"


@dataclass
class Ball:
    radius: float = 0.5  # cells
    colour: Colour = Colour.RED

    def __post_init__(self) -> None:
        if self.radius <= 0:
            raise ValueError(f"radius must be > 0, got {self.radius}\nuse radius=0.5")


@dataclass(frozen=True)
class Scene:
    path: str
    ball: Ball = field(default_factory=lambda: Ball(radius=0.25))
    # shown from
    # the side
    view: Literal["side", "top"] = "side"
    size: tuple[int, int] = (4, 4)
    names: list[str] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)
    limit: int | None = None
    """At most so many."""


def composed(**changes: Any) -> dict[str, Any]:
    config = OmegaConf.merge(OmegaConf.structured(mirror(Scene)), changes)
    values = OmegaConf.to_container(config)
    assert isinstance(values, dict)
    return values  # type: ignore[return-value]


def test_keys_are_dotted_and_know_what_they_take() -> None:
    keys = keys_of(Scene)
    assert list(keys) == [
        "path",
        "ball",
        "ball.radius",
        "ball.colour",
        "view",
        "size",
        "names",
        "options",
        "limit",
    ]
    assert keys["ball.colour"].choices == ("red", "dark-blue")
    assert keys["ball.colour"].takes == "one of red, dark-blue"
    assert keys["view"].choices == ("side", "top")
    assert (keys["limit"].takes, keys["limit"].optional) == ("a whole number", True)
    assert (keys["size"].takes, keys["names"].takes) == ("a list such as [1,2]", "a list such as [a,b]")
    assert keys["path"].default == REQUIRED
    assert keys["ball"].is_section and not keys["ball"].optional


def test_free_keys_belong_to_their_mapping() -> None:
    keys = keys_of(Scene)
    assert owner_of_free_key("options.deep.er", keys) is keys["options"]
    assert owner_of_free_key("ball.mass", keys) is None
    assert owner_of_free_key("nothing", keys) is None
    assert owner_of_free_key("options" + ".a" * 200_000, keys) is keys["options"]  # the square takes minutes


def test_build_is_the_inverse_of_mirror() -> None:
    assert build(Scene, composed(path="a")) == Scene("a")


def test_build_makes_enums_tuples_and_nested_settings() -> None:
    made = build(
        Scene, composed(path="a", ball={"colour": "dark-blue"}, size=[6, 5], options={"a": {"b": 1}}, limit=3)
    )
    assert made == Scene("a", Ball(0.25, Colour.DARK_BLUE), "side", (6, 5), [], {"a": {"b": 1}}, 3)


@pytest.mark.parametrize(
    ("changes", "key", "message", "hint"),
    [
        ({}, "path", "no value for 'path'", "give it as path=VALUE"),
        (
            {"ball": {"colour": "rad"}},
            "ball.colour",
            "unknown choice 'rad' for 'ball.colour'",
            "did you mean 'red'? choices: red, dark-blue",
        ),
        ({"view": "front"}, "view", "unknown choice 'front' for 'view'", "choices: side, top"),
        ({"ball": {"radius": 0}}, "ball.radius", "ball.radius must be > 0, got 0.0", "use radius=0.5"),
    ],
    ids=["required", "enum", "literal", "range"],
)
def test_build_names_the_key_that_does_not_fit(
    changes: dict[str, Any], key: str, message: str, hint: str
) -> None:
    with pytest.raises(KeyedError) as caught:
        build(Scene, composed(**{"path": "a"} | changes if changes else {}))
    assert (caught.value.key, caught.value.message, caught.value.hint) == (key, message, hint)


def test_comments_of_the_source_describe_fields() -> None:
    assert comments_of(Ball) == {"radius": "cells"}
    assert comments_of(Scene) == {"view": "shown from the side", "limit": "At most so many."}
    assert comments_of(Colour) == {"RED": "the default"}


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("stepz", ["steps"]),
        ("tiling", ["model.vae_tiling"]),
        ("vae_tilng", ["model.vae_tiling"]),
        ("zzz", []),
    ],
)
def test_near_names_look_at_the_last_word_too(name: str, near: list[str]) -> None:
    known = ["steps", "seed", "model.vae_tiling", "model.path"]
    assert near_names(name, known, limit=1) == near


def test_hint_without_a_near_name_lists_all() -> None:
    assert did_you_mean("zzz", ["a", "b"], "configs") == "configs: a, b"
    assert did_you_mean("zzz", [], "configs") == "configs: none"
