"""JSON values that nobody can change: the content of cells, elements and properties."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BeforeValidator

Id = str | int  # as a file writes it; states hold text


T = TypeVar("T")


class FrozenDict(dict[str, T]):
    """A dict without its mutators; it can be hashed when its values can."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("states and traces cannot be changed; make a new one")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict[T]], tuple[dict[str, T]]]:
        return FrozenDict, (dict(self),)

    def having(self, changes: Mapping[str, T]) -> FrozenDict[T]:
        """A copy with these entries set."""
        return FrozenDict({**self, **changes})

    def without(self, *names: str) -> FrozenDict[T]:
        """A copy without these entries."""
        return FrozenDict({name: value for name, value in self.items() if name not in names})


EMPTY: FrozenDict[Any] = FrozenDict()


DEEPEST = 64  # levels of lists and objects in a value; the published traces have 3
TOO_DEEP = f"nested deeper than {DEEPEST} levels"
NOT_FINITE = "is not a number that JSON has"


def freeze(value: Any) -> Any:
    """A JSON value with tuples for lists and frozen dicts for objects.

    Raises:
        ValueError: not a JSON value (a set, an object), a number that is not finite, or nested too deep.
    """
    return _frozen(value, 0)


def _frozen(value: Any, level: int) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} {NOT_FINITE}")
        return value + 0.0  # -0.0 becomes 0.0
    if level >= DEEPEST:
        raise ValueError(TOO_DEEP)
    if isinstance(value, list | tuple):
        return tuple(_frozen(entry, level + 1) for entry in value)
    if isinstance(value, Mapping):
        return FrozenDict({str(name): _frozen(entry, level + 1) for name, entry in value.items()})
    raise ValueError(f"a {type(value).__name__} is not a JSON value")


def thaw(value: Any) -> Any:
    """The same value with plain lists and dicts, which the caller may change."""
    if isinstance(value, tuple | list):
        return [thaw(entry) for entry in value]
    if isinstance(value, Mapping):
        return {name: thaw(entry) for name, entry in value.items()}
    return value


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true and 1 are not, 1 and 1.0 are."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same_value(one[name], other[name]) for name in one)
    return bool(one == other)


Value = Annotated[Any, BeforeValidator(freeze)]
Properties = Annotated[Mapping[str, Any], BeforeValidator(freeze)]
