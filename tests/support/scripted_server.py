"""A local HTTP server that answers chat completions as told, faults included. For tests and benches."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Act:
    """What the server does with one request.

    Attributes:
        text: content of a well-formed reply.
        status: HTTP status.
        body: sent instead of a reply, None for a chat completion with `text`.
        headers: further headers; `content-type` may be replaced.
        delay_s: before the first byte.
        drip_s: between single bytes of the body, None to send it at once.
        cut_at: close after this many bytes of the body, although more were announced.
        reset: tear the connection down (TCP RST) without a byte.
    """

    text: str = "A"
    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float | None = None
    cut_at: int | None = None
    reset: bool = False


Script = Callable[[dict[str, Any]], Act]


def completion(text: str, **fields: Any) -> bytes:
    """A chat completion with this content; `fields` replace those of the choice."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        **fields,
    }
    usage = {"prompt_tokens": 7, "completion_tokens": 1}
    return json.dumps({"model": "scripted", "choices": [choice], "usage": usage}).encode()


class ScriptedServer:
    """Listens on a free local port; a context manager.

    Args:
        script: acts in order, the last one for ever; or a function of the request's body.
        keep_requests: remember bodies and arrival times.
        port: 0 takes a free one.
    """

    def __init__(self, script: Iterable[Act] | Script, keep_requests: bool = True, port: int = 0) -> None:
        self._acts = [] if callable(script) else list(script)
        self._choose = script if callable(script) else self._next_act
        self._keep = keep_requests
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.requests: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.times_s: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0

    @property
    def base_url(self) -> str:
        """Where to send requests, with the version."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=120)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=120)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=120)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=512)

    async def _close(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _next_act(self, _body: dict[str, Any]) -> Act:
        return self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, as some tests make it do
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = int(head.lower().partition("content-length:")[2].partition("\r\n")[0] or 0)
        body = json.loads(await reader.readexactly(length) or b"{}")
        if self._keep:
            self.requests.append(body)
            self.heads.append(head)
            self.times_s.append(time.monotonic())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._play(self._choose(body), writer)
        finally:
            self.in_flight -= 1

    async def _play(self, act: Act, writer: asyncio.StreamWriter) -> bool:
        if act.delay_s:
            await asyncio.sleep(act.delay_s)
        if act.reset:
            sock: socket.socket = writer.get_extra_info("socket")
            # lingering for no time makes close() send RST
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        body = completion(act.text) if act.body is None else act.body
        headers = {"content-type": "application/json", "content-length": str(len(body)), **act.headers}
        lines = [f"HTTP/1.1 {act.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        body = body if act.cut_at is None else body[: act.cut_at]
        if act.drip_s is None:
            writer.write(body)
        else:
            for place in range(len(body)):
                writer.write(body[place : place + 1])
                await writer.drain()
                await asyncio.sleep(act.drip_s)
        await writer.drain()
        return act.cut_at is None
