"""`~/` in settings: shells leave it alone behind `KEY=`, so it is replaced here, for all commands at once."""

from __future__ import annotations

import re
from typing import Any

from vidkit.utils.paths import at_home

# texts for a model, which may begin with anything
TEXTS = frozenset({"prompt", "negative_prompt", "query", "ask", "question", "system"})
_PREFIX = re.compile(r"(?:[\w-]+:)?(?=~/)")  # `scores:~/mine.npy`


def paths_at_home(values: Any) -> Any:
    """Composed settings with `~/` at the beginning of a value replaced by the home folder, at any depth.

    What exists under the name as typed is taken as it stands, and texts for a model are left alone.
    """
    if isinstance(values, dict):
        return {name: value if name in TEXTS else paths_at_home(value) for name, value in values.items()}
    if isinstance(values, list):
        return [paths_at_home(value) for value in values]
    if isinstance(values, str) and (prefix := _PREFIX.match(values)) is not None:
        return prefix[0] + at_home(values[prefix.end() :])
    return values
