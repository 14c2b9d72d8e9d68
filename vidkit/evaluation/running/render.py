"""Fills the parts of a prompt with media: `Prompt` and `Media` to a `Request`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vidkit.evaluation.running.media import Media
from vidkit.evaluation.running.subtitles import between_frames, segments, whole_text
from vidkit.evaluation.types import Part, PartKind, Prompt
from vidkit.serving.messages import Message, Request, Text
from vidkit.serving.messages import Part as MessagePart


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn.

    Attributes:
        temperature: 0 is greedy.
        max_tokens: budget of new tokens, None for the task's own.
        top_p: nucleus.
        seed: for engines that can seed.
        top_logprobs: alternatives per token to ask for and keep in the log.
        extra: further fields for the engine.
    """

    temperature: float = 0.0
    max_tokens: int | None = None
    top_p: float | None = None
    seed: int | None = None
    top_logprobs: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


def prompt_sha(prompt: Prompt) -> str:
    """SHA-256 of the wording and the order of parts, before any media; hexadecimal."""
    parts = [(str(part.kind), part.text) for part in prompt.parts]
    text = json.dumps([prompt.system, parts, prompt.max_tokens], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def prompt_text(prompt: Prompt) -> str:
    """The wording as one text, media as `<frames>` and the like."""
    parts = [part.text if part.kind is PartKind.TEXT else f"<{part.kind}>" for part in prompt.parts]
    return "\n".join([prompt.system, *parts] if prompt.system else parts)


def build_request(prompt: Prompt, media: Media, sampling: Sampling) -> Request:
    """The call that asks a prompt. Neighbouring texts are separated by a line break."""
    parts: list[MessagePart] = []
    for part in prompt.parts:
        for piece in _fill(part, media):
            if isinstance(piece, Text) and parts and isinstance(parts[-1], Text):
                parts[-1] = Text(f"{parts[-1].text}\n{piece.text}")
            else:
                parts.append(piece)
    messages = [Message.of("system", prompt.system)] if prompt.system else []
    messages.append(Message("user", tuple(parts)))
    return Request(
        messages=tuple(messages),
        max_tokens=sampling.max_tokens or prompt.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        seed=sampling.seed,
        top_logprobs=sampling.top_logprobs,
        extra=sampling.extra,
        clip=media.source,
    )


def _fill(part: Part, media: Media) -> list[MessagePart]:
    match part.kind:
        case PartKind.TEXT:
            return [Text(part.text)]
        case PartKind.FRAMES if media.clip is not None:
            return [media.clip]
        case PartKind.FRAMES if media.frames is not None:
            return list(media.frames.images)
        case PartKind.FRAMES_WITH_SUBTITLES:
            return _interleave(media)
        case PartKind.SUBTITLES:
            return [Text(whole_text(media.spoken))]
        case PartKind.IMAGES:
            return list(media.images)
        case PartKind.AUDIO if media.audio is not None:
            return [media.audio]
    return []  # a whole clip brings its sound along


def _interleave(media: Media) -> list[MessagePart]:
    frames = media.frames
    if frames is None:
        return []
    texts = between_frames(segments(media.spoken), frames.times_s, frames.duration_s)
    parts: list[MessagePart] = []
    for image, text in zip(frames.images, texts, strict=True):
        parts.append(image)
        if text:
            parts.append(Text(text))
    return parts


def media_record(media: Media) -> dict[str, Any]:
    """What the log keeps about the media of a call."""
    record: dict[str, Any] = {}
    if media.frames is not None:
        record["frames"] = len(media.frames.images)
        record["duration_s"] = round(media.frames.duration_s, 3)
        record["decoder"] = media.frames.decoder
        record.update({"selection": media.frames.detail} if media.frames.detail else {})
    if media.clip is not None:
        record["clip_bytes"] = len(media.clip.data)
    if media.audio is not None:
        record["audio_bytes"] = len(media.audio.data)
    return record
