"""Replies of vision-language models are read as the authors' script reads and generously; carried out."""

import json
from pathlib import Path

import pytest
from vr_bench_set import write_set

from vidkit.errors import DataError
from vidkit.evaluation.tasks.vr_bench import data_files, items, prompt, rows_in, score, visuals
from vidkit.evaluation.tasks.vr_bench.vlm_execute import carried_out, execute, moves_of_cells
from vidkit.evaluation.tasks.vr_bench.vlm_replies import ReadMoves, official_moves, read_moves
from vidkit.evaluation.types import PartKind, PromptMode
from vidkit.mazes import MazeType, make
from vidkit.mazes.boards.irregular import place_name
from vidkit.mazes.state_file import read_state

GRID, ROADS, SPACE = MazeType.REGULAR, MazeType.IRREGULAR, MazeType.MAZE3D


@pytest.mark.parametrize(
    ("text", "official", "ours"),
    [
        ('{"path": ["up", "Down"]}', ("up", "Down"), "up down"),
        ('```json\n{"path": ["up"]}\n```', ("up",), "up"),
        ('Sure! {"path": ["up"]} Good luck.', ("up",), "up"),
        ('<think>{"path":["left"]}</think> {"path": ["UP", "Right"]}', None, "up right"),
        ('{"path": ["up", "up", "le', None, "up up"),
        ('```json\n["up", "left"]\n```', None, "up left"),
        ('{"actions": ["up"]}', None, "up"),
        ('{"answer": {"path": ["up", "left"]}}', None, "up left"),
        ("{'path': ['up', 'left']}", None, "up left"),
        ('{"path": "up, up, left"}', None, "up up left"),
        ('{"path": [{"move": "up"}, {"move": "left"}]}', None, "up left"),
        ('{"path": ["UURD"]}', ("UURD",), "up up right down"),
        ("path: [up, up, left]", None, "up up left"),
        ("I go up, then right 3 times.", None, "up right right right"),
        ("1. up\n2. left\n3. left", None, "up left left"),
        ("↑ ↑ →", None, "up up right"),
        ('{"path": []}', (), ""),
        ('{"path": ["up", "Jump", "left"]}', ("up", "Jump", "left"), "up jump left"),
    ],
)
def test_moves_are_read(text: str, official: tuple[str, ...] | None, ours: str) -> None:
    assert official_moves(text, GRID) == official
    assert read_moves(text, GRID).moves == tuple(ours.split())


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("down → down → right", "down down right"),
        ("up→right→down", "up right down"),
        ("Path: down → down", "down down"),
        ("Path: right → right → down", "right right down"),
        ("→ down → right", "down right"),
        ("Start → go down → then right → Goal", "down right"),
        ("**Down** → **Right**", "down right"),
        ("`down` ➡️ `right`", "down right"),
        ("down x2 → right 3 times → up", "down down right right right up"),
        ("down → 2 right", "down right"),
        ("up ↑, right →, down ↓", "up right down"),
        ("1. → right\n2. ↓ down", "right down"),
        ("R → R → D", "right right down"),
        ("South → East -> East", "down right right"),
        ('{"path": "down → down → right"}', "down down right"),
        ('{"path": ["down →", "right"]}', "down right"),
        ('{"path": [down → down → right', "down down right"),
        ("[down → right → down]", "down right down"),
        ("↓↓←", "down down left"),
        ("→ → ↓", "right right down"),
        ("→ → ↓ → →", "right right down right right"),
        ("Moves: ↓↓←", "down down left"),
        ("I go as follows\n→, →, ↓", "right right down"),
        ("The way goes right:\n→ ↓ ↓", "right down down"),
        ('{"path": ["→", "↓"]}', "right down"),
    ],
)
def test_arrows_are_moves_alone_and_separators_beside_words(text: str, ours: str) -> None:
    assert read_moves(text, GRID).moves == tuple(ours.split())


def test_arrows_between_coordinates_and_places_are_separators() -> None:
    cells = ((0, 0), (1, 0), (1, 1))
    assert read_moves("(0,0) → (1,0) → (1,1)", GRID) == ReadMoves((), cells, "coordinates")
    assert read_moves("(0,0) → down → (1,0) → right → (1,1)", GRID).cells == cells
    assert read_moves("D → R → U", ROADS).moves == ("D", "R", "U")
    assert read_moves("up ↑ → forward left → up", SPACE).moves == ("up", "forward_left", "up")


@pytest.mark.parametrize(
    "text", ["", None, "no way", "<think> up up", '{"path": [1, 2]}', 7, "[" * 4000, '{"path": ["jump"]}']
)
def test_replies_without_moves_are_unread(text: object) -> None:
    assert read_moves(text, GRID) == ReadMoves()


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ('{"path": ["A", "C"]}', "A C"),
        ("The way is A -> C -> F.", "A C F"),
        ('{"path": ["node a", "Node C"]}', "A C"),
        ('{"path": "A-C-F"}', "A C F"),
    ],
)
def test_places_are_read(text: str, ours: str) -> None:
    assert read_moves(text, ROADS).moves == tuple(ours.split())


def test_moves_in_space_are_read_in_any_case_but_by_the_authors_only_as_they_are() -> None:
    text = '{"path": ["Forward_Left", "backward right", "up"]}'
    assert official_moves(text, SPACE) is None
    assert read_moves(text, SPACE).moves == ("forward_left", "backward_right", "up")


@pytest.mark.parametrize("kind", MazeType)
def test_an_optimal_route_is_exact_and_a_longer_or_wrong_one_is_not(kind: MazeType) -> None:
    level = make(kind, "easy", 3)
    board, moves = level.board, level.solution.moves
    done = execute(board, moves)
    assert (done.won, done.exact, done.followed, done.stopped) == (True, True, len(moves), None)
    more = execute(board, (*moves, moves[-1]))
    assert (more.won, more.exact, more.legal) == (True, False, len(moves))
    short = execute(board, moves[:-1])
    assert (short.won, short.followed, short.stopped) == (False, len(moves) - 1, None)
    beyond = execute(board, (moves[0], "nowhere", *moves[1:]))
    assert (beyond.won, beyond.legal, beyond.stopped) == (False, 1, "nowhere")
    assert not execute(board, ()).won


def test_the_start_may_stand_first_among_places() -> None:
    level = make("irregular", "easy", 3)
    start = place_name(level.board.start[0])
    assert execute(level.board, (start, *level.solution.moves)).exact


def test_a_detour_wins_with_extra_length() -> None:
    level = make("trapfield", "medium", 2)
    back = {"up": "down", "down": "up", "left": "right", "right": "left"}
    first = level.solution.moves[0]
    done = execute(level.board, (first, back[first], *level.solution.moves))
    assert (done.won, done.followed, done.legal - done.optimal) == (True, 1, 2)


def test_coordinates_are_taken_in_the_reading_that_gets_farthest() -> None:
    level = make("regular", "easy", 3)
    cells = [(row, column) for row, column in level.solution.cells]
    for told in (cells, [(c, r) for r, c in cells], [(r + 1, c + 1) for r, c in cells]):
        done = carried_out(level.board, ReadMoves((), tuple(told), "coordinates"))
        assert done is not None
        assert done.exact
    assert moves_of_cells(level.board, [(1, 1), (5, 5)]) == []
    assert carried_out(level.board, ReadMoves((), ((1, 1), (5, 5)))) is None


def test_a_set_becomes_questions_and_replies_become_scores(tmp_path: Path) -> None:
    write_set(tmp_path / "eval", list(MazeType), 2, with_clips=False)
    words = tmp_path / "skins" / "maze"
    words.mkdir(parents=True)
    told = {"visual_description": {"player": "tiny dragon"}}
    (words / "1_description.json").write_text(json.dumps(told))
    rows = [row for file in data_files(tmp_path) for _, row in rows_in(file)]
    asked = list(items(rows))
    assert [item.id for item in asked][:2] == ["regular/1/easy_0001", "regular/1/easy_0002"]
    assert "The player is the tiny dragon" in asked[0].question
    assert all("{" not in item.question.replace('{"', "") for item in asked)
    for item in asked:
        (image,) = visuals(item).images
        assert isinstance(image, bytes) == (item.kind == "irregular")
        shown = prompt(item, PromptMode())
        assert [part.kind for part in shown.parts] == [PartKind.IMAGES, PartKind.TEXT]
        assert [part.kind for part in prompt(item, PromptMode(modality="t")).parts] == [PartKind.TEXT]
    answered = []
    for row in rows:
        board = read_state(Path(row["state"]))
        key = "actions" if board.type is MazeType.SOKOBAN else "path"
        whole = json.dumps({key: list(board.routes.first.moves)})
        answered.append({**row, "prediction": whole if row["number"] == "0001" else whole.upper()})
    got = score(answered, resamples=50)
    assert got["overall"]["values"]["success"] == 100
    assert got["overall"]["values"]["em"] == 100
    strict = score(answered, "official", resamples=50)
    # irregular: letters are capitals anyhow, but the key is not
    assert strict["overall"]["values"]["success"] == 50
    nothing = score([{**row, "prediction": None} for row in rows], resamples=50)
    assert nothing["overall"]["values"]["success"] == 0
    assert nothing["overall"]["values"]["sd"] is None
    assert nothing["overall"]["values"]["official_sd"] == 0
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**strict, "model": "strict"}))
    together = score(answered, resamples=50, beside=[str(other)])["tables"][0]
    assert together["name"] == "together"
    assert [row[:2] for row in together["rows"]][:2] == [("regular", "this model"), ("regular", "strict")]


@pytest.mark.parametrize("text", ["{}", "{", '{"visual_description": 3}'])
def test_an_incomplete_skin_is_named(tmp_path: Path, text: str) -> None:
    write_set(tmp_path, ("regular",), 1, with_clips=False)
    words = tmp_path / "skins" / "maze"
    words.mkdir(parents=True)
    (words / "1_description.json").write_text(text)
    rows = [row for file in data_files(tmp_path) for _, row in rows_in(file)]
    with pytest.raises(DataError, match=r"1_description\.json' does not describe a skin"):
        list(items(rows))
