"""Templates of HTML pages: what others wrote is text in them, whatever it holds."""

from __future__ import annotations

from typing import Any

from vidkit.errors import require
from vidkit.utils.plain import visible


def page_environment(trim: bool = True) -> Any:
    """A jinja2 environment that escapes all text and writes control characters out.

    Args:
        trim: lines that hold nothing but a statement leave no line behind.

    Raises:
        MissingDependency: jinja2 is not installed.
    """
    jinja2 = require("jinja2", extra="eval")
    return jinja2.Environment(autoescape=True, trim_blocks=trim, lstrip_blocks=trim, finalize=_visible)


def _visible(value: Any) -> Any:
    # what is markup already was made by vidkit
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return visible(value, keep="\n\t") if is_text else value
