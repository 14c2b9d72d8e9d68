"""Our own server: what it refuses, what it says of its model, and when it closes a connection."""

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from vidkit.serving import Capabilities, Reply
from vidkit.serving.server import EngineServer


class Echo:
    name = "org/echo"
    concurrency = 2
    capabilities = Capabilities()

    def identity(self) -> dict[str, str]:
        return {"engine": "echo"}

    async def generate(self, request: Any) -> Reply:
        if request.max_tokens == 13:
            raise RuntimeError("unlucky")
        return Reply("yes")

    async def aclose(self) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[EngineServer]:
    with EngineServer(Echo()) as running:
        yield running


def call(server: EngineServer, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(server.base_url.removeprefix("http://").removesuffix("/v1"))
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def complete(server: EngineServer, **fields: Any) -> tuple[int, dict[str, Any]]:
    return call(
        server, "POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "?"}], **fields}
    )


@pytest.mark.parametrize("path", ["/v1/models/org/echo", "/v1/models/org%2Fecho", "/v1/models/org/echo?x=1"])
def test_one_model_by_name(path: str, server: EngineServer) -> None:
    assert call(server, "GET", path) == (200, {"id": "org/echo", "object": "model", "owned_by": "vidkit"})


def test_another_model_is_not_there(server: EngineServer) -> None:
    status, body = call(server, "GET", "/v1/models/gpt")
    assert (
        status == 404
        and body["error"]["code"] == "model_not_found"
        and "org/echo" in body["error"]["message"]
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"tool_choice": "required"},
        {"functions": [{"name": "f"}]},
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {"logit_bias": {"1": 5}},
        {"presence_penalty": 0.5},
        {"modalities": ["text", "audio"]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_would_be_ignored_is_refused(fields: dict[str, Any], server: EngineServer) -> None:
    status, body = complete(server, **fields)
    assert status == 400 and f"'{next(iter(fields))}'" in body["error"]["message"]


def test_fields_that_ask_for_nothing_are_taken(server: EngineServer) -> None:
    fields = {"tools": [], "tool_choice": "none", "response_format": {"type": "text"}, "presence_penalty": 0}
    assert complete(server, **fields, modalities=["text"])[0] == 200


def test_an_engine_s_own_fault_is_a_reply(server: EngineServer) -> None:
    status, body = complete(server, max_tokens=13)
    assert status == 500 and body["error"]["message"] == "RuntimeError: unlucky"


def test_the_connection_is_closed_after_a_body_of_unknown_length(server: EngineServer) -> None:
    host, _, port = server.base_url.removeprefix("http://").removesuffix("/v1").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1f\r\nGET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n0\r\n\r\n"
        )
        got = b""
        while piece := line.recv(65536):
            got += piece
    assert got.startswith(b"HTTP/1.1 411") and got.count(b"HTTP/1.1") == 1
    assert b"connection: close" in got.lower()
