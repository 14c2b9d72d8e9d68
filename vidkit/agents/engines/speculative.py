"""The funnel as an engine: a small model screens and drafts, a gate believes or not, an agent does the rest.

Source: SpecEyes (arXiv 2603.23483), phases I to IV; differs: queries never wait for a batch (servers batch
by themselves), so the phases of different queries overlap, and the screen's word is a probability where the
server gives one.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from vidkit.agents.economy import Economy
from vidkit.agents.engines.agent import AgentEngine
from vidkit.agents.gate import KINDS, Decision, gate
from vidkit.agents.workspace import fitted
from vidkit.serving.engine import Engine, EngineError, ErrorKind
from vidkit.serving.messages import Image, Message, Request
from vidkit.serving.probe import probe
from vidkit.serving.reply import Reply

logger = logging.getLogger(__name__)

_SCREEN = (
    "You decide whether a question about pictures needs a closer look. Would enlarging a part of a picture"
    " clearly raise the reliability of the answer? Reply with yes or no only."
)
_TINY = 1e-9  # a conformal threshold may lie just below the lowest score
SCREENS = ("small", "large", "none")


@runtime_checkable
class KnowsTools(Protocol):
    """An engine that says by itself whether a request needs tools."""

    async def tool_free(self, request: Request) -> float:
        """Probability that it needs none."""


@dataclass(frozen=True, slots=True)
class GateRule:
    """What a draft has to pass.

    Attributes:
        threshold: its score must be greater.
        kind: of the score, one of `vidkit.agents.gate.KINDS`.
        k: alternatives per token that count.
    """

    threshold: float = 0.98
    kind: str = "margin"
    k: int = 64

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown gate '{self.kind}': must be one of {', '.join(KINDS)}")
        if self.k < 3:
            raise ValueError(f"k must be >= 3, got {self.k}")
        # minus the entropy has no lower end; the other scores are shares, and 0 believes all that have one
        low, high = (-math.inf, 0.0) if self.kind == "entropy" else (-_TINY, 1.0)
        if not low <= self.threshold <= high or math.isinf(self.threshold):
            wanted = "<= 0, and finite," if self.kind == "entropy" else "between 0 and 1"
            raise ValueError(f"threshold must be {wanted} for {self.kind}, got {self.threshold:g}")


class SpeculativeEngine:
    """A small model before an agent.

    Args:
        small: drafts without tools.
        agent: answers what is not believed.
        rule: of the gate.
        screen: who says whether a question needs tools: `small`, `large` or `none` (all are drafted).
        screen_above: probability of "no tools needed" from which a question is drafted.
        screen_px: pixels to which pictures are shrunk for the screen; None shows the same bytes as the draft.
        workers: agents side by side, None for as many as the large model's engine takes.
        economy: stops drafting where it does not pay; None drafts always.
        race: the agent begins beside the draft and is cancelled when that is accepted: answers are the same,
            sooner, at the cost of the agents' work. Drafting never stops then.

    Raises:
        ValueError: an unknown screen.
    """

    def __init__(
        self,
        small: Engine,
        agent: AgentEngine,
        rule: GateRule | None = None,
        screen: str = "small",
        screen_above: float = 0.5,
        screen_px: int | None = None,
        workers: int | None = None,
        economy: Economy | None = None,
        race: bool = False,
    ) -> None:
        if screen not in SCREENS:
            raise ValueError(f"unknown screen '{screen}': must be one of {', '.join(SCREENS)}")
        self._small, self._agent, self._rule = small, agent, rule or GateRule()
        self._screen, self._screen_above, self._screen_px = screen, screen_above, screen_px
        workers = workers or agent.concurrency
        self._agents, self._economy, self.why_off = asyncio.Semaphore(workers), economy, ""
        self._race = race
        self.name = f"speculative({small.name}, {agent.name})"
        # drafts go on while agents work, so more queries are open than agents
        self.concurrency = max(1, small.concurrency) + workers
        self.capabilities = agent.capabilities
        self._known_k: int | None = small.capabilities.top_logprobs
        self._probing = asyncio.Lock()

    def identity(self) -> Mapping[str, str]:
        """Both models', and the gate: another gate is another run."""
        small = {f"small_{name}": value for name, value in self._small.identity().items()}
        rule = f"{self._rule.kind} > {self._rule.threshold:g} at K = {self._rule.k}"
        return {
            **self._agent.identity(),
            **small,
            "gate": rule,
            "screen": self._told_screen(),
            **self._mode(),
        }

    def _told_screen(self) -> str:
        if self._screen == "none":
            return self._screen
        pixels = f" at {self._screen_px} px" if self._screen_px else ""
        return f"{self._screen} >= {self._screen_above:g}{pixels}"

    def _mode(self) -> dict[str, str]:
        stops = "never" if self._economy is None else self._economy.rule()
        return {"drafting_stops": stops, **({"race": "true"} if self._race else {})}

    async def generate(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            EngineError: the agent's model gave no reply, or the small one gives too few alternatives.
        """
        record: dict[str, Any] = {"seconds": {}, "tokens": {}}
        start = time.monotonic()
        if self._race:
            return await self._raced(request, record, start)
        if self.why_off:
            record["not_drafted"] = self.why_off
        else:
            draft = await self._drafted(request, record)
            self._count(draft is not None, time.monotonic() - start)
            if draft is not None:
                seconds = time.monotonic() - start
                return replace(draft, latency_s=seconds, total_s=seconds, record={**record, "by": "draft"})
        return await self._agented(request, record, start)

    async def _agented(self, request: Request, record: dict[str, Any], start: float) -> Reply:
        queued = time.monotonic()
        async with self._agents:
            began = time.monotonic()
            reply = await self._agent.generate(request)
        record["seconds"] |= {"wait": _since(queued, began), "agent": _since(began)}
        _add_tokens(record, "large", reply)
        if self._economy is not None:
            self._economy.agent_took(time.monotonic() - began)
        return replace(reply, total_s=time.monotonic() - start, record={**record, **reply.record})

    async def _raced(self, request: Request, record: dict[str, Any], start: float) -> Reply:
        """Both at once; the answer does not depend on who is quicker: an accepted draft always wins."""
        ahead = asyncio.create_task(self._agented(request, record, start))
        try:
            draft = await self._drafted(request, record)
            if draft is not None:
                seconds = time.monotonic() - start
                record["cancelled"] = not ahead.done()
                return replace(draft, latency_s=seconds, total_s=seconds, record={**record, "by": "draft"})
            reply = await ahead
            return replace(reply, record={**reply.record, **record})
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    async def aclose(self) -> None:
        """Close both."""
        await self._small.aclose()
        await self._agent.aclose()

    def _count(self, believed: bool, seconds: float) -> None:
        if self._economy is not None:
            # open queries share the small model, so one's waiting is not its cost
            why = self._economy.front_took(1, int(believed), seconds / self._small.concurrency)
            if why and not self.why_off:  # queries that were open then are counted, and turn nothing on again
                self.why_off = why
                logger.warning("%s; agents answer the rest (draft.stop_when_slower=false drafts on)", why)

    async def _drafted(self, request: Request, record: dict[str, Any]) -> Reply | None:
        """The draft where it is believed; fills the record with what was found."""
        try:
            await self._check_k()
            began = time.monotonic()
            free = await self._is_tool_free(request, record)
            record["seconds"]["screen"] = _since(began)
            record["tool_free"] = free
            if free < self._screen_above:
                return None
            began = time.monotonic()
            draft = await self._small.generate(replace(request, top_logprobs=self._rule.k))
            record["seconds"]["draft"] = _since(began)
            _add_tokens(record, "small", draft)
        except EngineError as error:
            if error.kind is ErrorKind.UNSUPPORTED:
                raise
            record["draft_problem"] = error.message
            return None
        decision = self._decided(draft)
        score = None if math.isnan(decision.score) else round(decision.score, 6)
        record["gate"] = {"believed": decision.accepted, "score": score, "reason": decision.reason}
        record["draft"] = draft.text
        return draft if decision.accepted else None

    def _decided(self, draft: Reply) -> Decision:
        if draft.finish_reason == "length":
            return Decision(False, math.nan, "the draft was cut off")
        if draft.tokens is None:
            return Decision(False, math.nan, "no score: the server gave no log-probabilities")
        return gate(draft.tokens, self._rule.threshold, self._rule.kind, self._rule.k)

    async def _check_k(self) -> None:
        """Refuse a rule made for more alternatives than the server gives: its threshold says nothing."""
        async with self._probing:
            if self._known_k is None:
                self._known_k = (await probe(self._small, self._rule.k)).top_logprobs or 0
        if 0 < self._known_k < self._rule.k:
            raise EngineError(
                ErrorKind.UNSUPPORTED,
                f"engine '{self._small.name}' gives {self._known_k} alternatives per token, the gate needs"
                f" {self._rule.k}",
                f"calibrate a gate with k={self._known_k}, or raise its limit (vLLM: --max-logprobs)",
            )

    async def _is_tool_free(self, request: Request, record: dict[str, Any]) -> float:
        """Probability that the question needs no tools; 0 or 1 where only a word is known."""
        if self._screen == "none":
            return 1.0
        engine = self._small if self._screen == "small" else self._agent.model
        if isinstance(engine, KnowsTools):
            return await engine.tool_free(request)
        shown = request.messages if self._screen_px is None else _shrunk(request.messages, self._screen_px)
        top = min(self._known_k or 0, 20) if self._screen == "small" else 0
        asked = Request((Message.of("system", _SCREEN), *shown), max_tokens=4, top_logprobs=top)
        reply = await engine.generate(asked)
        _add_tokens(record, self._screen, reply)
        if reply.tokens and reply.tokens[0].top:
            odds = {"yes": 0.0, "no": 0.0}
            for other in reply.tokens[0].top:
                word = other.token.strip().lower()
                if word in odds:
                    odds[word] += math.exp(other.logprob)
            if (total := sum(odds.values())) > 0:
                return odds["no"] / total
        return float(reply.text.strip().lower().startswith("no"))


def _since(start: float, end: float | None = None) -> float:
    return round((time.monotonic() if end is None else end) - start, 4)


def _add_tokens(record: dict[str, Any], who: str, reply: Reply) -> None:
    """Count what a model read and wrote, where its engine says."""
    pairs = (("in", reply.usage.prompt_tokens), ("out", reply.usage.completion_tokens))
    for name, count in pairs:
        if count is not None:
            record["tokens"][f"{who}_{name}"] = record["tokens"].get(f"{who}_{name}", 0) + count


def _shrunk(messages: tuple[Message, ...], pixels: int) -> tuple[Message, ...]:
    found = []
    for message in messages:
        parts = []
        for part in message.parts:
            if isinstance(part, Image):
                picture = part.to_pil()
                if picture.width * picture.height > pixels:
                    part = Image.from_pil(picture.resize(fitted(*picture.size, largest=pixels)))
            parts.append(part)
        found.append(replace(message, parts=tuple(parts)))
    return tuple(found)
