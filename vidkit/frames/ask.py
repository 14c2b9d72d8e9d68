"""Show the kept frames to a vision-language model and get its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidkit.errors import ConfigError
from vidkit.frames.ask_faults import advice, reply_note
from vidkit.frames.outputs.exports import frames_prompt
from vidkit.frames.outputs.images import jpeg_bytes
from vidkit.utils.event_loop import run_whole
from vidkit.video.types import Frame


def ask_about_frames(
    frames: Sequence[Frame],
    question: str,
    duration_s: float,
    engine: str,
    base_url: str | None = None,
    max_tokens: int = 256,
    width: int = 768,
    span_s: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Ask once, with each frame's true time written before it.

    A single `fps` never stands for the times: models that derive positions from it would misplace uneven
    frames.

    Args:
        frames: in order of time.
        question: the user's words.
        duration_s: of the whole video.
        engine: `openai:NAME` with `base_url`, `transformers:FOLDER`, or a plug-in.
        base_url: of an OpenAI-compatible server.
        max_tokens: longest answer.
        width: frames are sent at most this wide, pixels.
        span_s: the part of the video that was looked at; None: all of it.

    Returns:
        The answer with `note`: what is wrong with it (empty, cut, filtered), or nothing.

    Raises:
        EngineError: the server or model gave no answer; too many or too large pictures are hinted at.
        ConfigError: no question, or an engine that is not known.
    """
    from vidkit.serving import EngineError, Image, Message, Request, Text, open_engine

    if not question.strip():
        raise ConfigError("there is no question to ask", "give --ask QUESTION, or a query")
    times = [frame.time_s for frame in frames]
    parts: list[Text | Image] = [Text(frames_prompt(times, duration_s, span_s))]
    for frame in frames:
        parts += [Text(f"<{frame.time_s:.1f} s>"), Image(jpeg_bytes(frame.pixels, width, 90))]
    parts.append(Text(question))
    request = Request((Message.of("user", *parts),), max_tokens=max_tokens)
    try:
        reply = run_whole(_ask(open_engine(engine, base_url=base_url), request))
    except EngineError as error:
        error.hint = advice(error.message, len(frames)) or error.hint
        raise
    return {
        "question": question,
        "text": reply.text,
        "note": reply_note(reply, max_tokens),
        "model": reply.model or engine,
        "finish_reason": reply.finish_reason,
        "seconds": reply.total_s,
        "frames": [frame.index for frame in frames],
    }


async def _ask(engine: Any, request: Any) -> Any:
    try:
        return await engine.generate(request)
    finally:
        await engine.aclose()
