"""Refusal to be written to a file: what sits on a transformer belongs to this process."""

from __future__ import annotations

from typing import Any, NoReturn, SupportsIndex

from vidkit.errors import ConfigError


class NotPickled:
    """A part of sparse attention; pickling the transformer it sits on is refused, copying is not."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise ConfigError(
            "a transformer with sparse attention on it cannot be pickled",
            "call disable() first, or save its weights (save_pretrained, state_dict)",
        )

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)
