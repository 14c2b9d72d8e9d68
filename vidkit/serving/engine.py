"""The interface of everything that can be asked, and the error it may raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from vidkit.errors import VidkitError
from vidkit.serving.messages import Audio, Image, Request, Video
from vidkit.serving.reply import Reply
from vidkit.utils.redaction import redact_message


class ErrorKind(StrEnum):
    """Why a call gave no reply."""

    CONNECTION = "connection"  # refused, reset, closed in the middle
    TIMEOUT = "timeout"  # nothing, or not everything, within the limit
    RATE_LIMIT = "rate_limit"  # 429
    SERVER = "server"  # 5xx
    BAD_REPLY = "bad_reply"  # torn JSON, wrong content type, no choices
    REJECTED = "rejected"  # 4xx: this request will never work
    AUTH = "auth"  # 401: no request will work
    FORBIDDEN = "forbidden"  # 403: the key may not do this, or a moderation took offence at one request
    NOT_FOUND = "not_found"  # 404: wrong address or model name, or one request's own
    TLS = "tls"  # the certificate cannot be checked
    QUOTA = "quota"  # out of credit
    UNSUPPORTED = "unsupported"  # the engine cannot take this kind of content
    MODEL = "model"  # a local model failed


_RETRYABLE = frozenset(
    {ErrorKind.CONNECTION, ErrorKind.TIMEOUT, ErrorKind.RATE_LIMIT, ErrorKind.SERVER, ErrorKind.BAD_REPLY}
)
_FATAL = frozenset({ErrorKind.AUTH, ErrorKind.QUOTA, ErrorKind.UNSUPPORTED, ErrorKind.TLS})


class EngineError(VidkitError):
    """A call that gave no reply.

    Args:
        kind: why.
        message: what happened, one line.
        hint: what to do.
        retry_after_s: how long the server asked to wait.
        attempts: requests that were made.
        status: of the HTTP reply, None where there was none.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        hint: str = "",
        retry_after_s: float | None = None,
        attempts: int = 1,
        status: int | None = None,
    ) -> None:
        # what a server says may hold the key it was sent
        super().__init__(redact_message(message), redact_message(hint), exit_code=1)
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.attempts = attempts
        self.status = status

    @property
    def is_retryable(self) -> bool:
        """The same request may work in a moment."""
        return self.kind in _RETRYABLE

    @property
    def is_fatal(self) -> bool:
        """Every other request will most likely fail the same way."""
        return self.kind in _FATAL


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine takes and gives.

    Attributes:
        images: takes pictures.
        audio: takes sound.
        video: takes whole clips.
        top_logprobs: most alternatives per token it gives; None when unknown (see `probe`).
        grid: pixels of which the sides of shown pictures are multiples; 28 in the Qwen-VL family.
    """

    images: bool = True
    audio: bool = False
    video: bool = False
    top_logprobs: int | None = None
    grid: int = 28

    def check(self, request: Request, engine: str) -> None:
        """Refuse content that the engine cannot take, before anything is sent.

        Raises:
            EngineError: with the kind of content and the engine's name.
        """
        for message in request.messages:
            for part in message.parts:
                for kind, taken, word in (
                    (Image, self.images, "pictures"),
                    (Audio, self.audio, "sound"),
                    (Video, self.video, "whole clips"),
                ):
                    if isinstance(part, kind) and not taken:
                        raise EngineError(
                            ErrorKind.UNSUPPORTED,
                            f"engine '{engine}' takes no {word}",
                            "choose another engine or another modality",
                        )


@runtime_checkable
class Engine(Protocol):
    """Anything that answers requests.

    Attributes:
        name: for messages and tables.
        concurrency: calls it handles well at once; callers start no more.
        capabilities: what it takes and gives.
    """

    name: str
    concurrency: int
    capabilities: Capabilities

    def identity(self) -> Mapping[str, str]:
        """What must not change when a run is resumed: the kind of engine, the model, its revision."""

    async def generate(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            EngineError: no reply, after whatever retries the engine makes.
        """

    async def aclose(self) -> None:
        """Let go of connections, threads and memory; a second call does nothing."""
