"""The moves in a vision-language model's reply: as the authors' script reads them, and as a reader would.

Robust reading goes from the strictest form to the loosest and takes the first that gives moves: JSON, JSON
that was cut off, a list, arrows, coordinates, words. What follows the thinking counts, the last answer of
several.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from vidkit.evaluation.answers.said import after_thinking
from vidkit.evaluation.tasks.vr_bench.vlm_arrows import ARROWS, SHORT, without_separators
from vidkit.mazes.types import MazeType

KEYS = {kind: "actions" if kind is MazeType.SOKOBAN else "path" for kind in MazeType}
GRID_MOVES = ("up", "down", "left", "right")
SPACE_MOVES = ("forward_left", "forward_right", "backward_left", "backward_right", "up", "down")
_OTHER_KEYS = ("path", "actions", "moves", "solution", "answer", "directions", "steps", "route", "sequence")
_ARROWS = str.maketrans({arrow: f" {move} " for arrow, move in ARROWS.items()})
_FENCE = re.compile(r"```[a-zA-Z0-9]*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_LIST = re.compile(r"\[[^\[\]{}]*(?:\]|\Z)")
_PAIR = re.compile(r"[(\[]\s*(-?\d+)\s*,\s*(-?\d+)\s*[)\]]")
# a run of blanks is read by one part of a pattern alone: two would share it out in every way
_TIMES = r"(?:[ \t]*(?:(?:x|\*|by)[ \t]*)?(\d{1,2})(?:[ \t]*(?:times?|steps?|cells?|x))?\b(?![.):]))?"
_LONGEST = 200_000  # letters that are looked at, from the end
_MOST_MOVES = 2_000


@dataclass(frozen=True)
class ReadMoves:
    """What a reply says.

    Attributes:
        moves: names of moves, or of places (irregular); None where none could be read.
        cells: coordinates where the reply gives those instead of moves.
        rule: how it was read: json, cut off, list, words, coordinates; empty where it was not.
    """

    moves: tuple[str, ...] | None = None
    cells: tuple[tuple[int, int], ...] = ()
    rule: str = ""


def official_moves(text: object, kind: MazeType) -> tuple[str, ...] | None:
    """As the authors' script reads: the whole text, a fenced block, or the first { to the last }; one key.

    None where that is not JSON with a list of texts under the key of the type, as well as for a 3-D maze
    with a word that is no move.
    """
    if not isinstance(text, str):
        return None
    fence = re.search(r"```(?:json)?(.*?)```", text, re.DOTALL)
    inner = text[text.find("{") : text.rfind("}") + 1]
    for part in (text.strip(), fence.group(1).strip() if fence else "", inner):
        found = _loaded(part)
        if isinstance(found, dict):
            moves = found.get(KEYS[kind])
            if not isinstance(moves, list) or not all(isinstance(move, str) for move in moves):
                return None
            if kind is MazeType.MAZE3D and not all(move in SPACE_MOVES for move in moves):
                return None
            return tuple(moves)
    return None


def read_moves(text: object, kind: MazeType) -> ReadMoves:
    """The moves of a reply, read generously."""
    said = after_thinking(text[-_LONGEST:]) if isinstance(text, str) else None
    if not said or not said.strip():
        return ReadMoves()
    for rule in (_from_json, _from_cut_json, _from_lists, _from_words):
        found = rule(said, kind)
        if found is not None:
            return found
    return ReadMoves()


def _from_json(text: str, kind: MazeType) -> ReadMoves | None:
    candidates = [match.group(1) for match in _FENCE.finditer(text)][::-1]
    for part in (text.strip(), *candidates, *_objects(text)):
        found = _loaded(part.strip())
        moves = _listed(found, kind)
        if moves is not None:
            return _read(moves, kind, "json")
    return None


def _objects(text: str) -> list[str]:
    """Stretches between matching braces, the last first."""
    found, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        if letter == "{":
            start = place if depth == 0 else start
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
            if depth == 0:
                found.append(text[start : place + 1])
    return found[::-1]


def _listed(found: Any, kind: MazeType) -> list[Any] | None:
    """The list of moves in a value: itself, or under the type's key or a near one."""
    if isinstance(found, list):
        return found
    if not isinstance(found, dict):
        return None
    plain = {str(name).lower(): value for name, value in found.items()}
    for name in (KEYS[kind], *_OTHER_KEYS):
        value = plain.get(name)
        if isinstance(value, list):
            return value
        if isinstance(value, dict):
            return _listed(value, kind)
        if isinstance(value, str) and value.strip():
            return [value]
    return None


def _from_cut_json(text: str, kind: MazeType) -> ReadMoves | None:
    """An object whose end is missing: the entries that are whole."""
    names = "|".join(dict.fromkeys((KEYS[kind], *_OTHER_KEYS)))
    starts = list(re.finditer(rf"""["']?\b(?:{names})["']?\s*[:=]\s*\[""", text, re.IGNORECASE))
    if not starts:
        return None
    rest = text[starts[-1].end() :]
    rest = rest[: rest.find("]")] if "]" in rest and not _PAIR.search(rest) else rest
    # letters are places there
    rest = rest if kind is MazeType.IRREGULAR else without_separators(rest)
    entries = re.findall(r"""["']([^"'\n]{1,40})["']""", rest)
    pairs = _PAIR.findall(rest)
    if pairs:
        return ReadMoves((), tuple((int(a), int(b)) for a, b in pairs), "coordinates")
    if not entries:
        entries = [entry for entry in re.split(r"[,\s]+", rest.strip("[] \n}`")) if entry]
    return _read(entries, kind, "cut off")


def _from_lists(text: str, kind: MazeType) -> ReadMoves | None:
    """The last list of moves without an object round it."""
    for match in list(_LIST.finditer(text))[::-1]:
        entries = [part.strip(" \"'`\n") for part in match.group(0).strip("[]").split(",")]
        found = _read([entry for entry in entries if entry], kind, "list")
        if found is not None and found.moves:
            return found
    pairs = [(int(a), int(b)) for a, b in _PAIR.findall(text)]
    if len(pairs) >= 2 and kind not in (MazeType.IRREGULAR, MazeType.MAZE3D):
        return ReadMoves((), tuple(pairs[:_MOST_MOVES]), "coordinates")
    return None


def _from_words(text: str, kind: MazeType) -> ReadMoves | None:
    """Moves in a sentence, its last line first: `Up, up, then left 3 times`, `A -> C -> F`."""
    lines = [line for line in text.splitlines() if line.strip()]
    if kind is MazeType.IRREGULAR:
        for line in lines[::-1]:
            chain = re.search(r"\b[A-Z]{1,2}(?:\s*(?:-+>|=>|→|,|to)\s*[A-Z]{1,2}\b)+", line)
            if chain:
                return ReadMoves(tuple(re.findall(r"[A-Z]{1,2}\b", chain.group(0))), (), "words")
        return None
    numbered = [line for line in lines if re.match(r"\s*(?:\d+[.):]|[-*•]|step\s*\d+)", line, re.IGNORECASE)]
    best: list[str] = []
    for part in (lines[-1], "\n".join(numbered), text):
        moves = _moves_in(re.sub(r"(?m)^[^\S\n]*(?:\d+[.):]|step\s*\d+[.:]?)", " ", part), kind)
        if len(moves) > 1 or (moves and part is text):
            best = moves
            break
    return ReadMoves(tuple(best), (), "words") if best else None


def _moves_in(text: str, kind: MazeType) -> list[str]:
    known = SPACE_MOVES if kind is MazeType.MAZE3D else GRID_MOVES
    text = without_separators(text).translate(_ARROWS).lower()
    plain = re.sub(r"(forward|backward)[\s-]+(left|right)", r"\1_\2", text)
    found: list[str] = []
    for match in re.finditer(rf"(?<![\w])({'|'.join(known)})(?![a-z_]){_TIMES}", plain):
        found += [match.group(1)] * max(1, min(int(match.group(2) or 1), 99))
        if len(found) > _MOST_MOVES:
            break
    return found


def _read(entries: list[Any], kind: MazeType, rule: str) -> ReadMoves | None:
    """Moves of a list; None where no entry is one. A word that is no move stays: it cannot be made."""
    if len(entries) > _MOST_MOVES:
        return None
    pairs = [_pair(entry) for entry in entries]
    if entries and all(pair is not None for pair in pairs):
        return ReadMoves((), tuple(pair for pair in pairs if pair is not None), "coordinates")
    moves: list[str] = []
    known = 0
    for entry in entries:
        found = _of_entry(entry, kind)
        if not found and not isinstance(entry, str):
            return None
        known += bool(found)
        moves += found or [str(entry).strip().lower()[:40]]
    return ReadMoves(tuple(moves), (), rule) if known or not entries else None


def _pair(entry: Any) -> tuple[int, int] | None:
    if isinstance(entry, dict):
        plain = {str(name).lower(): value for name, value in entry.items()}
        for names in (("row", "col"), ("row", "column"), ("r", "c"), ("y", "x")):
            if all(isinstance(plain.get(name), int) for name in names):
                return plain[names[0]], plain[names[1]]
        return None
    if isinstance(entry, str):
        match = _PAIR.fullmatch(entry.strip())
        return (int(match.group(1)), int(match.group(2))) if match else None
    if isinstance(entry, list) and len(entry) == 2 and all(type(part) is int for part in entry):
        return entry[0], entry[1]
    return None


def _of_entry(entry: Any, kind: MazeType) -> list[str]:
    """The moves that one entry means."""
    if isinstance(entry, dict):
        entry = next((value for value in entry.values() if isinstance(value, str)), None)
    if not isinstance(entry, str):
        return []
    word = entry.strip(" .,;:\"'`*")
    if kind is MazeType.IRREGULAR:
        letter = re.fullmatch(r"(?:(?:node|place|point)\s+)?([A-Za-z]{1,2})", word, re.IGNORECASE)
        if letter:
            return [letter.group(1).upper()]
        chain = re.findall(r"\b[A-Z]{1,2}\b", word)
        return chain if len(chain) > 1 else []
    if kind is not MazeType.MAZE3D and word.lower() in SHORT:
        return [SHORT[word.lower()]]
    if kind is not MazeType.MAZE3D and re.fullmatch(r"[UDLR]{2,}", word):
        return [SHORT[letter.lower()] for letter in word]
    return _moves_in(word, kind)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
