"""What a model answered: text, counts, why it stopped, and the alternatives at every token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

END_TOKENS = frozenset(
    ("", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>", "<eos>", "<end_of_turn>")
)
"""Tokens that only end a reply; some servers list them among the log-probabilities."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One candidate token; `logprob` is a natural logarithm, finite and at most about 0."""

    token: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token.

    Attributes:
        text: the token as text.
        logprob: of the token that was taken, before temperature where the engine allows it; NaN when the
            server gave no usable number.
        top: the K most likely candidates, most likely first. Placeholders of servers (-9999, -inf, NaN) are
            left out, so it may hold fewer than were asked for: count them.
    """

    text: str
    logprob: float
    top: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the engine gave them; None where it gave none."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None

    def as_dict(self) -> dict[str, int]:
        """The known counts by name."""
        pairs = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached_tokens": self.cached_tokens,
        }
        return {name: count for name, count in pairs.items() if count is not None}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        text: the reply; empty when the model ended at once.
        finish_reason: `stop`, `length` (cut by the token budget), `tool_calls`, `content_filter`, or whatever
            else the server said.
        usage: token counts.
        tokens: the generated tokens with their alternatives; None when not asked for or not given.
        latency_s: seconds from sending the request that succeeded to its last byte.
        total_s: seconds with queueing, failed attempts and waits between them.
        attempts: requests it took, 1 when the first succeeded.
        model: the name the engine answered under.
        reasoning: thoughts that a server's reasoning parser split off.
        tool_calls: calls that a server's tool parser found, in the OpenAI form.
        record: what else an engine wants kept with the reply, as JSON values: the steps of an agent.
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage = Usage()
    tokens: tuple[Token, ...] | None = None
    latency_s: float = 0.0
    total_s: float = 0.0
    attempts: int = 1
    model: str = ""
    reasoning: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def why_no_text(self) -> str:
        """Why a reply without text has none: what the server said, or `reasoning_only`.

        `length` here means that thinking took the whole budget of tokens.
        """
        if self.tool_calls or self.finish_reason == "function_call":
            return "tool_calls"
        if self.finish_reason in ("length", "content_filter"):
            return self.finish_reason
        if self.reasoning.strip():
            return "reasoning_only"
        return self.finish_reason

    def answer_tokens(self, end_tokens: Iterable[str] = END_TOKENS) -> tuple[Token, ...]:
        """Tokens up to, not including, the trailing end tokens.

        Source: SpecEyes scores a draft without its end token (arXiv 2603.23483, code); differs: none.

        Raises:
            ValueError: the reply has no log-probabilities.
        """
        if self.tokens is None:
            raise ValueError("the reply carries no log-probabilities")
        ends, count = set(end_tokens), len(self.tokens)
        while count and self.tokens[count - 1].text in ends:
            count -= 1
        return self.tokens[:count]
