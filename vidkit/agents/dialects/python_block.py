"""Calls as Python: the model writes a program between `<code>` tags, as Thyme does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.agents.dialects.tags import last_block, unfenced, without_thoughts
from vidkit.agents.types import Tool, ToolCall, ToolResult, Turn
from vidkit.agents.workspace import Workspace
from vidkit.serving.messages import Message, Text
from vidkit.serving.reply import Reply

CODE_TOOL = "python"
_FORM = (
    "Think inside <think></think>. Then either write a Python program inside <code></code>, or give the final"
    " answer inside <answer></answer>. What the program prints, and every picture it saves to the folder"
    " out/, is shown to you."
)


class PythonBlock:
    """The code tags of Thyme; prompts are vidkit's own."""

    name = "python_block"
    stop: tuple[str, ...] = ("</code>", "</answer>")

    def system(self, tools: Sequence[Tool]) -> str:
        """The task and the form; other tools than code are not told of."""
        return f"You answer questions about pictures, and may work on them with Python and Pillow. {_FORM}"

    def question(self, text: str, options: Mapping[str, str], workspace: Workspace) -> str:
        """Question, options, and where each picture lies with its size."""
        places = [
            f"Picture {n}: in/picture{n}.png, {picture.width}x{picture.height} px"
            for n, picture in enumerate(workspace.pictures, 1)
        ]
        lines = [f"Question: {text}", *(f"{letter}. {option}" for letter, option in options.items())]
        return "\n".join([*lines, *places, _FORM])

    def declarations(self, tools: Sequence[Tool]) -> tuple[Mapping[str, Any], ...]:
        """None: the form is in the prompt."""
        return ()

    def read(self, reply: Reply) -> Turn:
        """The last program or answer outside the thoughts, whichever comes last."""
        text, is_whole = without_thoughts(reply.text), reply.finish_reason != "length"
        answer, code = (last_block(text, tag, is_whole) for tag in ("answer", "code"))
        if code is not None and (answer is None or text.rfind("<code>") > text.rfind("<answer>")):
            program = unfenced(code)
            return (
                Turn(call=ToolCall(CODE_TOOL, {"code": program}))
                if program.strip()
                else Turn(problem="no code")
            )
        if answer:
            return Turn(answer=answer)
        cut = "the reply was cut off before an answer"
        return Turn(problem="the reply holds neither a program nor an answer" if is_whole else cut)

    def turn(self, reply: Reply, turn: Turn) -> Message:
        """The reply as it was, with the closing tag that the stop string took."""
        text = reply.text
        for tag in ("code", "answer"):
            if text.rfind(f"<{tag}>") > text.rfind(f"</{tag}>"):
                text += f"</{tag}>"
        return Message.of("assistant", text)

    def observation(self, call: ToolCall, result: ToolResult) -> tuple[Message, ...]:
        """A user turn with what the program printed and saved."""
        text = "\n".join(
            part for part in (result.text, result.problem and f"Error: {result.problem}") if part
        )
        before, after = Text(f"<sandbox_output>{text}"), Text("</sandbox_output>")
        return (Message("user", (before, *result.images, after)),)

    def reminder(self, problem: str) -> Message:
        """What was wrong, and the form again."""
        return Message.of("user", f"{problem[:1].upper()}{problem[1:]}. {_FORM}")
