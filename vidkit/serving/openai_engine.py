"""Client of OpenAI-compatible servers: async, limited in concurrency and time, patient with faults.

A call either gives a checked `Reply` or an `EngineError` that says what the server did. The time limit is on
the whole reply, so a server that drips one byte a second cannot hold a call for ever.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

import httpx

from vidkit.errors import ConfigError
from vidkit.serving.engine import Capabilities, EngineError, ErrorKind
from vidkit.serving.lines import Lines
from vidkit.serving.messages import Request
from vidkit.serving.reply import Reply
from vidkit.serving.retry import Gate, RetryPolicy, retry_after_s
from vidkit.serving.wire import bad_reply, decode_json, decode_reply, encode_request, error_message

logger = logging.getLogger(__name__)

_MANY_BYTES = 256 * 1024
"""Above this, encoding a request is moved off the event loop."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Time and size limits of one request.

    Attributes:
        connect_s: to open a connection.
        total_s: from sending to the last byte of the reply; long reasoning needs minutes.
        max_reply_bytes: a longer reply is refused.
    """

    connect_s: float = 10.0
    total_s: float = 600.0
    max_reply_bytes: int = 64 * 1024 * 1024


class OpenAIEngine:
    """A model behind `<base_url>/chat/completions`.

    Args:
        model: name as the server knows it.
        base_url: up to and including the version, for example `http://127.0.0.1:8000/v1`.
        api_key_env: environment variable with the key; an unset variable sends no key.
        concurrency: most requests in flight.
        retry: how patient to be.
        limits: time and size limits of one request.
        capabilities: what the served model takes; servers do not say.
        seed: of the jitter, None for a fresh one.

    Raises:
        ConfigError: an address or concurrency that cannot be used.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        api_key_env: str = "OPENAI_API_KEY",
        concurrency: int = 16,
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        capabilities: Capabilities | None = None,
        seed: int | None = None,
    ) -> None:
        address = urlsplit(base_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigError(f"not an address of a server: '{base_url}'", "e.g. http://127.0.0.1:8000/v1")
        if concurrency < 1:
            raise ConfigError(f"concurrency must be at least 1, got {concurrency}")
        self.model = model
        self.name = model
        self.base_url = base_url.rstrip("/")
        self.concurrency = concurrency
        self.capabilities = capabilities or Capabilities(images=True, audio=True, video=True)
        self.retry = retry or RetryPolicy()
        self.limits = limits or Limits()
        self._key_env = api_key_env
        self._rng = random.Random(seed)
        self._url = httpx.URL(f"{self.base_url}/chat/completions")
        # the read limit is the whole reply's: servers send nothing while they generate
        self._timeout = httpx.Timeout(self.limits.total_s, connect=self.limits.connect_s, pool=None).as_dict()
        self._lines: Lines | None = None
        self._gate = Gate()

    def identity(self) -> Mapping[str, str]:
        """The address is left out: the same model may move to another port."""
        return {"engine": "openai", "model": self.model}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        lines, self._lines = self._lines, None
        if lines is not None:
            await lines.aclose()

    async def generate(self, request: Request) -> Reply:
        """Ask, and ask again after passing faults.

        Raises:
            EngineError: the last fault, with the number of attempts.
        """
        self.capabilities.check(request, self.name)
        started_s = time.monotonic()
        body = await self._encode(request)
        attempt = 1
        while True:
            try:
                reply = await self._attempt(body)
            except EngineError as error:
                await self._wait_or_raise(error, attempt)
                attempt += 1
            else:
                return replace(reply, total_s=time.monotonic() - started_s, attempts=attempt)

    async def _encode(self, request: Request) -> bytes:
        parts = [part for message in request.messages for part in message.parts]
        size = sum(len(getattr(part, "data", b"")) for part in parts)
        if size < _MANY_BYTES:
            return encode_request(request, self.model)
        return await asyncio.to_thread(encode_request, request, self.model)

    async def _wait_or_raise(self, error: EngineError, attempt: int) -> None:
        error.attempts = attempt
        if not error.is_retryable or attempt >= self.retry.attempts:
            raise error
        asked_s = error.retry_after_s
        if asked_s is not None and asked_s > self.retry.max_retry_after_s:
            raise error
        wait_s = self.retry.wait_s(attempt, asked_s, self._rng)
        if asked_s is not None:
            self._gate.hold(asked_s)
        logger.info("%s: %s; attempt %d follows in %.2f s", self.name, error.message, attempt + 1, wait_s)
        await asyncio.sleep(wait_s)

    async def _attempt(self, body: bytes) -> Reply:
        async with self._open_lines().take() as line:
            # only now: whoever waited for a line may have missed a pause that began meanwhile
            await self._gate.wait()
            started_s = time.monotonic()
            try:
                async with asyncio.timeout(self.limits.total_s):
                    data = await self._post(line, body)
            except (TimeoutError, httpx.TimeoutException) as error:
                seconds = time.monotonic() - started_s
                raise EngineError(
                    ErrorKind.TIMEOUT,
                    f"no complete reply from {self.base_url} after {seconds:.1f} s",
                    "raise the time limit or lower the concurrency",
                ) from error
            except httpx.TransportError as error:
                raise EngineError(
                    ErrorKind.CONNECTION,
                    f"connection to {self.base_url} failed: {error or type(error).__name__}",
                    "is the server running?",
                ) from error
            reply = decode_reply(decode_json(data))
            return replace(reply, latency_s=time.monotonic() - started_s)

    async def _post(self, line: httpx.AsyncHTTPTransport, body: bytes) -> bytes:
        headers = {"content-type": "application/json", "accept": "application/json", "user-agent": "vidkit"}
        headers["accept-encoding"] = "gzip, deflate"
        if key := os.environ.get(self._key_env):
            headers["authorization"] = f"Bearer {key}"
        limits = {"timeout": self._timeout}
        response = await line.handle_async_request(
            httpx.Request("POST", self._url, headers=headers, content=body, extensions=limits)
        )
        try:
            data = await self._read(response)
        finally:
            await response.aclose()
        if response.status_code != 200:
            raise self._status_error(response, data)
        kind = response.headers.get("content-type", "application/json")
        if "json" not in kind.lower():
            start = error_message(data)[0][:80]
            raise bad_reply(f"the reply is '{kind}', not JSON; it begins: {start!r}")
        return data

    async def _read(self, response: httpx.Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self.limits.max_reply_bytes:
                    raise bad_reply(f"the reply is longer than {self.limits.max_reply_bytes} bytes")
                chunks.append(chunk)
        except httpx.DecodingError as error:
            raise bad_reply(f"the reply's compression is broken: {error}") from error
        return b"".join(chunks)

    def _status_error(self, response: httpx.Response, data: bytes) -> EngineError:
        status = response.status_code
        text, code = error_message(data)
        kind, hint = _kind_of_status(status, code)
        if kind is ErrorKind.AUTH:
            hint = f"put a valid key into the environment variable {self._key_env}"
        elif kind is ErrorKind.NOT_FOUND:
            hint = f"check the address ({self.base_url}) and the model's name ('{self.model}')"
        asked_s = retry_after_s(response.headers)
        return EngineError(kind, f"{self.base_url} answered {status}: {text}", hint, asked_s)

    def _open_lines(self) -> Lines:
        if self._lines is None or not self._lines.belong_here:
            self._lines = Lines(self._url, self.concurrency)
        return self._lines


def _kind_of_status(status: int, code: str) -> tuple[ErrorKind, str]:
    if status == 429 and code == "insufficient_quota":
        return ErrorKind.QUOTA, "the account has no credit left"
    if status == 429:
        return ErrorKind.RATE_LIMIT, "lower the concurrency"
    if status in (401, 403):
        return ErrorKind.AUTH, ""
    if status == 404:
        return ErrorKind.NOT_FOUND, ""
    if status in (408, 409, 425) or status >= 500:
        return ErrorKind.SERVER, "look at the server's log"
    if 300 <= status < 400:
        return ErrorKind.NOT_FOUND, ""
    return ErrorKind.REJECTED, "the server does not take this request"
