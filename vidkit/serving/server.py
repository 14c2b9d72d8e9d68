"""A small OpenAI-compatible server over any engine: chat completions with media and log-probabilities.

For local models behind a URL and for tests. One process, one engine; the engine's own batching does the rest.
Media come as data URLs only: a server that fetched addresses for its callers would be a hole in the network.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from vidkit.errors import VidkitError
from vidkit.serving.engine import Engine, EngineError, ErrorKind
from vidkit.serving.server_wire import BadRequestError, format_reply, parse_request
from vidkit.utils import json_depth

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 512 * 1024 * 1024
_STATUS = {ErrorKind.REJECTED: 400, ErrorKind.UNSUPPORTED: 400, ErrorKind.RATE_LIMIT: 429}


class EngineServer:
    """Serves an engine on a port; a context manager.

    Args:
        engine: answers the requests.
        host: address to listen on.
        port: 0 takes a free one, see `base_url`.
        model: name to serve under, None for the engine's.
    """

    def __init__(
        self, engine: Engine, host: str = "127.0.0.1", port: int = 0, model: str | None = None
    ) -> None:
        self.engine = engine
        self.model = model or engine.name
        self._loop = asyncio.new_event_loop()
        self._loop_thread = threading.Thread(target=self._loop.run_forever, name="vidkit-serve", daemon=True)
        self._http = _Listener((host, port), self)
        self._http_thread = threading.Thread(target=self._http.serve_forever, name="vidkit-http", daemon=True)

    @property
    def base_url(self) -> str:
        """Where to send requests, with the version."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}/v1"

    def __enter__(self) -> Self:
        self._loop_thread.start()
        self._http_thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        asyncio.run_coroutine_threadsafe(self.engine.aclose(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop_thread.join(timeout=10)

    def wait(self) -> None:
        """Serve until interrupted."""
        self._http_thread.join()

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """One chat completion.

        Raises:
            BadRequestError: a body that cannot be understood.
            EngineError: the engine gave no reply.
        """
        request = parse_request(body)
        reply = asyncio.run_coroutine_threadsafe(self.engine.generate(request), self._loop).result()
        return format_reply(reply, self.model, request.top_logprobs)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], owner: EngineServer) -> None:
        super().__init__(address, _Handler)
        self.owner = owner


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.rstrip("/")
        model = {"id": self.server.owner.model, "object": "model", "owned_by": "vidkit"}
        # names may hold slashes, plain or quoted
        _, asks_for_one, name = path.partition("/models/")
        if path.endswith("/models"):
            self._send(200, {"object": "list", "data": [model]})
        elif asks_for_one and unquote(name) == self.server.owner.model:
            self._send(200, model)
        elif asks_for_one:
            self._fail(404, f"no model '{unquote(name)}', there is '{model['id']}'", "model_not_found")
        elif path.endswith("/health"):
            self._send(200, {"status": "ok"})
        else:
            self._fail(404, f"no such path: {self.path}", "not_found")

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        if not urlsplit(self.path).path.rstrip("/").endswith("/chat/completions"):
            self._fail(404, f"no such path: {self.path}", "not_found")
            return
        try:
            parsed = json_depth.loads(body)
            if not isinstance(parsed, dict):
                raise BadRequestError("the body is not a JSON object")
            self._send(200, self.server.owner.answer(parsed))
        except (BadRequestError, ValueError, RecursionError) as error:
            self._fail(400, str(error), "invalid_request_error")
        except EngineError as error:
            self._fail(_STATUS.get(error.kind, 500), error.message, str(error.kind))
        except VidkitError as error:
            self._fail(400, error.message, "invalid_request_error")
        # a caller must get a reply whatever an engine does
        except Exception as error:
            logger.exception("a call failed")
            self._fail(500, f"{type(error).__name__}: {error}", "internal_error")

    def _body(self) -> bytes | None:
        length = self.headers.get("content-length", "")
        if not length.isdecimal():
            # what follows may be the body: it must not be read as the next request
            self.close_connection = True
            self._fail(411, "the request has no content length", "invalid_request_error")
            return None
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._fail(413, f"the request is longer than {MAX_BODY_BYTES} bytes", "invalid_request_error")
            return None
        return self.rfile.read(int(length))

    def _fail(self, status: int, message: str, kind: str) -> None:
        self._send(status, {"error": {"message": message, "type": kind, "code": kind}})

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            if self.close_connection:
                self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(data)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug("%s %s", self.address_string(), format % args)
