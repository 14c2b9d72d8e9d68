"""Client of OpenAI-compatible servers: async, limited in concurrency and time, patient with faults.

A call either gives a checked `Reply` or an `EngineError` that says what the server did. The time limit is on
the whole reply, so a server that drips one byte per second cannot hold a call for ever.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import httpx

from vidkit.errors import ConfigError
from vidkit.serving.address import Address
from vidkit.serving.decoding import ACCEPTED, ReplyDecoder
from vidkit.serving.dialect import PLAIN, Dialect
from vidkit.serving.engine import Capabilities, EngineError, ErrorKind
from vidkit.serving.lines import Lines
from vidkit.serving.messages import Request
from vidkit.serving.reply import Reply
from vidkit.serving.retry import Gate, RetryPolicy, retry_after_s
from vidkit.serving.wire import bad_reply, decode_json, decode_reply, encode_request, error_message
from vidkit.utils.network import check_network
from vidkit.utils.plain import duration
from vidkit.utils.redaction import shown_url

logger = logging.getLogger(__name__)

_LONG_WAIT_S = 10.0  # from which a user is told why nothing goes on
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
        concurrency: maximum number of requests in flight.
        retry: how patient to be.
        limits: time and size limits of one request.
        capabilities: what the served model takes; servers do not say.
        seed: of the random waits between attempts; a new one each time if not given.

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
        self._address = Address.of(base_url)
        check_network(self._address.url.scheme, self._address.url.host)
        if concurrency < 1:
            raise ConfigError(f"concurrency must be >= 1, got {concurrency}")
        self.model = model
        self.name = model
        self.base_url = self._address.shown
        self.concurrency = concurrency
        self.capabilities = capabilities or Capabilities(images=True, audio=True, video=True)
        self.retry = retry or RetryPolicy()
        self.limits = limits or Limits()
        self.notes: list[str] = []
        self._key_env = api_key_env
        self._address.headers(api_key_env)  # a key that cannot be sent is refused now
        self._dialect = PLAIN
        self._rng = random.Random(seed)
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
        dialect = self._dialect
        body = await self._encode(request, dialect)
        attempt = 1
        while True:
            try:
                reply = await self._attempt(body, dialect)
            except _FieldRefused as refusal:
                self._learn(refusal)
                dialect = self._dialect
                body = await self._encode(request, dialect)
            except EngineError as error:
                await self._wait_or_raise(error, attempt)
                attempt += 1
            else:
                self._check_alternatives(request, reply)
                return replace(reply, total_s=time.monotonic() - started_s, attempts=attempt)

    def _learn(self, refusal: _FieldRefused) -> None:
        # calls in flight may meet the same refusal, or another one, at the same time
        known, new = self._dialect, refusal.dialect
        limit = new.limit_field if known.limit_field == PLAIN.limit_field else known.limit_field
        self._dialect = Dialect(limit, known.left_out | new.left_out)
        self._note(f"{self.name} {refusal.note}")

    def _check_alternatives(self, request: Request, reply: Reply) -> None:
        if not request.top_logprobs or not reply.text:
            return
        most = max((len(token.top) for token in reply.tokens or ()), default=0)
        if most < request.top_logprobs:
            given = f"at most {most}" if most else "none"
            wanted = f"{request.top_logprobs} alternatives per token"
            self._note(f"{self.name} was asked for {wanted} and gives {given}")

    def _note(self, text: str) -> None:
        """Tell once what a run should know of its server."""
        if text not in self.notes:
            self.notes.append(text)
            logger.warning("%s", text)

    async def _encode(self, request: Request, dialect: Dialect) -> bytes:
        parts = [part for message in request.messages for part in message.parts]
        size = sum(len(getattr(part, "data", b"")) for part in parts)
        if size < _MANY_BYTES:
            return encode_request(request, self.model, dialect)
        return await asyncio.to_thread(encode_request, request, self.model, dialect)

    async def _wait_or_raise(self, error: EngineError, attempt: int) -> None:
        error.attempts = attempt
        if not error.is_retryable or attempt >= self.retry.attempts:
            raise error
        asked_s = error.retry_after_s
        if asked_s is not None and asked_s > self.retry.max_retry_after_s:
            raise error
        wait_s = self.retry.wait_s(attempt, asked_s, self._rng)
        if asked_s is not None:
            if asked_s >= _LONG_WAIT_S and asked_s > self._gate.remaining_s() + _LONG_WAIT_S / 2:
                logger.warning(
                    "%s asks to wait %s (%s); calls go on then",
                    self.base_url, duration(asked_s), error.message,
                )  # fmt: skip
            self._gate.hold(asked_s)
        logger.info("%s: %s; attempt %d follows in %.2f s", self.name, error.message, attempt + 1, wait_s)
        await asyncio.sleep(wait_s)

    async def _attempt(self, body: bytes, dialect: Dialect) -> Reply:
        async with self._open_lines().take() as line:
            # only now: whoever waited for a line may have missed a pause that began meanwhile
            await self._gate.wait()
            started_s = time.monotonic()
            try:
                async with asyncio.timeout(self.limits.total_s):
                    data = await self._post(line, body, dialect)
            except (TimeoutError, httpx.TimeoutException) as error:
                seconds = time.monotonic() - started_s
                raise EngineError(
                    ErrorKind.TIMEOUT,
                    f"no complete reply from {self.base_url} after {seconds:.1f} s",
                    "raise the time limit or lower the concurrency",
                ) from error
            except (httpx.TransportError, OSError) as error:
                raise self._connection_error(error) from error
            reply = decode_reply(decode_json(data))
            return replace(reply, latency_s=time.monotonic() - started_s)

    def _connection_error(self, error: Exception) -> EngineError:
        reason = str(error) or type(error).__name__
        if "CERTIFICATE" in reason.upper() or isinstance(error, ssl.SSLCertVerificationError):
            return EngineError(
                ErrorKind.TLS,
                f"the certificate of {self.base_url} is not trusted: {reason}",
                "name the authority's file in SSL_CERT_FILE, or use the address on the certificate",
            )
        way = self._open_lines().way
        hint = "is the server running?" if not way else "are proxy and server running?"
        if "WRONG_VERSION_NUMBER" in reason.upper():
            hint = "the server does not speak TLS: try http:// instead of https://"
        return EngineError(ErrorKind.CONNECTION, f"connection to {self.base_url}{way} failed: {reason}", hint)

    async def _post(self, line: httpx.AsyncHTTPTransport, body: bytes, dialect: Dialect) -> bytes:
        headers = {"content-type": "application/json", "accept": "application/json", "user-agent": "vidkit"}
        headers["accept-encoding"] = ACCEPTED
        headers |= self._address.headers(self._key_env)
        limits = {"timeout": self._timeout}
        response = await line.handle_async_request(
            httpx.Request("POST", self._address.url, headers=headers, content=body, extensions=limits)
        )
        try:
            data = await self._read(response)
        except EngineError:
            if response.is_success:
                raise
            data = b""  # the status says more than a text that cannot be read
        finally:
            await response.aclose()
        if not response.is_success:
            if learnt := dialect.after(response.status_code, data):
                raise _FieldRefused(*learnt)
            raise self._status_error(response, data)
        kind = response.headers.get("content-type", "application/json")
        if "json" not in kind.lower():
            start = error_message(data)[0][:80]
            error = bad_reply(f"the reply is '{kind}', not JSON; it begins: {start!r}")
            error.hint = self._address.version_hint or error.hint
            raise error
        return data

    async def _read(self, response: httpx.Response) -> bytes:
        decoder = ReplyDecoder(response.headers.get("content-encoding", ""), self.limits.max_reply_bytes)
        chunks = [decoder.feed(chunk) async for chunk in response.aiter_raw()]
        decoder.finish()
        return b"".join(chunks)

    def _status_error(self, response: httpx.Response, data: bytes) -> EngineError:
        status = response.status_code
        text, code = error_message(data)
        kind, hint = _kind_of_status(status, code)
        if kind is ErrorKind.AUTH:
            hint = f"put a valid key into the environment variable {self._key_env}"
        elif kind is ErrorKind.NOT_FOUND:
            check = f"check the address ({self.base_url}) and the model's name ('{self.model}')"
            hint = self._address.version_hint or check
        if place := response.headers.get("location"):
            text, hint = f"{text or 'moved'} (to {shown_url(place)})", "give the address it points to"
        asked_s = retry_after_s(response.headers)
        message = f"{self.base_url} answered {status}: {text or response.reason_phrase or 'no text'}"
        return EngineError(kind, message, hint, asked_s, status=status)

    def _open_lines(self) -> Lines:
        if self._lines is None or not self._lines.belong_here:
            self._lines = Lines(self._address.url, self.concurrency)
        return self._lines


class _FieldRefused(Exception):  # noqa: N818 - no fault: the request is written anew
    """The server does not take a field of the request, but will take it without."""

    def __init__(self, dialect: Dialect, note: str) -> None:
        super().__init__(note)
        self.dialect = dialect
        self.note = note


def _kind_of_status(status: int, code: str) -> tuple[ErrorKind, str]:
    if status == 402 or (status == 429 and code == "insufficient_quota"):
        return ErrorKind.QUOTA, "the account has no credit left"
    if status == 429:
        return ErrorKind.RATE_LIMIT, "lower the concurrency"
    if status == 401 or (status in (400, 403) and "api_key" in code):
        return ErrorKind.AUTH, ""
    if status == 403:
        return ErrorKind.FORBIDDEN, "a key without the right, or a moderation that refuses this request"
    if status == 413:
        return ErrorKind.REJECTED, "the request is too large: fewer or smaller frames, e.g. area_px=200000"
    if status == 404:
        return ErrorKind.NOT_FOUND, ""
    if status in (408, 409, 425) or status >= 500:
        return ErrorKind.SERVER, "look at the server's log"
    if 300 <= status < 400:
        return ErrorKind.NOT_FOUND, ""
    return ErrorKind.REJECTED, "the server does not take this request"
