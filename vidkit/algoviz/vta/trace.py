"""A trace: read from a file, replayed, asked for any of its states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vidkit.algoviz.vta.diagnostics import Diagnostic, Severity, StrictError
from vidkit.algoviz.vta.document import Delta, Document, first_cause
from vidkit.algoviz.vta.engine.apply import apply_delta
from vidkit.algoviz.vta.engine.context import Context
from vidkit.algoviz.vta.hashing import canonical, sha256, state_hashes
from vidkit.algoviz.vta.initial import initial_state
from vidkit.algoviz.vta.json_lines import Lines, is_lines, lines_of
from vidkit.algoviz.vta.json_text import not_a_number, parse_json, too_deep
from vidkit.algoviz.vta.limits import USUAL, Limits, check_limits, read_text
from vidkit.algoviz.vta.linting import Lint
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.repairs import usual_form
from vidkit.algoviz.vta.state import State
from vidkit.algoviz.vta.styles import Styles, read_styles
from vidkit.algoviz.vta.values import NOT_FINITE, TOO_DEEP
from vidkit.errors import DataError, doc_page
from vidkit.utils.collection import collection_paused
from vidkit.utils.plain import json_kind

VERSIONS = ("5.0", "5.x")
EVERY = 50  # deltas from checkpoint to checkpoint


class Trace:
    """What an algorithm did: an initial state and deltas.

    States are immutable and share what they have in common, so that keeping them all is cheap.

    Args:
        document: the models of the file.
        where: name of the file, for messages.
        notes: findings made while it was read.
    """

    def __init__(self, document: Document, where: str = "trace", notes: Notes | None = None) -> None:
        self.document = document
        self.where = where
        self.styles: Styles = read_styles(document.initial_frame.styles)
        self._reading = list(notes.found) if notes is not None else []
        self._checkpoints: list[State] = []
        self._diagnostics: tuple[Diagnostic, ...] | None = None

    def __len__(self) -> int:
        """Number of deltas; there is one state more."""
        return len(self.document.deltas)

    @property
    def name(self) -> str:
        """Of the algorithm; may be empty."""
        return self.document.algorithm.name

    @property
    def family(self) -> str:
        """Of the algorithm, free text: "sorting", "graph"; may be empty."""
        return self.document.algorithm.family

    @property
    def pseudocode(self) -> tuple[str, ...]:
        """Lines; leading spaces are indentation."""
        return self.document.initial_frame.pseudocode

    @property
    def deltas(self) -> tuple[Delta, ...]:
        return self.document.deltas

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong or odd, in the order of the file: of reading first, then of replay."""
        if self._diagnostics is None:
            self._replay_once()
        assert self._diagnostics is not None
        return self._diagnostics

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Those diagnostics that end a strict run."""
        return tuple(found for found in self.diagnostics if found.severity is Severity.ERROR)

    def check(self) -> None:
        """Be strict.

        Raises:
            StrictError: the first error among the diagnostics; exit status 3.
        """
        if self.errors:
            raise StrictError(self.where, self.errors[0])

    def replay(self) -> list[State]:
        """All states: the initial one, then one after each delta (deltas + 1 in all)."""
        notes = Notes()
        states = [self._initial(notes)]
        with collection_paused():
            for delta in self.document.deltas:
                states.append(self._after(states[-1], delta, notes))
        return states

    def state(self, k: int) -> State:
        """The state after k deltas, 0 for the initial one; from the nearest checkpoint before it.

        Raises:
            IndexError: k is not from 0 to the number of deltas.
        """
        if not 0 <= k <= len(self):
            raise IndexError(f"step must be from 0 to {len(self)}, got {k}")
        if self._diagnostics is None:
            self._replay_once()
        state = self._checkpoints[k // EVERY]
        notes = Notes()
        for delta in self.document.deltas[k // EVERY * EVERY : k]:
            state = self._after(state, delta, notes)
        return state

    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the whole trace, in hexadecimal."""
        return sha256(canonical(self.as_dict()))

    def hashes(self) -> list[str]:
        """SHA-256 of each state, without what a step alone marks; deltas + 1 in all."""
        return list(state_hashes(self.replay()))

    def as_dict(self) -> dict[str, Any]:
        """The JSON value; reading it again gives an equal trace."""
        return self.document.as_dict()

    def _initial(self, notes: Notes) -> State:
        return initial_state(self.document, Context(self.styles, notes))

    def _after(self, state: State, delta: Delta, notes: Notes) -> State:
        return apply_delta(state, delta, len(self.pseudocode), Context(self.styles, notes))

    def _replay_once(self) -> None:
        notes = Notes()
        state = self._initial(notes)
        checkpoints, lint = [state], Lint(self.document, notes)
        with collection_paused():
            for place, delta in enumerate(self.document.deltas):
                notes.delta = place
                before, state = state, self._after(state, delta, notes)
                lint.see(before, delta, state)
                if (place + 1) % EVERY == 0:
                    checkpoints.append(state)
        lint.conclude(state, len(self))
        self._checkpoints = checkpoints
        self._diagnostics = (*self._reading, *notes.found)


def load(path: str | Path, strict: bool = False, limits: Limits = USUAL) -> Trace:
    """Read a trace file and replay it once.

    Args:
        path: of a VTA-JSON file, or of one in JSON lines (`.jsonl`).
        strict: whether an operation that cannot be applied ends it; otherwise it is skipped and noted.
        limits: the most that is read; `HOSTILE` for what untrusted code wrote.

    Raises:
        DataError: no such file, not JSON, or not a trace; the message has the place.
        StrictError: `strict`, and there is an error; exit status 3.
    """
    if is_lines(str(path)):
        return _checked(Lines(lines_of(Path(path)), str(path), limits), strict, limits)
    return parse(read_text(Path(path), limits.bytes), str(path), strict, limits)


def parse(text: str, where: str = "trace", strict: bool = False, limits: Limits = USUAL) -> Trace:
    """As `load`, of the text of a file; JSON lines where `where` ends in `.jsonl`."""
    if is_lines(where):
        return _checked(Lines(text.splitlines(), where, limits), strict, limits)
    with collection_paused():
        raw = parse_json(text, where)
        check_limits(raw, where, limits, len(text))
        try:
            trace = trace_of(raw, where)
        except DataError as error:
            if NOT_FINITE in error.message:
                raise not_a_number(text, where) from None
            if TOO_DEEP in error.message:
                raise too_deep(text, where) from None
            raise
        found = trace.diagnostics
    if strict and found:
        trace.check()
    return trace


def _checked(lines: Lines, strict: bool, limits: Limits) -> Trace:
    """The trace of a file of lines; what is wrong with a delta is told with its line."""
    try:
        check_limits(lines.raw, lines.where, limits, lines.length)
        with collection_paused():
            trace = trace_of(lines.raw, lines.where)
            found = trace.diagnostics
    except DataError as error:
        raise lines.placed(error) from error
    if strict and found:
        trace.check()
    return trace


def trace_of(raw: Mapping[str, Any], where: str = "trace") -> Trace:
    """A trace from a JSON value made in code; `raw` is not kept, and may be changed afterwards.

    Raises:
        DataError: not a trace; the message has the place as a JSON pointer.
    """
    if not isinstance(raw, Mapping):
        raise DataError(
            f"{where}: a trace is an object, not {json_kind(raw)}",
            f"the format: {doc_page('algoviz.md')}",
        )
    check_version(raw, where)
    notes = Notes()
    made = usual_form(raw, notes)
    try:
        document = Document.model_validate(made)
    except ValidationError as error:
        raise DataError(f"{where}: /{first_cause(error)}", f"the format: {doc_page('algoviz.md')}") from error
    return Trace(document, where, notes)


def check_version(raw: Mapping[str, Any], where: str) -> None:
    """Refuse a trace of another format.

    Raises:
        DataError: its version is missing or not 5.x.
    """
    version = raw.get("svl_version")
    if version is None:
        raise DataError(f"{where}: no svl_version: this is not a trace", 'a trace says "svl_version": "5.0"')
    if str(version).partition(".")[0] != "5":
        raise DataError(f"{where}: svl_version {version!r:.40}", f"supported: {', '.join(VERSIONS)}")
