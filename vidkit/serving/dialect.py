"""Which sampling fields a served model takes: learnt from its first refusal, then remembered.

Reasoning models refuse `max_tokens` in favour of `max_completion_tokens`, and any temperature but their own.
Servers say so in the message of a 400, in words that differ; the field's name and a word of refusal are
enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidkit.utils import json_depth

MAX, MAX_COMPLETION = "max_tokens", "max_completion_tokens"
_MAY_GO = ("temperature", "top_p", "seed", "top_logprobs", "logprobs")
_REFUSED = re.compile(
    r"unsupported|not\W+(?:be\W+)?(?:support|allow|permit|accept|available|compatible)|n't\W+(?:support|allow|accept)"
    r"|unrecogni[sz]ed|unknown|unexpected|extra[_ ](?:inputs|fields|forbidden)|only\W+the\W+default"
    r"|deprecated|no\W+longer",
    re.I,
)
_SAID = {
    "temperature": "its replies are drawn at its own temperature, not greedily",
    "top_p": "it uses its own",
    "seed": "its replies cannot be repeated",
    "top_logprobs": "there are no log-probabilities",
    "logprobs": "there are no log-probabilities",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is renamed and left out of requests.

    Attributes:
        limit_field: name of the budget of new tokens.
        left_out: fields that the model does not take.
    """

    limit_field: str = MAX
    left_out: frozenset[str] = frozenset()

    def adapt(self, body: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Change a request's body in place; `given` are fields the user wrote, which stay as they are."""
        if MAX in body and MAX not in given and (self.limit_field != MAX or MAX_COMPLETION in given):
            limit = body.pop(MAX)
            body.setdefault(self.limit_field, limit)
        for name in self.left_out - set(given):
            body.pop(name, None)

    def after(self, status: int, body: bytes) -> tuple[Dialect, str] | None:
        """The dialect that a refusal asks for, and what to tell the user; None if it asks for none."""
        if status not in (400, 422):
            return None
        text, parameter = _refusal(body)
        if self.limit_field == MAX and MAX_COMPLETION in text and _names(text, parameter, MAX):
            note = f"takes {MAX_COMPLETION} instead of {MAX}"
            return Dialect(MAX_COMPLETION, self.left_out), note
        if not _REFUSED.search(text):
            return None
        for name in _MAY_GO:
            if name not in self.left_out and _names(text, parameter, name):
                gone = {name, "logprobs", "top_logprobs"} if "logprobs" in name else {name}
                return Dialect(self.limit_field, self.left_out | gone), f"takes no {name}: {_SAID[name]}"
        return None


PLAIN = Dialect()


def _names(text: str, parameter: str, name: str) -> bool:
    return parameter == name or re.search(rf"(?<![\w]){name}(?![\w])", text) is not None


def _refusal(body: bytes) -> tuple[str, str]:
    """The words of a refusal and the field that it names."""
    text = body[:100_000].decode("utf-8", "replace")
    try:
        parsed = json_depth.loads(body)
    except (ValueError, RecursionError):
        return text, ""
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else None
    if not isinstance(error, dict):
        return text, ""
    parameter = error.get("param")
    words = error.get("message") or error.get("detail")
    return (words if isinstance(words, str) else text), parameter if isinstance(parameter, str) else ""
