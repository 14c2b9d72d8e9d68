"""Connections to one server, as many as calls may be in flight, each with an HTTP transport of its own.

One shared httpx pool looks at every connection and every waiting request whenever a request comes or goes:
at 32 connections that took 7 ms of CPU a call, against 1.5 ms with connections of one's own (httpx 0.28, 59
kB bodies).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from vidkit.utils.network import proxy_for
from vidkit.utils.redaction import shown_url


class Lines:
    """Lends connections; bound to the event loop it was made in. Redirects are not followed: they carry keys.

    Args:
        url: where all requests go.
        count: most calls in flight.
    """

    def __init__(self, url: httpx.URL, count: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._proxy = proxy_for(url.scheme, url.host)
        # loading the certificates takes longer than a request, so it is done once, and not at all without TLS
        uses_tls = url.scheme == "https" or (self._proxy or "").startswith("https")
        self._context = httpx.create_ssl_context() if uses_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # the line used last is lent first, so that a quiet client keeps few connections open
        self._free: asyncio.LifoQueue[httpx.AsyncHTTPTransport | None] = asyncio.LifoQueue()
        for _ in range(count):
            self._free.put_nowait(None)
        self._open: list[httpx.AsyncHTTPTransport] = []

    @property
    def way(self) -> str:
        """The proxy in words, to go behind the address of a message; empty without one."""
        return f" through the proxy {shown_url(self._proxy)}" if self._proxy else ""

    @property
    def belong_here(self) -> bool:
        """Is this the event loop they were made in?"""
        return self._loop is asyncio.get_running_loop()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """A transport for one request at a time; waits until one is free."""
        line = await self._free.get()
        try:
            if line is None:
                line = self._new_line()
            yield line
        finally:
            self._free.put_nowait(line)

    def _new_line(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30.0)
        line = httpx.AsyncHTTPTransport(verify=self._context, limits=limits, proxy=self._proxy)
        self._open.append(line)
        return line

    async def aclose(self) -> None:
        """Close every connection; those of a finished loop went with it."""
        lines, self._open = self._open, []
        if self.belong_here:
            await asyncio.gather(*(line.aclose() for line in lines))
