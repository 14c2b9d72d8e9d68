"""Canonical JSON and its SHA-256: equal states and traces have equal hashes, on every machine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vidkit.algoviz.vta.state import State, View


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces; whole numbers stay whole, -0.0 is 0.0, text is not normalised.

    Raises:
        ValueError: a number that is not finite.
    """
    made = json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return made


def plain(value: Any) -> Any:
    """States and their parts as JSON has them: dataclasses are objects, tuples lists."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class StateHasher:
    """Hashes of many states; a view that states share is written once.

    A state's hash is the SHA-256 of the canonical JSON of its data, auxiliary views, lasting marks and
    highlighted code: what one step alone marks is left out, unless `whole`.
    """

    def __init__(self, whole: bool = False) -> None:
        self._whole = whole
        self._texts: dict[int, tuple[View, str]] = {}

    def text(self, state: State, code: bool = True) -> str:
        """The canonical JSON; without `code` two states that differ in highlighted lines are equal."""
        views = ",".join(map(self._view, state.aux.values()))
        lasting = canonical({"boundaries": state.boundaries, "pointers": state.pointers})
        made = f'"data":{self._view(state.main)},"lasting":{lasting}'
        if self._whole:
            made += f',"marks":{canonical(state.marks)}'
        head = f'"code":{canonical(state.code)},' if code else ""
        return f'{{{head}{made},"views":[{views}]}}'

    def hash(self, state: State, code: bool = True) -> str:
        return sha256(self.text(state, code))

    def forget(self) -> None:
        """Drop what is remembered of views."""
        self._texts.clear()

    def _view(self, view: View) -> str:
        known = self._texts.get(id(view))
        if known is None:
            if len(self._texts) > _REMEMBERED:
                self._texts.clear()
            known = self._texts[id(view)] = (view, canonical(view))
        return known[1]


_REMEMBERED = 64  # views; each step changes few of them


def state_hash(state: State) -> str:
    """SHA-256 of one state, in hexadecimal; see `StateHasher`."""
    return StateHasher().hash(state)


def state_hashes(states: Iterable[State]) -> Iterator[str]:
    """The hash of each state."""
    hasher = StateHasher()
    return (hasher.hash(state) for state in states)
