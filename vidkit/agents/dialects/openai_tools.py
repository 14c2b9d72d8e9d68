"""Calls that the server parses: function declarations and `tool_calls` of the OpenAI form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.agents.dialects.hermes_text import read_call
from vidkit.agents.dialects.tags import last_block, without_thoughts
from vidkit.agents.types import Tool, ToolCall, ToolResult, Turn
from vidkit.agents.workspace import Workspace
from vidkit.serving.messages import Message
from vidkit.serving.reply import Reply

_FORM = "Call a tool if it helps; otherwise give the final answer inside <answer></answer>."


class OpenAITools:
    """The server's own tool parser. Only the first call of a turn is run."""

    name = "openai_tools"
    stop: tuple[str, ...] = ("</answer>",)

    def system(self, tools: Sequence[Tool]) -> str:
        """The task alone: tools are declared beside the messages."""
        return f"You answer questions about pictures. {_FORM}"

    def question(self, text: str, options: Mapping[str, str], workspace: Workspace) -> str:
        """Question and options."""
        return "\n".join(
            [f"Question: {text}", *(f"{letter}. {option}" for letter, option in options.items())]
        )

    def declarations(self, tools: Sequence[Tool]) -> tuple[Mapping[str, Any], ...]:
        """One function each."""
        return tuple(
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
            }
            for t in tools
        )

    def read(self, reply: Reply) -> Turn:
        """The first parsed call, or the text as the answer."""
        if reply.tool_calls:
            call = reply.tool_calls[0]
            function = call.get("function")
            if not isinstance(function, Mapping):
                return Turn(problem="the tool call has no function")
            found = read_call(json.dumps({**function, "id": str(call.get("id") or "")}, default=str))
            return found
        text, is_whole = without_thoughts(reply.text), reply.finish_reason != "length"
        answer = last_block(text, "answer", is_whole)
        if answer is None and is_whole:
            answer = text.strip()  # models with tools of their own often answer plainly
        if answer:
            return Turn(answer=answer)
        cut = "the reply was cut off before an answer"
        return Turn(problem="the reply holds neither a tool call nor an answer" if is_whole else cut)

    def turn(self, reply: Reply, turn: Turn) -> Message:
        """The turn with its call, so that the tool's answer can name it."""
        calls = reply.tool_calls[:1] if turn.call is not None else ()
        return Message.of("assistant", reply.text).with_calls(calls)

    def observation(self, call: ToolCall, result: ToolResult) -> tuple[Message, ...]:
        """A tool turn with the text; pictures follow as a user turn, since tool turns take none."""
        text = f"Error: {result.problem}" if result.problem else result.text
        pictures = "the picture follows" if len(result.images) == 1 else "the pictures follow"
        told = Message.of("tool", text or (pictures if result.images else "done")).answering(call.id)
        return (told, Message("user", result.images)) if result.images else (told,)

    def reminder(self, problem: str) -> Message:
        """What was wrong, and the form again."""
        return Message.of("user", f"{problem[:1].upper()}{problem[1:]}. {_FORM}")
