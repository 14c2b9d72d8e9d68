"""What a video model is told beside the first frame: the rules, in the words of the skin."""

from __future__ import annotations

from vidkit.mazes.drawing.skins import Skin
from vidkit.mazes.types import MazeType

_WORDS = {
    MazeType.REGULAR: (
        "A maze seen from above, which stays as it is. The {player} moves along the {floor} cells to the"
        " {goal} and stops there. It takes the shortest way, one cell after another, and never touches or"
        " crosses the {wall} cells."
    ),
    MazeType.TRAPFIELD: (
        "A field seen from above, which stays as it is. The {player} moves over the {floor} cells to the"
        " {goal} and stops there. It takes a shortest way up, down, left and right, and never enters a trap,"
        " which is a {trap}."
    ),
    MazeType.SOKOBAN: (
        "A warehouse puzzle seen from above. The {player} moves up, down, left and right over the {floor}"
        " cells and pushes the {box} onto the {goal}. It cannot pull the {box}, nothing passes through the"
        " {wall} cells, and everything else stays as it is. It needs as few pushes as possible."
    ),
    MazeType.IRREGULAR: (
        "Roads on a plane seen from above, which stay as they are. The {start} moves along the {road} to the"
        " {end} and stops there. It takes the shortest way and never leaves the road for the {background}."
    ),
    MazeType.MAZE3D: (
        "Cubes and ladders seen from above and aside by a camera that does not move. The {ball} starts on the"
        " {start_cube}, rolls over the tops of the cubes, climbs ladders where it changes levels, and stops"
        " on the {goal_cube}. It takes the shortest way, never leaves the cubes, and nothing else moves."
    ),
}


def video_prompt(kind: MazeType, skin: Skin) -> str:
    """The prompt for clips of a type in a skin."""
    return _WORDS[kind].format(**skin.words)
