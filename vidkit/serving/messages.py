"""What is sent to a model: messages of text, pictures, sound and clips, and how to sample.

Media are held as encoded bytes, so that the same picture is the same bytes in every request of an item and a
server's prefix cache can hit.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.errors import VideoError

if TYPE_CHECKING:
    import numpy as np
    import PIL.Image


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A still picture or one frame.

    Attributes:
        data: encoded picture.
        mime: its media type, for example `image/jpeg`.
    """

    data: bytes
    mime: str = "image/jpeg"

    @classmethod
    def from_pil(cls, picture: PIL.Image.Image, quality: int = 95, lossless: bool = False) -> Image:
        """Encode a Pillow picture: PNG when `lossless` (crops), else JPEG of the given quality."""
        buffer = io.BytesIO()
        if lossless:
            picture.save(buffer, "PNG")
            return cls(buffer.getvalue(), "image/png")
        picture.convert("RGB").save(buffer, "JPEG", quality=quality)
        return cls(buffer.getvalue(), "image/jpeg")

    @classmethod
    def from_array(cls, pixels: np.ndarray, quality: int = 95, lossless: bool = False) -> Image:
        """Encode pixels [height, width, 3], uint8 RGB."""
        import PIL.Image

        return cls.from_pil(PIL.Image.fromarray(pixels), quality, lossless)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "picture") -> Image:
        """Take encoded bytes as they are.

        Raises:
            VideoError: no picture format that Pillow knows.
        """
        import PIL.Image

        from vidkit.video.image import opened_picture

        with opened_picture(io.BytesIO(data), name, "check the file") as picture:
            kind = picture.format or ""
            picture.verify()
        kind = "JPEG" if kind == "MPO" else kind  # a JPEG with further pictures behind it
        return cls(data, PIL.Image.MIME.get(kind, "image/" + kind.lower()))

    @classmethod
    def from_path(cls, path: str | Path) -> Image:
        """Read a picture file.

        Raises:
            VideoError: it is missing or no picture.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise VideoError(f"cannot read picture '{path}': {error.strerror}", "check the path") from error
        return cls.from_bytes(data, f"'{path}'")

    def to_pil(self) -> PIL.Image.Image:
        """Decode to an RGB picture.

        Raises:
            VideoError: the bytes are not a picture.
        """
        from vidkit.video.image import opened_picture

        with opened_picture(io.BytesIO(self.data), "a picture of a request", "send it again") as picture:
            return picture.convert("RGB")


@dataclass(frozen=True, slots=True)
class Audio:
    """A sound track; `format` is the container the server is told, `wav` or `mp3`."""

    data: bytes
    format: str = "wav"


@dataclass(frozen=True, slots=True)
class Video:
    """A whole clip, for servers that take `video_url` parts and choose frames themselves."""

    data: bytes
    mime: str = "video/mp4"


Part = Text | Image | Audio | Video


@dataclass(frozen=True, slots=True)
class Clip:
    """What the pictures of a request are frames of, for engines that look further; no server is sent it.

    Attributes:
        path: of the video.
        start_s: where the clip begins, seconds from the video's start.
        length_s: of the clip; nothing after it may be looked at.
        times_s: of the pictures, seconds from the clip's start.
    """

    path: Path
    start_s: float
    length_s: float
    times_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One turn.

    Attributes:
        role: system, user, assistant or tool.
        parts: what it holds.
        tool_calls: calls of an assistant's turn, in the OpenAI form.
        tool_call_id: which call a tool's turn answers; empty where there is none.
    """

    role: str
    parts: tuple[Part, ...]
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_call_id: str = ""

    @classmethod
    def of(cls, role: str, *parts: Part | str) -> Message:
        """Build a message; plain strings become `Text`."""
        return cls(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))

    def with_calls(self, calls: Sequence[Mapping[str, Any]]) -> Message:
        """The same turn with an assistant's calls."""
        return replace(self, tool_calls=tuple(calls))

    def answering(self, call_id: str) -> Message:
        """The same turn as the answer to a call."""
        return replace(self, tool_call_id=call_id)


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    Attributes:
        messages: the conversation so far.
        max_tokens: budget of new tokens.
        temperature: 0 means greedy.
        top_p: nucleus, only with temperature > 0.
        stop: strings that end the reply; they are not part of it.
        top_logprobs: alternatives wanted for each new token, 0 for none.
        seed: for sampling; engines that cannot seed ignore it.
        tools: function declarations in the OpenAI form.
        extra: further fields for the engine, for example `{"chat_template_kwargs": {...}}`.
        clip: the video behind the pictures, where there is one that may be looked at.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 64
    temperature: float = 0.0
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    top_logprobs: int = 0
    seed: int | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    clip: Clip | None = None

    def fingerprint(self) -> str:
        """SHA-256 over everything that can change the reply, media bytes included; hexadecimal."""
        digest = hashlib.sha256()
        for message in self.messages:
            digest.update(f"<{message.role}>".encode())
            if message.tool_calls or message.tool_call_id:
                calls = json.dumps([message.tool_calls, message.tool_call_id], sort_keys=True, default=str)
                digest.update(calls.encode())
            for part in message.parts:
                data = part.text.encode("utf-8", "surrogatepass") if isinstance(part, Text) else part.data
                digest.update(f"[{type(part).__name__} {len(data)}]".encode())
                digest.update(data)
        sampling = [self.max_tokens, self.temperature, self.top_p, self.stop, self.top_logprobs, self.seed]
        rest = json.dumps([*sampling, self.tools, self.extra], sort_keys=True, default=str)
        digest.update(rest.encode())
        if self.clip is not None:
            digest.update(repr(self.clip).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
