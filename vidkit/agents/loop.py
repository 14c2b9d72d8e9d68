"""The agent's loop: look, think, call a tool, look again, until it answers or a limit ends it.

Source: the loops of DeepEyes and Thyme, as SpecEyes runs them (arXiv 2603.23483); differs: every run ends
with an outcome, wrong calls are told to the model, and a call that fails twice in the same form ends the run,
since greedy decoding would repeat it for ever.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from vidkit.agents.tool_thread import StuckError, ToolThreads
from vidkit.agents.types import (
    AgentRun,
    Dialect,
    Ending,
    Foresight,
    Step,
    Tool,
    ToolCall,
    ToolError,
    ToolResult,
    Turn,
)
from vidkit.agents.workspace import Workspace
from vidkit.serving.engine import Engine, EngineError
from vidkit.serving.messages import Message, Request, Text
from vidkit.utils.plain import counted
from vidkit.utils.redaction import redact_message

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run ends without an answer.

    Attributes:
        steps: of the model.
        step_tokens: new tokens per step.
        tokens: new tokens of a run.
        seconds: of a run.
        tool_seconds: of one call.
        unread: replies in a row that are neither answer nor call.
    """

    steps: int = 6
    step_tokens: int = 512
    tokens: int = 8192
    seconds: float = 300.0
    tool_seconds: float = 30.0
    unread: int = 2

    def __post_init__(self) -> None:
        for name in ("steps", "step_tokens", "tokens", "seconds", "tool_seconds", "unread"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")


class Agent:
    """A model with tools.

    Args:
        engine: answers the steps.
        dialect: of the model.
        tools: it may call.
        limits: of a run.
        foresight: guesses calls, None for none. Without loss: a wrong guess changes nothing but work done.
    """

    def __init__(
        self,
        engine: Engine,
        dialect: Dialect,
        tools: Sequence[Tool],
        limits: Limits | None = None,
        foresight: Foresight | None = None,
    ) -> None:
        self._engine, self._dialect, self._limits = engine, dialect, limits or Limits()
        self._tools, self._foresight = {tool.name: tool for tool in tools}, foresight
        self._threads: ToolThreads[object] = ToolThreads()

    async def run(self, question: str, options: Mapping[str, str], workspace: Workspace) -> AgentRun:
        """Answer one question; never raises for what a model, a tool or a server does."""
        start, run = time.monotonic(), AgentRun(Ending.STEP_LIMIT)
        run.reason = f"no answer within {counted(self._limits.steps, 'step')}"
        try:
            async with asyncio.timeout(self._limits.seconds):
                await self._steps(run, self._opening(question, options, workspace), workspace)
        except TimeoutError:
            run.ending, run.reason = Ending.TIMEOUT, f"no answer within {self._limits.seconds:g} s"
        except EngineError as error:
            run.ending, run.reason, run.failure = Ending.ENGINE_ERROR, error.message, error
        run.seconds = time.monotonic() - start
        return run

    def _opening(self, question: str, options: Mapping[str, str], workspace: Workspace) -> list[Message]:
        tools = list(self._tools.values())
        shown = tuple(workspace.shown(place) for place in range(len(workspace.pictures)))
        text = Text(self._dialect.question(question, options, workspace))
        return [
            Message.of("system", self._dialect.system(tools)),
            Message("user", (*shown, *workspace.others, text)),
        ]

    async def _steps(self, run: AgentRun, messages: list[Message], workspace: Workspace) -> None:
        failed: set[str] = set()
        unread = spent = 0
        while len(run.steps) < self._limits.steps:
            if spent >= self._limits.tokens:
                run.ending, run.reason = Ending.TOKEN_LIMIT, f"no answer within {self._limits.tokens} tokens"
                return
            step, turn, said = await self._step(run, messages, workspace, self._limits.tokens - spent)
            spent += step.tokens or 0
            messages.append(said)
            if turn.answer is not None:
                run.ending, run.answer, run.reason = Ending.ANSWERED, turn.answer, ""
                return
            if turn.call is None:
                unread += 1
                step.problem = turn.problem
                if unread >= self._limits.unread:
                    run.ending, run.reason = Ending.PARSE_ERROR, turn.problem
                    return
                messages.append(self._dialect.reminder(turn.problem))
                continue
            unread = 0
            assert step.result is not None
            if step.result.problem:
                if turn.call.key() in failed:
                    run.ending, run.reason = Ending.TOOL_ERROR, f"failed twice: {step.result.problem}"
                    return
                failed.add(turn.call.key())
            messages.extend(self._dialect.observation(turn.call, step.result))

    async def _step(
        self, run: AgentRun, messages: list[Message], workspace: Workspace, left: int
    ) -> tuple[Step, Turn, Message]:
        request = Request(
            tuple(messages),
            max_tokens=min(self._limits.step_tokens, left),
            stop=self._dialect.stop,
            tools=self._dialect.declarations(list(self._tools.values())),
        )
        guess = self._guessed(run.steps, workspace)
        ahead = asyncio.create_task(self._called(guess, workspace)) if guess is not None else None
        try:
            start = time.monotonic()
            reply = await self._engine.generate(request)
            step = Step(
                "\n".join(part for part in (reply.reasoning, reply.text) if part),
                model_s=time.monotonic() - start,
                tokens=reply.usage.completion_tokens,
                read=reply.usage.prompt_tokens,
            )
            run.steps.append(step)
            turn = self._dialect.read(reply)
            if turn.call is not None:
                step.call, start = turn.call, time.monotonic()
                if ahead is not None and guess is not None and guess.key() == turn.call.key():
                    step.result, step.foreseen = await ahead, True
                else:
                    step.result = await self._called(turn.call, workspace)
                step.tool_s = time.monotonic() - start
            return step, turn, self._dialect.turn(reply, turn)
        finally:
            if ahead is not None:
                ahead.cancel()

    def _guessed(self, steps: Sequence[Step], workspace: Workspace) -> ToolCall | None:
        """A call to run ahead; a foresight that fails is a wrong guess, and changes nothing either."""
        try:
            return None if self._foresight is None else self._foresight(steps, workspace)
        except Exception:
            logger.debug("the foresight failed", exc_info=True)
            return None

    async def _called(self, call: ToolCall, workspace: Workspace) -> ToolResult:
        """A tool's result; whatever it raises, and its time limit, is told to the model."""
        tool = self._tools.get(call.name)
        if tool is None:
            names = ", ".join(sorted(self._tools)) or "none"
            return ToolResult(problem=f"there is no tool '{call.name[:40]}'; tools: {names}")
        try:
            work = partial(tool.run, call.arguments, workspace)
            found = await self._threads.run(work, self._limits.tool_seconds)
        except TimeoutError:
            return ToolResult(problem=f"the tool took more than {self._limits.tool_seconds:g} s")
        except StuckError as error:
            return ToolResult(problem=str(error))
        if isinstance(found, ToolResult):
            return found
        if isinstance(found, ToolError):
            return ToolResult(problem=str(found))
        if isinstance(found, BaseException):
            return ToolResult(
                problem=redact_message(f"the tool failed: {type(found).__name__}: {found}"[:500])
            )
        return ToolResult(problem=f"the tool failed: it gave {type(found).__name__}, not a ToolResult")
