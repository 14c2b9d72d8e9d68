"""What a vision-language model is asked about a level: picture, rules in the words of its skin, JSON back.

The wording is ours; the moves and the form of the reply are those of VR-Bench's protocol.
"""

from __future__ import annotations

from collections.abc import Mapping

from vidkit.mazes.types import MazeType

MAX_TOKENS = 10_000
_GENERIC = {
    MazeType.REGULAR: {"player": "player", "goal": "goal", "wall": "wall", "floor": "floor"},
    MazeType.TRAPFIELD: {"player": "player", "goal": "goal", "trap": "trap", "floor": "floor"},
    MazeType.SOKOBAN: {"player": "player", "goal": "target", "box": "box", "wall": "wall", "floor": "floor"},
    MazeType.IRREGULAR: {"start": "start marker", "end": "goal marker", "road": "road"},
    MazeType.MAZE3D: {
        "start_cube": "start cube",
        "goal_cube": "goal cube",
        "default_cube": "other cube",
        "ball": "ball",
    },
}
SYSTEM = (
    "You solve puzzles that are shown as one picture. Look at the picture closely, plan the whole way, and "
    "reply with one JSON object and nothing after it."
)
_GRID = "Each move goes to the neighbouring cell: up, down, left or right as seen in the picture."
_RULES = {
    MazeType.REGULAR: (
        "The picture shows a maze of square cells. The player is the {player}, the goal is the {goal}. "
        "Cells that look like {floor} are free, cells that look like {wall} are walls. "
        + _GRID
        + " Find the shortest way from the player to the goal that enters no wall."
    ),
    MazeType.TRAPFIELD: (
        "The picture shows a field of square cells. The player is the {player}, the goal is the {goal}. "
        "Cells that look like {floor} are safe, a cell with {trap} is a trap. "
        + _GRID
        + " Find a shortest way from the player to the goal that enters no trap and stays on the field."
    ),
    MazeType.SOKOBAN: (
        "The picture shows a warehouse of square cells, a sokoban puzzle. The player is the {player}, the "
        "box is the {box}, its target is the {goal}, walls look like {wall} and free cells like {floor}. "
        + _GRID
        + " A move against the box pushes it one cell further if that cell is free; the box cannot be "
        "pulled. Bring the box to its target with as few pushes as you can, walking no farther than needed."
    ),
    MazeType.IRREGULAR: (
        "The picture shows places joined by curved roads that look like {road}. Every place has a letter. "
        "The start is at the {start}, the goal at the {end}. Find the shortest way along the roads from the "
        "start to the goal. Two places are neighbours only where a road joins them."
    ),
    MazeType.MAZE3D: (
        "The picture shows cubes in space, seen from above and aside. The {ball} stands on the {start_cube} "
        "and has to reach the {goal_cube}. It rolls over the tops of joined cubes of the same height: each "
        "such move goes two cubes on, forward_left (away from you and to the left), forward_right, "
        "backward_left (towards you and to the left) or backward_right. On a ladder it moves up or down, "
        "three cubes high. Find the shortest way."
    ),
}
_ANSWERS = {
    MazeType.REGULAR: ("path", '["right", "down", "down"]'),
    MazeType.TRAPFIELD: ("path", '["right", "down", "down"]'),
    MazeType.SOKOBAN: ("actions", '["left", "up", "up"]'),
    MazeType.IRREGULAR: ("path", '["A", "C", "F"]'),
    MazeType.MAZE3D: ("path", '["forward_left", "up", "backward_right"]'),
}


def question(kind: MazeType, words: Mapping[str, str]) -> str:
    """The question about a level.

    Args:
        kind: its type.
        words: how its skin looks, as `visual_description` has it; what is missing is said plainly.
    """
    known = {name: text for name, text in words.items() if isinstance(text, str) and text.strip()}
    key, example = _ANSWERS[kind]
    what = (
        "letters of the places, start and goal included" if kind is MazeType.IRREGULAR else "moves in order"
    )
    form = f'Reply with JSON of this form, with the {what}: {{"{key}": {example}}}'
    return f"{_RULES[kind].format(**{**_GENERIC[kind], **known})}\n{form}"
