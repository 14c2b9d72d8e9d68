"""What a server's refusal teaches the client, and what addresses become."""

import asyncio
import json

import pytest
from scripted_server import Act, ScriptedServer, completion

from vidkit.errors import ConfigError
from vidkit.serving import EngineError, ErrorKind, Message, Request
from vidkit.serving.address import Address
from vidkit.serving.dialect import PLAIN, Dialect
from vidkit.serving.openai_engine import OpenAIEngine
from vidkit.serving.retry import retry_after_s

QUESTION = Request((Message.of("user", "Which letter?"),), max_tokens=9)


def refusal(message: str, **fields: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", **fields}}).encode()


MAX = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
HEAT = (
    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported."
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (refusal(MAX, param="max_tokens", code="unsupported_parameter"), Dialect("max_completion_tokens")),
        (refusal(MAX), Dialect("max_completion_tokens")),
        (refusal(HEAT, param="temperature"), Dialect(left_out=frozenset({"temperature"}))),
        (refusal("temperature is not allowed"), Dialect(left_out=frozenset({"temperature"}))),
        (
            refusal("`temperature` is deprecated for this model."),
            Dialect(left_out=frozenset({"temperature"})),
        ),
        (b'{"detail": "Unknown field seed"}', Dialect(left_out=frozenset({"seed"}))),
        (
            b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs"}]}',
            Dialect(left_out=frozenset({"top_p"})),
        ),
        (refusal("logprobs are not supported"), Dialect(left_out=frozenset({"logprobs", "top_logprobs"}))),
        (refusal("max_tokens is too large: 99999. This model supports at most 4096"), None),
        (refusal("temperature must be between 0 and 2"), None),
        (refusal("this model does not support images"), None),
        (b"\xff" * 30, None),
    ],
)
def test_a_refusal_names_the_field(body, expected):
    learnt = PLAIN.after(400, body)
    assert (learnt and learnt[0]) == expected
    assert PLAIN.after(500, body) is None


def reasoning_model(body):
    if "max_tokens" in body:
        return Act(status=400, body=refusal(MAX, param="max_tokens"))
    if body.get("temperature", 1) != 1:
        return Act(status=400, body=refusal(HEAT, param="temperature"))
    return Act(text="A")


def ask(server, count=1, request=QUESTION):
    async def main():
        async with OpenAIEngine("made", server.base_url, concurrency=1) as engine:
            return [await engine.generate(request) for _ in range(count)], engine.notes

    return asyncio.run(main())


def test_a_reasoning_model_is_asked_in_its_own_words_from_the_second_call_on():
    with ScriptedServer(reasoning_model) as server:
        replies, notes = ask(server, count=3)
        assert [reply.text for reply in replies] == ["A"] * 3
        assert [reply.attempts for reply in replies] == [1, 1, 1]
        assert len(server.requests) == 3 + 2
    last = server.requests[-1]
    assert last["max_completion_tokens"] == 9 and not {"max_tokens", "temperature"} & set(last)
    assert notes == [
        "made takes max_completion_tokens instead of max_tokens",
        "made takes no temperature: its replies are drawn at its own temperature, not greedily",
    ]


def test_fields_that_the_user_wrote_are_sent_as_written():
    request = Request(QUESTION.messages, extra={"temperature": 0.5, "max_completion_tokens": 7})
    with ScriptedServer(reasoning_model) as server:
        with pytest.raises(EngineError, match="'temperature' does not support") as caught:
            ask(server, request=request)
        assert caught.value.kind is ErrorKind.REJECTED
    assert server.requests[-1]["max_completion_tokens"] == 7 and "max_tokens" not in server.requests[-1]


def test_log_probabilities_that_were_asked_for_and_not_given_are_told():
    few = {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": [{"token": "A", "logprob": -0.1}]}]}
    request = Request(QUESTION.messages, top_logprobs=5)
    for body, words in ((completion("A"), "gives none"), (completion("A", logprobs=few), "gives at most 1")):
        with ScriptedServer([Act(body=body)]) as server:
            assert ask(server, 2, request)[1] == [f"made was asked for 5 alternatives per token and {words}"]


@pytest.mark.parametrize(
    ("given", "sent", "shown"),
    [
        ("http://h:1/v1/", "http://h:1/v1/chat/completions", "http://h:1/v1"),
        ("http://h/v1/chat/completions", "http://h/v1/chat/completions", "http://h/v1/chat/completions"),
        (
            "https://n.azure.com/openai/deployments/d%2F1/?api-version=1&sig=secret123",
            "https://n.azure.com/openai/deployments/d%2F1/chat/completions?api-version=1&sig=secret123",
            "https://n.azure.com/openai/deployments/d%2F1/?api-version=1&sig=***",
        ),
        ("http://me:secret123@[::1]:8/v1", "http://[::1]:8/v1/chat/completions", "http://[::1]:8/v1"),
    ],
)
def test_addresses(given, sent, shown):
    address = Address.of(given)
    assert (str(address.url), address.shown) == (sent, shown)


def test_a_missing_version_is_hinted_at():
    assert Address.of("http://h:1?x=1").version_hint.endswith("did you mean http://h:1/v1?x=1?")
    for whole in ("http://h/v1", "http://h/v1beta/openai", "http://h/openai/deployments/x"):
        assert Address.of(whole).version_hint == ""


@pytest.mark.parametrize(
    "address",
    [
        "h:1/v1",
        "ftp://h/v1",
        "http://",
        "http://h:x/v1",
        "http://[h/v1",
        "",
        "http://h:99999/v1",
        "http://h:0/v1",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ConfigError, match="not an address of a server"):
        Address.of(address)


def test_a_date_beyond_the_calendar_is_no_date():
    assert retry_after_s({"retry-after": "Fri, 31 Dec 99999999999 23:59:59 GMT"}, now_s=0.0) is None
