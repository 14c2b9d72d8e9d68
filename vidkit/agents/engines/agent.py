"""An agent as an engine: a request's pictures and text go in, the agent's answer comes out."""

from __future__ import annotations

import time
from collections.abc import Mapping

from vidkit.agents.clip_footage import ClipFootage
from vidkit.agents.loop import Agent, Limits
from vidkit.agents.registry import FRAMES_TOOL, open_dialect, open_foresight, open_tools
from vidkit.agents.types import AgentRun, Ending
from vidkit.agents.workspace import GRID, MAX_PIXELS, Workspace
from vidkit.serving.engine import Engine
from vidkit.serving.messages import Clip, Image, Request, Text
from vidkit.serving.reply import Reply, Usage
from vidkit.utils.plain import counted


def workspace_of(request: Request, largest: int = MAX_PIXELS, grid: int = GRID) -> Workspace:
    """The pictures of a request in the size they came in, its sound and clips, and the video behind it."""
    parts = [part for message in request.messages for part in message.parts]
    others = tuple(part for part in parts if not isinstance(part, Image | Text))
    video = None if request.clip is None else ClipFootage(request.clip)
    pictures = [part.to_pil() for part in parts if isinstance(part, Image)]
    return Workspace(pictures, largest, video, others, grid)


def text_of(request: Request) -> str:
    """All its text, system turn first."""
    parts = [part for message in request.messages for part in message.parts]
    return "\n".join(part.text for part in parts if isinstance(part, Text) and part.text.strip())


def about_clip(clip: Clip) -> str:
    """What a model has to know of a video whose moments it may ask for."""
    times = ", ".join(f"{time:.1f} s" for time in clip.times_s)
    shown = f" The pictures are its frames at {times}." if clip.times_s else ""
    return f"The video is {clip.length_s:.1f} s long.{shown}"


class AgentEngine:
    """Asks a model with tools.

    Args:
        engine: the model.
        dialect: how it calls tools, by name.
        tools: their names.
        frame: in which it writes boxes.
        limits: of a run.
        largest: pixels of a picture as it is shown first, at most.
        foresight: guesses calls, which then run while the model thinks; by name.

    Raises:
        ConfigError: an unknown dialect, tool or foresight.
    """

    def __init__(
        self,
        engine: Engine,
        dialect: str = "hermes_text",
        tools: tuple[str, ...] = ("zoom",),
        frame: str = "model",
        limits: Limits | None = None,
        largest: int = MAX_PIXELS,
        foresight: str = "none",
    ) -> None:
        self._engine, self._largest, self._limits = engine, largest, limits or Limits()
        guess = open_foresight(foresight, frame)
        self._agent = Agent(engine, open_dialect(dialect), open_tools(tools, frame), self._limits, guess)
        self._knows_video = FRAMES_TOOL in tools
        self._settings = {
            "dialect": dialect,
            "tools": ",".join(tools),
            "boxes": frame,
            "shown_px": str(largest),
        }
        self.name = f"agent({engine.name})"
        self.concurrency, self.capabilities = engine.concurrency, engine.capabilities

    @property
    def model(self) -> Engine:
        """The engine of the model itself."""
        return self._engine

    def identity(self) -> Mapping[str, str]:
        """The model's, and how its agent is run."""
        limits = self._limits
        told = (
            f"{counted(limits.steps, 'step')} of {limits.step_tokens} tokens, {limits.tokens} tokens and"
            f" {limits.seconds:g} s per question, {limits.tool_seconds:g} s per call"
        )
        return {**self._engine.identity(), "agent": told, **self._settings}

    async def generate(self, request: Request) -> Reply:
        """Run the agent. A run without an answer is an empty reply that says why.

        Raises:
            EngineError: the model gave no reply.
        """
        start = time.monotonic()
        workspace = workspace_of(request, self._largest, self.capabilities.grid)
        question = text_of(request)
        if request.clip is not None and self._knows_video:
            question = f"{question}\n{about_clip(request.clip)}"
        run = await self._agent.run(question, {}, workspace)
        if run.failure is not None:
            raise run.failure
        return reply_of(run, self._engine.name, time.monotonic() - start)

    async def aclose(self) -> None:
        """Close the model's engine."""
        await self._engine.aclose()


def reply_of(run: AgentRun, model: str, seconds: float) -> Reply:
    """A run as a reply; its finish reason is `stop`, or the ending without an answer."""
    known = [step.tokens for step in run.steps if step.tokens is not None]
    read = [step.read for step in run.steps if step.read is not None]
    return Reply(
        run.answer or "",
        finish_reason="stop" if run.ending is Ending.ANSWERED else str(run.ending),
        usage=Usage(sum(read) if read else None, sum(known) if known else None),
        latency_s=seconds,
        total_s=seconds,
        model=model,
        record={"by": "agent", "agent": run.as_record()},
    )
