"""What an agent's turns are made of: calls, results of tools, steps, and how a run ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from vidkit.agents.workspace import Workspace
from vidkit.serving.engine import EngineError
from vidkit.serving.messages import Image, Message
from vidkit.serving.reply import Reply


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool: its name, its arguments, and the server's id for it where it gave one."""

    name: str
    arguments: Mapping[str, Any]
    id: str = ""

    def key(self) -> str:
        """The same text for the same call, whatever the order of its arguments."""
        return self.name + json.dumps(self.arguments, sort_keys=True, default=str)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gives back to the model: text, pictures, or what was wrong with the call.

    `box` is the part of a source that was shown: which one from 0, left, top, right, bottom in its pixels.
    """

    text: str = ""
    images: tuple[Image, ...] = ()
    problem: str = ""
    box: tuple[int, int, int, int, int] | None = None


class Tool(Protocol):
    """Something an agent may call. One file and a line in the registry, or `FILE.py:Class`.

    Attributes:
        name: under which the model calls it.
        description: one sentence for the model.
        parameters: JSON schema of the arguments.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]

    def run(self, arguments: Mapping[str, Any], workspace: Workspace) -> ToolResult:
        """Do it. `ToolError` says what the model did wrong; it is shown to the model as an answer."""


class ToolError(Exception):
    """What was wrong with a call, in words a model can act on."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a reply says: an answer, a call, or neither, with the reason.

    Attributes:
        answer: the answer's text.
        call: the call.
        problem: why it is neither.
    """

    answer: str | None = None
    call: ToolCall | None = None
    problem: str = ""


class Dialect(Protocol):
    """How a family of models is told of tools, calls them and answers.

    Attributes:
        name: as users write it.
        stop: strings that end a model's step.
    """

    name: str
    stop: tuple[str, ...]

    def system(self, tools: Sequence[Tool]) -> str:
        """The system prompt."""

    def question(self, text: str, options: Mapping[str, str], workspace: Workspace) -> str:
        """The text of the first user turn."""

    def declarations(self, tools: Sequence[Tool]) -> tuple[Mapping[str, Any], ...]:
        """Function declarations sent beside the messages; empty where the prompt holds them."""

    def read(self, reply: Reply) -> Turn:
        """What a reply says."""

    def turn(self, reply: Reply, turn: Turn) -> Message:
        """The model's own turn as it goes back into the conversation."""

    def observation(self, call: ToolCall, result: ToolResult) -> tuple[Message, ...]:
        """What a tool gave, as messages to the model."""

    def reminder(self, problem: str) -> Message:
        """The turn after a reply that was neither an answer nor a call."""


class Ending(StrEnum):
    """How a run of an agent ended; every run has one."""

    ANSWERED = "answered"
    STEP_LIMIT = "step_limit"  # no answer within the steps
    TOKEN_LIMIT = "token_limit"
    TIMEOUT = "timeout"  # no answer within the seconds
    TOOL_ERROR = "tool_error"  # the same failing call again
    PARSE_ERROR = "parse_error"  # replies that are neither answer nor call
    ENGINE_ERROR = "engine_error"  # no reply


@dataclass(slots=True)
class Step:
    """One turn of the model with what followed.

    Attributes:
        reply: the text, with the thoughts that a server split off before it.
        call: the call, None for an answer or nothing.
        result: what the tool gave.
        problem: why the reply was neither.
        model_s: seconds of the model.
        tool_s: seconds of the tool that were waited for.
        tokens: new tokens, None where the engine did not say.
        foreseen: the call had been run while the model was still thinking.
        read: tokens of the conversation so far, visual ones included; None where the engine did not say.
    """

    reply: str
    call: ToolCall | None = None
    result: ToolResult | None = None
    problem: str = ""
    model_s: float = 0.0
    tool_s: float = 0.0
    tokens: int | None = None
    foreseen: bool = False
    read: int | None = None

    def as_record(self) -> dict[str, Any]:
        """For the log, without what is empty."""
        record: dict[str, Any] = {
            "reply": self.reply,
            "model_s": round(self.model_s, 4),
            "tokens": self.tokens,
            **({} if self.read is None else {"read": self.read}),
        }
        if self.call is not None and self.result is not None:
            record["call"] = {"name": self.call.name, "arguments": dict(self.call.arguments)}
            record["tool"] = {"text": self.result.text, "pictures": len(self.result.images)}
            record["tool"] |= {"problem": self.result.problem} if self.result.problem else {}
            record["tool"] |= {"box": list(self.result.box)} if self.result.box else {}
            record["tool_s"] = round(self.tool_s, 4)
            record |= {"foreseen": True} if self.foreseen else {}
        return record | ({"problem": self.problem} if self.problem else {})


Foresight = Callable[[Sequence[Step], Workspace], ToolCall | None]
"""Guesses the next call from the steps so far; it is run while the model thinks, and dropped when wrong."""


@dataclass(slots=True)
class AgentRun:
    """A whole run.

    Attributes:
        ending: how it ended.
        answer: None unless it was answered.
        reason: why there is no answer, one line.
        steps: in order.
        seconds: of the whole run.
        failure: the engine's error where it ended the run.
    """

    ending: Ending
    answer: str | None = None
    reason: str = ""
    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0
    failure: EngineError | None = None

    @property
    def depth(self) -> int:
        """Model steps."""
        return len(self.steps)

    def as_record(self) -> dict[str, Any]:
        """For the log: the ending, and every step without its pictures."""
        return {
            "ending": str(self.ending),
            "reason": self.reason,
            "seconds": round(self.seconds, 4),
            "steps": [step.as_record() for step in self.steps],
        }
