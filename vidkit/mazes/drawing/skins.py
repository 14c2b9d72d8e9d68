"""The 22 skins: how each maze type may look, and the words in which prompts describe it. All drawn here."""

from __future__ import annotations

from dataclasses import dataclass

from vidkit.errors import ConfigError
from vidkit.mazes.drawing.picture_file import PictureFile
from vidkit.mazes.drawing.sprites import Colour, Sprite, sprite
from vidkit.mazes.drawing.textures import Texture
from vidkit.mazes.types import MazeType

WHITE, BLACK, RED, GREEN, BLUE = (255, 255, 255), (20, 20, 24), (224, 32, 32), (24, 148, 48), (32, 88, 224)
GOLD, ORANGE, PURPLE, TEAL, PINK = (
    (250, 204, 40),
    (245, 130, 24),
    (140, 50, 190),
    (16, 140, 150),
    (240, 110, 160),
)

Tile = Texture | PictureFile
Moving = Sprite | PictureFile


@dataclass(frozen=True)
class GridSkin:
    """Looks of a grid: `blocked` is a wall, or in a trap field a trap on the floor."""

    name: str
    words: dict[str, str]
    floor: Tile
    blocked: Tile
    player: Moving
    goal: Moving
    trap: Sprite | None = None
    box: Moving | None = None
    lines: Colour | None = None


@dataclass(frozen=True)
class RoadSkin:
    """Looks of roads: ground, road, the marker that moves and the marker of the goal."""

    name: str
    words: dict[str, str]
    ground: Tile
    road: Colour
    player: Moving
    goal: Moving
    edge: Colour | None = None


@dataclass(frozen=True)
class CubeSkin:
    """Looks of cubes: colours of the three kinds, of ladders, sky and ground, and the ball."""

    name: str
    words: dict[str, str]
    sky: Colour
    ground: Colour
    cube: Colour
    start: Colour
    goal: Colour
    ladder: Colour
    outline: Colour
    player: Sprite


Skin = GridSkin | RoadSkin | CubeSkin


def _words(
    player: str, goal: str, blocked: str, floor: str, kind: str = "wall", **more: str
) -> dict[str, str]:
    return {"player": player, "goal": goal, kind: blocked, "floor": floor, **more}


_REGULAR = (
    GridSkin(
        "paper",
        _words("red circle", "green square", "light blue square", "white square"),
        Texture("plain", WHITE),
        Texture("edge", (172, 212, 228), (150, 190, 210)),
        sprite(("disc", 0.36, RED)),
        sprite(("square", 0.46, GREEN)),
        lines=(205, 205, 205),
    ),
    GridSkin(
        "night",
        _words("orange circle", "white star", "gray brick wall", "dark blue square"),
        Texture("plain", (24, 30, 58)),
        Texture("bricks", (120, 124, 138), (88, 92, 108)),
        sprite(("disc", 0.36, ORANGE)),
        sprite(("star", 0.44, WHITE)),
    ),
    GridSkin(
        "garden",
        _words("red ladybird", "yellow flower", "dark green hedge", "light green grass"),
        Texture("grain", (188, 222, 150), (176, 212, 138)),
        Texture("grain", (30, 96, 44), (22, 78, 36)),
        sprite(
            ("disc", 0.38, RED), ("bar", 0.3, BLACK), ("left_eye", 0.06, BLACK), ("right_eye", 0.06, BLACK)
        ),
        sprite(("plus", 0.42, GOLD), ("cross", 0.34, GOLD), ("disc", 0.14, ORANGE)),
    ),
    GridSkin(
        "wood",
        _words("blue diamond", "red ring", "dark brown planks", "light wood"),
        Texture("grain", (236, 208, 160), (228, 198, 148)),
        Texture("planks", (112, 68, 36), (86, 50, 26)),
        sprite(("diamond", 0.44, BLUE)),
        sprite(("disc", 0.42, RED), ("disc", 0.24, (236, 208, 160))),
    ),
    GridSkin(
        "circuit",
        _words("yellow hexagon", "magenta square", "teal square with a light edge", "black square"),
        Texture("plain", (16, 18, 20)),
        Texture("edge", (18, 116, 120), (64, 190, 190)),
        sprite(("hexagon", 0.42, GOLD)),
        sprite(("square", 0.4, (214, 40, 180))),
    ),
)
_TRAPFIELD = (
    GridSkin(
        "paper",
        _words("blue circle", "green circle", "red square with a dark cross", "light gray square", "trap"),
        Texture("plain", (230, 230, 230)),
        Texture("plain", (252, 68, 66)),
        sprite(("disc", 0.36, (70, 70, 250))),
        sprite(("disc", 0.36, (40, 200, 60))),
        trap=sprite(("cross", 0.26, (120, 12, 16))),
        lines=(200, 200, 200),
    ),
    GridSkin(
        "lava",
        _words("white circle with eyes", "blue flag", "glowing lava", "gray stone", "trap"),
        Texture("grain", (122, 122, 128), (112, 112, 118)),
        Texture("grain", (232, 84, 16), (252, 168, 30)),
        sprite(("disc", 0.38, (235, 240, 246)), ("left_eye", 0.06, BLACK), ("right_eye", 0.06, BLACK)),
        sprite(("triangle", 0.42, BLUE)),
        trap=sprite(("disc", 0.22, (255, 226, 90))),
        lines=(98, 98, 104),
    ),
    GridSkin(
        "ice",
        _words("dark red diamond", "gold star", "dark water hole", "pale blue ice", "trap"),
        Texture("stripes", (214, 236, 248), (204, 230, 246)),
        Texture("edge", (20, 62, 104), (120, 170, 205)),
        sprite(("diamond", 0.44, (160, 20, 36))),
        sprite(("star", 0.46, GOLD)),
    ),
    GridSkin(
        "meadow",
        _words("purple hexagon", "white plus sign", "gray spikes", "green grass", "trap"),
        Texture("checks", (140, 196, 104), (132, 188, 98)),
        Texture("plain", (104, 84, 62)),
        sprite(("hexagon", 0.42, PURPLE)),
        sprite(("plus", 0.4, WHITE)),
        trap=sprite(("triangle", 0.4, (196, 198, 204))),
    ),
)
_SOKOBAN = (
    GridSkin(
        "paper",
        _words("blue circle", "pink square", "gray square", "white square", box="yellow square"),
        Texture("plain", WHITE),
        Texture("plain", (116, 116, 116)),
        sprite(("disc", 0.44, (48, 132, 244))),
        sprite(("square", 0.5, (252, 122, 124))),
        box=sprite(("square", 0.42, (226, 196, 40)), ("square", 0.36, (255, 230, 92))),
        lines=(190, 190, 190),
    ),
    GridSkin(
        "warehouse",
        _words("orange circle with eyes", "green cross", "brick wall", "concrete floor", box="wooden crate"),
        Texture("grain", (198, 198, 194), (188, 188, 184)),
        Texture("bricks", (168, 72, 52), (204, 186, 170)),
        sprite(("disc", 0.42, ORANGE), ("left_eye", 0.06, BLACK), ("right_eye", 0.06, BLACK)),
        sprite(("cross", 0.4, GREEN)),
        box=sprite(
            ("square", 0.44, (96, 58, 28)), ("square", 0.38, (176, 118, 64)), ("cross", 0.36, (120, 76, 38))
        ),
    ),
    GridSkin(
        "space",
        _words("white hexagon", "red ring", "dark steel panel", "black floor with stars", box="cyan cube"),
        Texture("grain", (14, 16, 30), (26, 28, 46)),
        Texture("edge", (74, 82, 100), (116, 126, 148)),
        sprite(("hexagon", 0.42, WHITE)),
        sprite(("disc", 0.4, RED), ("disc", 0.26, (14, 16, 30))),
        box=sprite(("square", 0.42, (18, 130, 158)), ("square", 0.3, (64, 214, 236))),
    ),
    GridSkin(
        "beach",
        _words("red star", "blue circle", "palm green hedge", "yellow sand", box="brown barrel"),
        Texture("grain", (244, 226, 168), (236, 214, 150)),
        Texture("grain", (40, 128, 66), (30, 106, 52)),
        sprite(("star", 0.48, RED)),
        sprite(("disc", 0.3, BLUE)),
        box=sprite(("disc", 0.44, (92, 56, 30)), ("disc", 0.36, (150, 96, 50)), ("bar", 0.36, (92, 56, 30))),
    ),
    GridSkin(
        "candy",
        _words(
            "green disc with a white centre",
            "gold star",
            "pink striped block",
            "cream floor",
            box="purple gift",
        ),
        Texture("dots", (255, 246, 230), (250, 232, 212)),
        Texture("stripes", PINK, (255, 200, 220)),
        sprite(("disc", 0.42, (20, 150, 70)), ("disc", 0.2, WHITE)),
        sprite(("star", 0.46, (232, 170, 10))),
        box=sprite(("square", 0.42, PURPLE), ("plus", 0.42, (255, 226, 90))),
    ),
)
_IRREGULAR = (
    RoadSkin(
        "night",
        {"start": "green circle", "end": "red circle", "road": "white road", "background": "black"},
        Texture("plain", (0, 0, 0)),
        WHITE,
        sprite(("disc", 0.3, (0, 230, 20))),
        sprite(("disc", 0.3, (250, 10, 10))),
    ),
    RoadSkin(
        "map",
        {
            "start": "blue circle",
            "end": "orange star",
            "road": "gray road with a dark edge",
            "background": "green land",
        },
        Texture("grain", (166, 206, 140), (156, 198, 130)),
        (150, 150, 154),
        sprite(("disc", 0.34, BLUE)),
        sprite(("star", 0.44, ORANGE)),
        edge=(92, 92, 98),
    ),
    RoadSkin(
        "river",
        {"start": "red diamond", "end": "white flag", "road": "blue river", "background": "brown earth"},
        Texture("grain", (148, 112, 78), (138, 102, 70)),
        (56, 136, 220),
        sprite(("diamond", 0.42, RED)),
        sprite(("triangle", 0.42, WHITE)),
        edge=(30, 92, 168),
    ),
    RoadSkin(
        "neon",
        {"start": "yellow hexagon", "end": "green square", "road": "magenta road", "background": "dark blue"},
        Texture("plain", (18, 16, 48)),
        (200, 40, 170),
        sprite(("hexagon", 0.4, GOLD)),
        sprite(("square", 0.32, (40, 220, 90))),
        edge=(120, 20, 110),
    ),
)


def _cubes(ball: str, start: str, goal: str, cube: str) -> dict[str, str]:
    return {"ball": ball, "start_cube": start, "goal_cube": goal, "default_cube": cube}


_MAZE3D = (
    CubeSkin(
        "paper",
        _cubes("golden ball with an orange edge", "blue cube", "red cube", "gray cube"),
        WHITE,
        (236, 236, 236),
        (150, 150, 150),
        (84, 84, 250),
        (250, 84, 84),
        BLACK,
        (60, 60, 60),
        sprite(("disc", 0.46, (255, 140, 0)), ("disc", 0.38, (255, 215, 0))),
    ),
    CubeSkin(
        "night",
        _cubes("white ball", "green cube", "magenta cube", "steel blue cube"),
        (22, 24, 44),
        (34, 38, 66),
        (86, 110, 148),
        (40, 180, 90),
        (214, 50, 190),
        (230, 220, 160),
        (16, 18, 32),
        sprite(("disc", 0.46, (120, 130, 150)), ("disc", 0.4, WHITE)),
    ),
    CubeSkin(
        "desert",
        _cubes("blue ball", "white cube", "dark red cube", "sandstone cube"),
        (252, 236, 204),
        (240, 214, 160),
        (212, 168, 108),
        (250, 250, 250),
        (156, 24, 30),
        (92, 60, 30),
        (128, 92, 52),
        sprite(("disc", 0.46, (14, 50, 140)), ("disc", 0.38, (40, 104, 232))),
    ),
    CubeSkin(
        "forest",
        _cubes("red ball", "yellow cube", "purple cube", "green cube"),
        (226, 242, 226),
        (186, 216, 176),
        (92, 150, 84),
        GOLD,
        PURPLE,
        (104, 66, 34),
        (40, 74, 40),
        sprite(("disc", 0.46, (130, 12, 16)), ("disc", 0.38, RED)),
    ),
)

_TABLES: dict[MazeType, tuple[Skin, ...]] = {
    MazeType.REGULAR: _REGULAR,
    MazeType.IRREGULAR: _IRREGULAR,
    MazeType.MAZE3D: _MAZE3D,
    MazeType.TRAPFIELD: _TRAPFIELD,
    MazeType.SOKOBAN: _SOKOBAN,
}
#: skins of each type by name, in the order of the tree's folders 1, 2, ...
SKINS = {kind: {skin.name: skin for skin in skins} for kind, skins in _TABLES.items()}


def find_skin(kind: MazeType, name: str | None) -> Skin:
    """A skin by its name or its number in the tree ("1", "2", ...); None: the first.

    Raises:
        ConfigError: the type has no such skin.
    """
    skins = SKINS[kind]
    if name is None:
        return next(iter(skins.values()))
    if name.isdigit() and 1 <= int(name) <= len(skins):
        return list(skins.values())[int(name) - 1]
    if name not in skins:
        raise ConfigError(f"maze type '{kind}' has no skin '{name}'", f"choose from: {', '.join(skins)}")
    return skins[name]
