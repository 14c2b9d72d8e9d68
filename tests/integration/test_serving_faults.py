"""The client against a real local server that misbehaves on purpose."""

import asyncio
import gzip
import json
import time

import pytest
from scripted_server import Act, ScriptedServer, completion
from stopwatch import patience_s

from vidkit.serving import EngineError, ErrorKind, Message, Reply, Request
from vidkit.serving.openai_engine import Limits, OpenAIEngine
from vidkit.serving.retry import RetryPolicy

QUICK = RetryPolicy(attempts=3, base_s=0.02, max_s=0.05)
QUESTION = Request((Message.of("user", "Which letter?"),))


def ask(server, request=QUESTION, *, calls=1, **options):
    """Ask `calls` times at once; replies and errors in order."""
    options.setdefault("retry", QUICK)

    async def main():
        async with OpenAIEngine("m", server.base_url, **options) as engine:
            return await asyncio.gather(
                *(engine.generate(request) for _ in range(calls)), return_exceptions=True
            )

    return asyncio.run(main())


def ask_one(server, **options) -> Reply:
    result = ask(server, **options)[0]
    if isinstance(result, BaseException):
        raise result
    return result


FAULTS = {
    "500": (Act(status=500, body=b'{"error": {"message": "boom"}}'), ErrorKind.SERVER, "answered 500: boom"),
    "503-html": (
        Act(status=503, body=b"<h1>busy</h1>", headers={"content-type": "text/html"}),
        ErrorKind.SERVER,
        "answered 503: <h1>busy</h1>",
    ),
    "429": (Act(status=429, body=b'{"error": "slow down"}'), ErrorKind.RATE_LIMIT, "answered 429: slow down"),
    "torn-json": (Act(body=completion("A")[:40]), ErrorKind.BAD_REPLY, "the reply is not JSON: "),
    "cut-short": (
        Act(cut_at=25),
        ErrorKind.CONNECTION,
        "failed: peer closed connection without sending complete",
    ),
    "wrong-type": (
        Act(body=b"<html>Sign in</html>", headers={"content-type": "text/html"}),
        ErrorKind.BAD_REPLY,
        "the reply is 'text/html', not JSON; it begins: '<html>Sign in</html>'",
    ),
    "reset": (Act(reset=True), ErrorKind.CONNECTION, "connection to http"),
    "no-choices": (Act(body=b'{"choices": []}'), ErrorKind.BAD_REPLY, "the reply has no 'choices'"),
    "a-list": (Act(body=b"[1]"), ErrorKind.BAD_REPLY, "the reply is a JSON list, not an object"),
    "not-utf8": (
        Act(body=b'{"a": "\xff\xfe"}'),
        ErrorKind.BAD_REPLY,
        "the reply is not UTF-8 (byte 7 of 11)",
    ),
    "gzip-in-gzip": (
        Act(body=gzip.compress(gzip.compress(b" " * 5_000_000)), headers={"content-encoding": "gzip, gzip"}),
        ErrorKind.BAD_REPLY,
        "the reply is compressed 2 times (gzip, gzip)",
    ),
    "unasked-compression": (
        Act(body=b"x", headers={"content-encoding": "br"}),
        ErrorKind.BAD_REPLY,
        "the reply is compressed with 'br', which was not asked for",
    ),
    "error-in-unasked-compression": (
        Act(status=500, body=b"x", headers={"content-encoding": "br"}),
        ErrorKind.SERVER,
        "answered 500",
    ),
    "broken-gzip": (
        Act(body=b"not gzip", headers={"content-encoding": "gzip"}),
        ErrorKind.BAD_REPLY,
        "the reply's compression is broken",
    ),
    "error-in-200": (
        Act(body=b'{"error": {"message": "overloaded"}}'),
        ErrorKind.BAD_REPLY,
        "the server answered with an error inside a reply: overloaded",
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_passing_fault_is_retried(fault):
    act, _, _ = fault
    with ScriptedServer([act, Act(text="C")]) as server:
        reply = ask_one(server)
    assert (reply.text, reply.attempts) == ("C", 2)
    assert len(server.requests) == 2
    assert reply.total_s > reply.latency_s


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_lasting_fault_is_named_after_all_attempts(fault):
    act, kind, message = fault
    with ScriptedServer([act]) as server, pytest.raises(EngineError) as caught:
        ask_one(server)
    assert caught.value.kind is kind
    assert message in caught.value.message
    assert caught.value.attempts == len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.REJECTED),
        (401, ErrorKind.AUTH),
        (403, ErrorKind.FORBIDDEN),
        (404, ErrorKind.NOT_FOUND),
        (413, ErrorKind.REJECTED),
        (422, ErrorKind.REJECTED),
        (302, ErrorKind.NOT_FOUND),
    ],
)
def test_hopeless_status_is_not_retried(status, kind):
    with (
        ScriptedServer([Act(status=status, body=b'{"detail": "no"}')]) as server,
        pytest.raises(EngineError) as caught,
    ):
        ask_one(server)
    assert caught.value.kind is kind
    assert len(server.requests) == 1


def test_empty_account_is_not_retried():
    body = b'{"error": {"message": "no credit", "code": "insufficient_quota"}}'
    with ScriptedServer([Act(status=429, body=body)]) as server, pytest.raises(EngineError) as caught:
        ask_one(server)
    assert caught.value.kind is ErrorKind.QUOTA
    assert caught.value.is_fatal
    assert len(server.requests) == 1


def test_retry_after_is_honoured_by_every_call():
    limited = Act(status=429, headers={"retry-after": "0.6"})
    with ScriptedServer([limited, Act()]) as server:
        started = time.monotonic()
        first = ask(server, calls=1)[0]
        assert time.monotonic() - started >= 0.6
        assert first.attempts == 2

    # one slot: the second call waits for the first one's pause although nobody refused it
    with ScriptedServer([limited, Act()]) as server:
        replies = ask(server, calls=2, concurrency=1)
        refused, *later = server.times_s
    assert all(isinstance(reply, Reply) for reply in replies)
    assert min(later) - refused >= 0.59


def test_retry_after_beyond_patience_fails_at_once():
    with ScriptedServer([Act(status=429, headers={"retry-after": "9999"})]) as server:
        with pytest.raises(EngineError) as caught:
            ask_one(server)
        assert len(server.requests) == 1
    assert caught.value.retry_after_s == 9999


def test_slow_drip_is_cut_off_by_the_limit_on_the_whole_reply():
    dripping = Act(
        drip_s=0.05
    )  # a byte every 50 ms would take about 8 s and never meets a limit between bytes
    with ScriptedServer([dripping]) as server:
        started = time.monotonic()
        with pytest.raises(EngineError) as caught:
            ask_one(server, limits=Limits(total_s=0.3), retry=RetryPolicy(attempts=2, base_s=0.01))
        seconds = time.monotonic() - started
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert "no complete reply from" in caught.value.message
    assert 0.6 <= seconds < 8.0  # less than one whole reply


def test_slow_drip_within_the_limit_is_read():
    with ScriptedServer([Act(drip_s=0.001)]) as server:
        assert ask_one(server).text == "A"


def test_silent_server_times_out_and_the_next_attempt_counts():
    limit_s = min(10.0, patience_s(0.25))
    with ScriptedServer([Act(delay_s=60), Act(text="B")]) as server:
        reply = ask_one(server, limits=Limits(total_s=limit_s))
    assert (reply.text, reply.attempts) == ("B", 2)
    assert reply.latency_s < limit_s < reply.total_s


def test_endless_reply_is_refused():
    with ScriptedServer([Act(body=b" " * 200_000)]) as server, pytest.raises(EngineError) as caught:
        ask_one(server, limits=Limits(max_reply_bytes=100_000), retry=RetryPolicy(attempts=1))
    assert caught.value.message == "the reply is longer than 100000 bytes"


def test_no_server_at_all():
    with ScriptedServer([Act()]) as server:
        pass
    with pytest.raises(EngineError) as caught:
        ask_one(server)
    assert caught.value.kind is ErrorKind.CONNECTION
    assert caught.value.hint == "is the server running?"


def test_concurrency_is_limited_and_used():
    with ScriptedServer([Act(delay_s=0.05)]) as server:
        started = time.monotonic()
        replies = ask(server, calls=24, concurrency=8)
        seconds = time.monotonic() - started
    assert all(isinstance(reply, Reply) for reply in replies)
    assert server.most_in_flight == 8
    assert 0.15 <= seconds < 0.6 * sum(reply.latency_s for reply in replies)


def test_key_comes_from_the_environment_and_stays_out_of_errors(monkeypatch, caplog):
    monkeypatch.setenv("MY_KEY", "sk-secret-123")
    refusing = Act(status=401, body=b'{"error": "wrong key"}')
    with ScriptedServer([refusing]) as server, pytest.raises(EngineError) as caught:
        ask_one(server, api_key_env="MY_KEY")
    assert caught.value.hint == "put a valid key into the environment variable MY_KEY"
    assert "secret" not in str(caught.value) + caplog.text


def test_request_on_the_wire():
    request = Request(
        (Message.of("system", "Be short."), Message.of("user", "Hello")),
        max_tokens=3,
        stop=("\n",),
        seed=5,
        top_logprobs=4,
        extra={"chat_template_kwargs": {"enable_thinking": False}},
    )
    with ScriptedServer([Act()]) as server:
        ask_one(server, request=request)
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}],
            "max_tokens": 3,
            "temperature": 0.0,
            "stop": ["\n"],
            "seed": 5,
            "logprobs": True,
            "top_logprobs": 4,
            "chat_template_kwargs": {"enable_thinking": False},
        }
    ]


def test_logprobs_are_sorted_and_placeholders_dropped():
    top = [
        {"token": "B", "logprob": -2.0},
        {"token": "A", "logprob": -0.2},
        {"token": "", "logprob": -9999.0},
        {"token": "C", "logprob": None},
        {"token": "D", "logprob": float("-inf")},
    ]
    content = [{"token": "B", "logprob": -2.0, "top_logprobs": top}, {"token": "<|im_end|>", "logprob": -0.1}]
    body = completion("B", logprobs={"content": content})
    assert b"-Infinity" in body
    with ScriptedServer([Act(body=body)]) as server:
        reply = ask_one(server)
    assert [(one.token, one.logprob) for one in reply.tokens[0].top] == [("A", -0.2), ("B", -2.0)]
    assert [token.text for token in reply.answer_tokens()] == ["B"]
    assert reply.usage.as_dict() == {"prompt_tokens": 7, "completion_tokens": 1}


def test_official_openai_client_reads_what_the_scripted_server_sends():
    openai = pytest.importorskip("openai", reason="the openai package is not installed")
    with ScriptedServer([Act(text="D")]) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="none")
        reply = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
    assert reply.choices[0].message.content == "D"
    assert json.dumps(server.requests[0])
