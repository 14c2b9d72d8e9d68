"""Lists and dicts that tell a `Tracer` what is read and changed; in all else they are lists and dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, Protocol, TypeVar

_LIST = (
    "__setitem__", "__delitem__", "__iadd__", "__imul__", "append", "clear", "extend", "insert", "pop",
    "remove", "reverse", "sort",
)  # fmt: skip
_DICT = ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update")
C = TypeVar("C", bound="type[Any]")


class Listener(Protocol):
    """What containers tell: a `Tracer`."""

    def read(self, container: Any, key: Any) -> None:
        """An element was read."""

    def changed(self, container: Any) -> None:
        """The content changed."""


def _telling(names: Iterable[str]) -> Callable[[C], C]:
    """Methods that change: after each the tracer hears of it."""

    def decorate(kind: C) -> C:
        for name in names:
            setattr(kind, name, _told(getattr(kind, name)))
        return kind

    return decorate


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def changing(self: Any, *arguments: Any, **named: Any) -> Any:
        result = method(self, *arguments, **named)
        self._tell_change()
        return result

    return changing


@_telling(_LIST)
class TracedList(list[Any]):
    """A list of a `Tracer`."""

    def __init__(self, values: Iterable[Any], tracer: Listener) -> None:
        super().__init__(values)
        self._tracer = tracer

    def _tell_change(self) -> None:
        self._tracer.changed(self)

    def _tell_read(self, index: int) -> None:
        self._tracer.read(self, index)

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        if isinstance(key, int):
            self._tell_read(key if key >= 0 else key + len(self))
        return value

    def __iter__(self) -> Iterator[Any]:
        return super().__iter__()

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # a copy is a plain list

    def swap(self, i: int, j: int) -> None:
        """Exchange two elements in one step."""
        one, other = super().__getitem__(i), super().__getitem__(j)
        list.__setitem__(self, i, other)
        list.__setitem__(self, j, one)
        self._tell_change()


class TracedRow(TracedList):
    """A row of a table of a `Tracer`."""

    def __init__(self, values: Iterable[Any], tracer: Listener, table: Any, number: int) -> None:
        super().__init__(values, tracer)
        self._table, self._number = table, number

    def _tell_change(self) -> None:
        self._tracer.changed(self._table)

    def _tell_read(self, index: int) -> None:
        self._tracer.read(self._table, (self._number, index))


@_telling(_DICT)
class TracedDict(dict[Any, Any]):
    """A dict of a `Tracer`."""

    def __init__(self, values: Mapping[Any, Any], tracer: Listener) -> None:
        super().__init__(values)
        self._tracer = tracer

    def _tell_change(self) -> None:
        self._tracer.changed(self)

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        self._tracer.read(self, str(key))
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)
