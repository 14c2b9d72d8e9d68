"""Ask a server what it really gives, before a run relies on it."""

from __future__ import annotations

from dataclasses import replace

from vidkit.serving.engine import Capabilities, Engine, EngineError, ErrorKind
from vidkit.serving.messages import Message, Request

_USUAL_LIMITS = (20, 5, 1)
"""Top-K limits that servers are known to have; tried when the wanted K is refused."""


async def probe(engine: Engine, top_logprobs: int = 20) -> Capabilities:
    """One-token requests that find how many alternatives per token the engine gives.

    Counts real entries, not promised ones: servers fill up with placeholders.

    Args:
        engine: to be asked; it must answer plain text.
        top_logprobs: alternatives wanted.

    Returns:
        The engine's capabilities with `top_logprobs` set; 0 when it gives none.

    Raises:
        EngineError: it does not answer even without log-probabilities.
    """
    question = Request((Message.of("user", "Answer with one word: hello"),), max_tokens=1)
    for wanted in (top_logprobs, *(limit for limit in _USUAL_LIMITS if limit < top_logprobs)):
        try:
            reply = await engine.generate(replace(question, top_logprobs=wanted))
        except EngineError as error:
            if error.kind is not ErrorKind.REJECTED:
                raise
            continue
        given = min((len(token.top) for token in reply.tokens or ()), default=0)
        return replace(engine.capabilities, top_logprobs=given)
    await engine.generate(question)
    return replace(engine.capabilities, top_logprobs=0)
