"""The name of the guidance branch that a pipeline gives to every forward of its transformers."""

from __future__ import annotations

from typing import Any

from diffusers.hooks.hooks import StateManager


class BranchContext(StateManager):  # type: ignore[misc]
    """Receives `cache_context(name)` from pipelines; keeps the name and step, no state of its own.

    diffusers tells a context to every StateManager of a stateful hook: this is one, with nothing to manage.
    """

    def __init__(self) -> None:
        super().__init__(state_cls=None)
        self.name: str | None = None
        self.step: int | None = None

    def set_context(self, context: Any) -> None:
        """A name, a context object with a name, or None when the block ends."""
        self.name = getattr(context, "name", context)
        self.step = getattr(context, "step_index", None)

    def reset(self, *args: Any, **kwargs: Any) -> None:
        """Forget the context."""
        self.name, self.step = None, None
