"""Hermes-style calls in text: JSON between `<tool_call>` tags, as DeepEyes and the Qwen family write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.agents.dialects.tags import last_block, unfenced, without_thoughts
from vidkit.agents.types import Tool, ToolCall, ToolResult, Turn
from vidkit.agents.workspace import Workspace
from vidkit.serving.messages import Message, Text
from vidkit.serving.reply import Reply
from vidkit.utils import json_depth

_FORM = (
    "Think inside <think></think>. Then either call one tool, as a JSON object with the keys name and"
    " arguments inside <tool_call></tool_call>, or give the final answer inside <answer></answer>."
)

DEEPEST = 16
"""Levels of a call's arguments: what is copied and written by recursion must not run out of stack."""


def read_call(text: str) -> Turn:
    """A JSON object with name and arguments as a call; what is wrong with it otherwise."""
    try:
        found = json_depth.loads(unfenced(text))
    except (ValueError, RecursionError):
        return Turn(problem="the tool call is not valid JSON")
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        return Turn(problem="the tool call must be a JSON object with the keys name and arguments")
    arguments = found.get("arguments", {})
    if isinstance(arguments, str):  # some servers and models encode them twice
        try:
            arguments = json_depth.loads(arguments)
        except (ValueError, RecursionError):
            arguments = None
    if not isinstance(arguments, dict):
        return Turn(problem="the tool call's arguments must be a JSON object")
    if not json_depth.is_within(arguments, DEEPEST):
        return Turn(problem=f"the tool call's arguments are nested more than {DEEPEST} deep")
    return Turn(call=ToolCall(found["name"], arguments, str(found.get("id", ""))))


class HermesText:
    """The tool-call tags of DeepEyes; prompts are vidkit's own."""

    name = "hermes_text"
    stop: tuple[str, ...] = ("</tool_call>", "</answer>")

    def system(self, tools: Sequence[Tool]) -> str:
        """Tools as JSON schemas, and the form of a reply."""
        listed = "\n".join(
            json.dumps({"name": t.name, "description": t.description, "parameters": t.parameters})
            for t in tools
        )
        return (
            f"You answer questions about pictures. You may look closer with these tools:\n{listed}\n{_FORM}"
        )

    def question(self, text: str, options: Mapping[str, str], workspace: Workspace) -> str:
        """Question, options and the form."""
        lines = [f"Question: {text}", *(f"{letter}. {option}" for letter, option in options.items()), _FORM]
        return "\n".join(lines)

    def declarations(self, tools: Sequence[Tool]) -> tuple[Mapping[str, Any], ...]:
        """None: the prompt holds them."""
        return ()

    def read(self, reply: Reply) -> Turn:
        """The last call or answer outside the thoughts, whichever comes last."""
        text, is_whole = without_thoughts(reply.text), reply.finish_reason != "length"
        answer, call = (last_block(text, tag, is_whole) for tag in ("answer", "tool_call"))
        if call is not None and (answer is None or text.rfind("<tool_call>") > text.rfind("<answer>")):
            return read_call(call)
        if answer:
            return Turn(answer=answer)
        if not is_whole:
            return Turn(problem="the reply was cut off before an answer")
        return Turn(problem="the reply holds neither a tool call nor an answer")

    def turn(self, reply: Reply, turn: Turn) -> Message:
        """The reply as it was, with the closing tag that the stop string took."""
        text = reply.text
        for tag in ("tool_call", "answer"):
            if text.rfind(f"<{tag}>") > text.rfind(f"</{tag}>"):
                text += f"</{tag}>"
        return Message.of("assistant", text)

    def observation(self, call: ToolCall, result: ToolResult) -> tuple[Message, ...]:
        """A user turn with what the tool gave."""
        told = result.problem and f"Error: {result.problem}"
        text = "\n".join(part for part in (told, result.text) if part)
        before, after = Text(f"<tool_response>{text}"), Text(f"</tool_response>\n{_FORM}")
        return (Message("user", (before, *result.images, after)),)

    def reminder(self, problem: str) -> Message:
        """What was wrong, and the form again."""
        return Message.of("user", f"{problem[:1].upper()}{problem[1:]}. {_FORM}")
