"""What a set consists of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from vidkit.errors import ConfigError
from vidkit.mazes.drawing.skin_folder import open_skin, type_of_skin
from vidkit.mazes.drawing.skins import SKINS, Skin
from vidkit.mazes.types import Difficulty, MazeType, difficulty_of, maze_type
from vidkit.utils.paths import expanded

TRAIN_SHARE = 0.8  # of a bucket, as published: 96 of 120
_LARGEST_SIDE = 4096
_MOST_FRAMES = 10_000


@dataclass(frozen=True)
class SetOptions:
    """What to make; the defaults are the 66 buckets of 120 levels of the published set.

    Attributes:
        types: of the levels, by any of their names; empty: all.
        difficulties: easy, medium, hard; empty: all.
        skins: names, numbers in the tree, or folders; a type takes those that it has. Empty: all of ours.
        levels: of a bucket, that is of a type, skin and difficulty; four fifths train, the rest evaluate.
        size: side of the clips in pixels, or height and width; None: native.
        frames: of a clip; None: twelve a move, and one for the start.
        fps: frames per second.
        routes: how many optimal routes are shown, a clip each.
        seed: another one gives other levels.
    """

    types: tuple[str, ...] = ()
    difficulties: tuple[str, ...] = ()
    skins: tuple[str, ...] = ()
    levels: int = 120
    size: int | tuple[int, int] | None = None
    frames: int | None = None
    fps: int = 24
    routes: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, most in (("levels", 9999), ("fps", 240), ("routes", 1000)):
            _within(name, getattr(self, name), 1, most)
        if self.frames is not None:
            _within("frames", self.frames, 2, _MOST_FRAMES)
        if self.size is not None and not isinstance(self.size, int | tuple | list):
            raise ValueError(f"size must be pixels of a side or [height,width], got {self.size!r}")
        for side in (self.size,) if isinstance(self.size, int) else self.size or ():
            _within("size", side, 16, _LARGEST_SIDE)
            if side % 2:
                raise ValueError(
                    f"size={side} is odd, which H.264 does not support\ngive an even number of pixels"
                )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be a whole number >= 0, got {self.seed!r}")

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with every name in its full form."""
        plain = asdict(self)
        plain["types"] = [str(kind) for kind in self.kinds]
        plain["difficulties"] = [str(level) for level in self.grades]
        plain["skins"] = list(self.skins)
        plain["size"] = list(self.size) if isinstance(self.size, tuple) else self.size
        return plain

    @property
    def kinds(self) -> list[MazeType]:
        """Types in the order of the tree, each once."""
        asked = {maze_type(name) for name in self.types}
        return [kind for kind in MazeType if kind in asked or not asked]

    @property
    def grades(self) -> list[Difficulty]:
        """Difficulties from easy to hard, each once."""
        asked = {difficulty_of(name) for name in self.difficulties}
        return [level for level in Difficulty if level in asked or not asked]

    def skins_of(self, kind: MazeType) -> dict[int, Skin]:
        """Skins of a type by their number in the tree.

        Raises:
            ConfigError: none of the asked skins is one of this type.
            DataError: a folder that is no whole skin.
        """
        every = list(SKINS[kind].values())
        if not self.skins:
            return dict(enumerate(every, 1))
        found: dict[int, Skin] = {}
        for name in self.skins:
            if "/" in name:
                if type_of_skin(expanded(name)) is kind:
                    # folders of others get the numbers after ours
                    found[max(len(every), *found, 0) + 1] = open_skin(kind, name)
            elif name in SKINS[kind] or name in map(str, range(1, len(every) + 1)):
                skin = open_skin(kind, name)
                found[every.index(skin) + 1] = skin
        if not found:
            raise ConfigError(
                f"maze type '{kind}' has no skin {', '.join(map(repr, self.skins))}",
                f"choose from: {', '.join(SKINS[kind])}",
            )
        return dict(sorted(found.items()))

    def check(self) -> None:
        """Refuse words that are not known.

        Raises:
            ConfigError: a type, difficulty or skin that there is not.
        """
        names = {name for kind in self.kinds for name in SKINS[kind]}
        numbers = {str(n) for kind in self.kinds for n in range(1, len(SKINS[kind]) + 1)}
        for name in self.skins:
            if "/" in name and type_of_skin(expanded(name)) in self.kinds:
                continue
            if name not in names | numbers:
                raise ConfigError(
                    f"no maze type asked for has a skin '{name}'", f"choose from: {', '.join(sorted(names))}"
                )
        assert self.grades
        for kind in self.kinds:
            self.skins_of(kind)


def _within(name: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value!r}")
