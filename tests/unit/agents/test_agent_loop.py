"""The agent's loop: every run ends with an outcome, whatever the model, its tools or the server do."""

import asyncio
import io
import json
import subprocess
import sys
import threading
import time

import PIL.Image
import pytest

from vidkit.agents.dialects.hermes_text import DEEPEST, HermesText
from vidkit.agents.dialects.openai_tools import OpenAITools
from vidkit.agents.dialects.python_block import PythonBlock
from vidkit.agents.loop import Agent, Limits
from vidkit.agents.tool_thread import MOST_STUCK, ToolThreads
from vidkit.agents.tools.zoom import ZoomTool
from vidkit.agents.types import Ending, ToolCall, ToolError, ToolResult
from vidkit.agents.workspace import Workspace
from vidkit.serving.engine import Capabilities, EngineError, ErrorKind
from vidkit.serving.messages import Image
from vidkit.serving.reply import Reply, Usage


class Scripted:
    """Replies in turn; a callable reply is called with the request."""

    name, concurrency, capabilities = "scripted", 1, Capabilities()

    def __init__(self, *replies) -> None:
        self.replies, self.requests = list(replies), []

    async def generate(self, request):
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, float):
            await asyncio.sleep(reply)
            return Reply("late")
        return reply if isinstance(reply, Reply) else Reply(reply, usage=Usage(10, 20, None))


def picture(width=560, height=280):
    made = PIL.Image.new("RGB", (width, height), "white")
    made.paste((255, 0, 0), (280, 0, 560, 280))
    return made


def call(box=(280, 0, 560, 280), **more) -> str:
    body = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": list(box), **more}}
    return f"<think>closer</think><tool_call>{json.dumps(body)}</tool_call>"


def run(*replies, tools=None, dialect=None, limits=None, foresight=None, engine=None):
    engine = engine or Scripted(*replies)
    agent = Agent(engine, dialect or HermesText(), tools or [ZoomTool()], limits, foresight)
    result = asyncio.run(agent.run("What colour?", {"A": "red", "B": "blue"}, Workspace([picture()])))
    return result, engine


def test_it_looks_and_answers() -> None:
    result, engine = run(call(), "<think>red</think><answer>A</answer>")
    assert (result.ending, result.answer, result.depth) == (Ending.ANSWERED, "A", 2)
    sent = engine.requests[1].messages
    crop = next(part for part in sent[-1].parts if isinstance(part, Image))
    assert PIL.Image.open(io.BytesIO(crop.data)).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert sent[2].parts[0].text == call()
    assert result.steps[0].tokens == 20 and result.steps[1].call is None


def test_tags_that_the_stop_string_took_are_read_and_put_back() -> None:
    result, engine = run(call().removesuffix("</tool_call>"), "<answer>B")
    assert result.answer == "B"
    assert engine.requests[1].messages[2].parts[0].text == call()


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (call((560, 0, 280, 280)), "inverted"),
        (call((600, 300, 700, 400)), "outside"),
        (call((0, 0, 10, 10)), "at least 28 px"),
        (call((0, 0, 0, 0)), "inverted or empty"),
        (call((0, 0, "a", 3)), "four numbers"),
        (call((0, 0, 3)), "four numbers"),
        (call((0, 0, float("nan"), 1)), "finite"),
        (call((0, 0, 10**400, 1)), "finite"),
        (call(image=7), "from 1 to 1"),
        ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', "no tool 'fly'"),
    ],
)
def test_a_wrong_call_is_told_and_the_same_again_ends_it(reply: str, problem: str) -> None:
    result, engine = run(reply)
    assert result.ending is Ending.TOOL_ERROR and problem in result.reason and result.depth == 2
    assert problem in engine.requests[1].messages[-1].parts[0].text
    recovered, _ = run(reply, "<answer>A</answer>")
    assert recovered.answer == "A"


@pytest.mark.parametrize(
    "reply",
    ["", "I think it is red", "<tool_call>not json</tool_call>", "<tool_call>[1]</tool_call>",
     "<answer></answer>", '<tool_call>{"name": "x", "arguments": 3}</tool_call>', "<think>" * 20_000,
     "<tool_call>" + "[" * 50_000,
     *(f'<tool_call>{{"name": "x", "arguments": {{"a": {"[" * n}{"]" * n}}}}}</tool_call>'
       for n in (DEEPEST, 100, 900))],
)  # fmt: skip
def test_replies_that_say_nothing_end_it_after_one_reminder(reply: str) -> None:
    result, engine = run(reply)
    assert result.ending is Ending.PARSE_ERROR and result.depth == 2 and result.reason
    assert engine.requests[1].messages[-1].role == "user"
    assert run(reply, "<answer>A</answer>")[0].answer == "A"


def test_an_answer_in_the_thoughts_is_none() -> None:
    result, _ = run("<think>say <answer>B</answer></think> so <answer>A</answer>")
    assert result.answer == "A"
    assert run("<think>never closed <answer>B</answer>")[0].ending is Ending.PARSE_ERROR


def test_a_cut_reply_is_no_answer() -> None:
    result, _ = run(Reply("<answer>A or", finish_reason="length"))
    assert result.ending is Ending.PARSE_ERROR and "cut off" in result.reason


def test_limits() -> None:
    boxes = [call((0, 0, 100 + n, 100)) for n in range(20)]
    steps, engine = run(*boxes, limits=Limits(steps=4))
    assert steps.ending is Ending.STEP_LIMIT and steps.depth == len(engine.requests) == 4
    tokens, engine = run(*boxes, limits=Limits(steps=9, tokens=50, step_tokens=30))
    assert tokens.ending is Ending.TOKEN_LIMIT
    assert [request.max_tokens for request in engine.requests] == [30, 30, 10]
    late, _ = run(5.0, limits=Limits(seconds=0.1))
    assert late.ending is Ending.TIMEOUT and late.seconds < 4  # and not the five of the reply
    with pytest.raises(ValueError, match="steps must be > 0, got 0"):
        Limits(steps=0)


def test_a_server_that_fails_is_an_outcome_with_the_steps_before() -> None:
    result, _ = run(call(), EngineError(ErrorKind.CONNECTION, "closed by the server"))
    assert (result.ending, result.depth) == (Ending.ENGINE_ERROR, 1)
    assert "closed by the server" in result.reason


class Odd:
    """A tool that does what it is told."""

    name, description, parameters = "odd", "odd", {}
    ran = 0

    def run(self, arguments, workspace):
        type(self).ran += 1
        match arguments["how"]:
            case "raise":
                raise ZeroDivisionError("no")
            case "refuse":
                raise ToolError("not so")
            case "memory":
                raise MemoryError
            case "exit":
                raise SystemExit(3)
            case "interrupt":
                raise KeyboardInterrupt
            case "stop":
                raise StopIteration
            case "nothing":
                return None
            case "sleep":
                time.sleep(0.5)
        return ToolResult("fine")


@pytest.mark.parametrize(
    ("how", "told"),
    [("raise", "ZeroDivisionError: no"), ("refuse", "not so"), ("memory", "MemoryError"),
     ("exit", "SystemExit: 3"), ("interrupt", "KeyboardInterrupt"), ("stop", "StopIteration"),
     ("nothing", "gave NoneType, not a ToolResult"), ("sleep", "more than 0.1 s")],
)  # fmt: skip
def test_what_a_tool_does_is_told(how: str, told: str) -> None:
    asked = f'<tool_call>{{"name": "odd", "arguments": {{"how": "{how}"}}}}</tool_call>'
    result, engine = run(
        asked,
        "<answer>A</answer>",
        tools=[Odd()],
        limits=Limits(tool_seconds=0.1 if how == "sleep" else 60.0),
    )
    assert result.answer == "A"
    assert told in engine.requests[1].messages[-1].parts[0].text
    assert told in result.steps[0].result.problem


class Endless:
    """A tool that loops until the test is over."""

    name, description, parameters = "odd", "odd", {}

    def __init__(self) -> None:
        self.over, self.begun = threading.Event(), 0

    def run(self, arguments, workspace):
        self.begun += 1
        self.over.wait()
        return ToolResult("late")


def test_tools_that_never_end_hold_up_no_other_and_are_bounded() -> None:
    endless, calls = Endless(), 3 * MOST_STUCK
    asked = [f'<tool_call>{{"name": "odd", "arguments": {{"n": {n}}}}}</tool_call>' for n in range(calls)]
    try:
        found, _ = run(
            *asked, "<answer>A</answer>", tools=[endless], limits=Limits(steps=99, tool_seconds=0.01)
        )
        assert found.answer == "A" and endless.begun == MOST_STUCK
        told = [step.result.problem for step in found.steps if step.result is not None]
        assert all("more than 0.01 s" in one for one in told[:MOST_STUCK])
        assert all("have not ended" in one for one in told[MOST_STUCK:])
    finally:
        endless.over.set()


def test_calls_that_are_given_up_within_their_time_stop_no_other() -> None:
    over = threading.Event()

    async def main() -> object:
        threads: ToolThreads[object] = ToolThreads()
        guesses = [asyncio.create_task(threads.run(over.wait, 600.0)) for _ in range(2 * MOST_STUCK)]
        await asyncio.sleep(0)
        for guess in guesses:
            guess.cancel()
        await asyncio.gather(*guesses, return_exceptions=True)
        return await threads.run(lambda: "found", 600.0)

    try:
        assert asyncio.run(main()) == "found"
    finally:
        over.set()


def test_a_program_ends_though_a_tool_of_it_loops() -> None:
    code = (
        "import asyncio, time\n"
        "from vidkit.agents.tool_thread import ToolThreads\n"
        "def endless():\n"
        "    while True: time.sleep(0.01)\n"
        "async def main():\n"
        "    try:\n"
        "        await ToolThreads().run(endless, 0.05)\n"
        "    except TimeoutError: print('left')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "left\n"), done.stderr


@pytest.mark.parametrize("guess", [lambda steps, workspace: 1 / 0, lambda steps, workspace: None])
def test_a_foresight_that_fails_changes_nothing(guess) -> None:
    found, _ = run(call(), "<answer>A</answer>", foresight=guess)
    assert found.answer == "A" and not found.steps[0].foreseen


def test_foreseen_calls_change_nothing_but_the_wait() -> None:
    asked = '<tool_call>{"name": "odd", "arguments": {"how": "sleep"}}</tool_call>'

    class Thinking(Scripted):
        async def generate(self, request):
            await asyncio.sleep(0.5)
            return await super().generate(request)

    def guess(steps, workspace):
        return ToolCall("odd", {"how": "sleep"}) if not steps else ToolCall("odd", {"how": "raise"})

    slow, _ = run(tools=[Odd()], engine=Thinking(asked, "<answer>A</answer>"))
    fast, _ = run(tools=[Odd()], engine=Thinking(asked, "<answer>A</answer>"), foresight=guess)
    assert fast.steps[0].foreseen and not slow.steps[0].foreseen
    assert fast.steps[0].tool_s < slow.steps[0].tool_s / 2
    assert (fast.answer, fast.steps[0].result) == (slow.answer, slow.steps[0].result)


def test_openai_tools() -> None:
    body = {"name": "image_zoom_in_tool", "arguments": json.dumps({"bbox_2d": [280, 0, 560, 280]})}
    asked = Reply(
        "", finish_reason="tool_calls", tool_calls=({"id": "c1", "type": "function", "function": body},)
    )
    result, engine = run(asked, "The answer is red.", dialect=OpenAITools())
    assert result.answer == "The answer is red."
    assert engine.requests[0].tools[0]["function"]["name"] == "image_zoom_in_tool"
    turn, told, shown = engine.requests[1].messages[-3:]
    assert turn.tool_calls[0]["id"] == told.tool_call_id == "c1"
    assert (told.role, shown.role) == ("tool", "user") and isinstance(shown.parts[0], Image)


def test_python_block_reads_programs() -> None:
    dialect = PythonBlock()
    found = dialect.read(Reply("<think>x</think><code>\n```python\nprint(1)\n```\n"))
    assert found.call.arguments == {"code": "print(1)"}
    assert dialect.read(Reply("<code>1</code> <answer>B</answer>")).answer == "B"
    assert dialect.read(Reply("<code>  </code>")).problem == "no code"
    assert dialect.read(Reply("<code>print(", finish_reason="length")).problem.endswith("before an answer")
    text = dialect.question("Who?", {"A": "x"}, Workspace([picture()]))
    assert "in/picture1.png, 560x280 px" in text
