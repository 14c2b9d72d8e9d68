"""Refusal to be written to a file: what sits on a transformer belongs to this process."""

from __future__ import annotations

from typing import Any, NoReturn, SupportsIndex

from vidkit.errors import ConfigError


class NotPickled:
    """A part of what follows a transformer; pickling that transformer is refused, copying is not.

    Attributes:
        what: what the part belongs to, in messages.
    """

    what: str

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise ConfigError(
            f"a transformer with {self.what} on it cannot be pickled",
            "call disable() first, or save its weights (save_pretrained, state_dict)",
        )

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)
