"""Engines, requests and replies without a network: retry policy, wire format, registry, batching."""

import asyncio
import base64
import json
import math
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from vidkit.errors import ConfigError, ModelError, VideoError
from vidkit.serving import (
    Alternative,
    Audio,
    Capabilities,
    EngineError,
    ErrorKind,
    Image,
    Message,
    Reply,
    Request,
    Token,
    Video,
    open_engine,
)
from vidkit.serving.batching import Batcher
from vidkit.serving.openai_engine import OpenAIEngine
from vidkit.serving.probe import probe
from vidkit.serving.registry import check_engine, engine_kind
from vidkit.serving.retry import Gate, RetryPolicy, retry_after_s
from vidkit.serving.server_wire import BadRequestError, format_reply, parse_request
from vidkit.serving.wire import decode_json, decode_reply, encode_request

HELLO = Request((Message.of("user", "hello"),))


def test_waits_grow_jittered_and_bounded():
    policy = RetryPolicy(base_s=1.0, factor=2.0, max_s=5.0)
    rng = random.Random(0)
    for attempt, ceiling in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (500, 5.0)]:
        waits = [policy.wait_s(attempt, None, rng) for _ in range(200)]
        assert ceiling / 2 <= min(waits) < 0.6 * ceiling
        assert 0.9 * ceiling < max(waits) <= ceiling


def test_retry_after_is_never_undercut():
    waits = [RetryPolicy().wait_s(1, 7.0, random.Random(seed)) for seed in range(50)]
    assert min(waits) >= 7.0
    assert max(waits) < 7.1
    assert len(set(waits)) > 40


@pytest.mark.parametrize(("asked_s", "told"), [(45.0, 1), (2.0, 0)])
def test_a_long_wait_that_a_server_asks_for_is_told_once(asked_s, told, caplog, monkeypatch):
    async def at_once(_: float) -> None:
        pass

    monkeypatch.setattr("vidkit.serving.openai_engine.asyncio.sleep", at_once)
    engine = OpenAIEngine("m", "http://localhost:1/v1", retry=RetryPolicy())

    async def three_calls() -> None:
        for _ in range(3):
            error = EngineError(ErrorKind.RATE_LIMIT, "too many requests", retry_after_s=asked_s)
            await engine._wait_or_raise(error, 1)

    asyncio.run(three_calls())
    waits = [record.getMessage() for record in caplog.records if "asks to wait" in record.getMessage()]
    assert len(waits) == told and all("45 s" in wait for wait in waits)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_retry_after_is_read(headers, seconds):
    assert retry_after_s(headers, now_s=100.0) == seconds


def test_gate_holds_everybody():
    async def main():
        gate = Gate()
        gate.hold(0.05)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(gate.wait() for _ in range(5)))
        return loop.time() - started

    assert 0.05 <= asyncio.run(main()) < 0.5


def test_fingerprint_sees_every_change():
    request = Request((Message.of("user", "hello", Image(b"12")),))
    others = [
        replace(request, max_tokens=65),
        replace(request, temperature=0.1),
        replace(request, seed=1),
        replace(request, extra={"top_k": 1}),
        replace(request, messages=(Message.of("user", "hello", Image(b"13")),)),
        replace(request, messages=(Message.of("user", "hello1", Image(b"2")),)),
        replace(request, messages=(Message.of("system", "hello", Image(b"12")),)),
        replace(request, messages=(Message.of("user", "hello", Audio(b"12")),)),
    ]
    prints = {one.fingerprint() for one in others}
    assert len(prints) == len(others)
    assert request.fingerprint() not in prints
    assert replace(request).fingerprint() == request.fingerprint()


def test_media_on_the_wire_and_back():
    picture = Image.from_array(np.full((8, 8, 3), 200, np.uint8), lossless=True)
    message = Message.of("user", picture, Audio(b"RIFF"), Video(b"mp4"), "what?")
    request = Request(
        (message,), max_tokens=5, temperature=0.5, top_p=0.9, seed=3, top_logprobs=7, stop=("x",)
    )
    body = json.loads(encode_request(request, "m"))
    assert [part["type"] for part in body["messages"][0]["content"]] == [
        "image_url",
        "input_audio",
        "video_url",
        "text",
    ]
    assert body["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    assert parse_request(body) == request


def test_body_is_the_plain_json_of_its_parts():
    parts = [Image(bytes([k]) * k) for k in range(12)]
    body = encode_request(Request((Message.of("user", "ä \ud800 media-0", *parts),)), "m")
    content = json.loads(body)["messages"][0]["content"]
    assert content[0]["text"] == "ä ? media-0"
    urls = [part["image_url"]["url"] for part in content[1:]]
    assert urls == [f"data:image/jpeg;base64,{base64.b64encode(part.data).decode()}" for part in parts]


def test_reply_there_and_back():
    top = (Alternative("A", -0.25), Alternative("B", -1.5))
    reply = Reply("A", "length", tokens=(Token("A", -0.25, top), Token("B", math.nan)), model="m")
    body = json.loads(json.dumps(format_reply(reply, "m", 2), allow_nan=False))
    back = decode_reply(body)
    assert (back.text, back.finish_reason, back.model, back.tokens[0]) == (
        "A",
        "length",
        "m",
        reply.tokens[0],
    )
    assert math.isnan(back.tokens[1].logprob)


def chat(content="x", **fields):
    return {"messages": [{"role": "user", "content": content}], **fields}


FAR_PICTURE = {"type": "image_url", "image_url": {"url": "http://x/a.png"}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "'messages' must be a list"),
        ({"messages": [{"content": "x"}]}, "messages[0] has no 'role'"),
        (chat(3), "messages[0].content must be text"),
        (chat([{"type": "file"}]), "messages[0].content[0] is not a text"),
        (
            chat([FAR_PICTURE]),
            "messages[0].content[0] must be a base64 data URL; this server fetches nothing",
        ),
        (chat(max_tokens=0), "'max_tokens' must be a number of at least 1"),
        (chat(temperature="hot"), "'temperature' must be a number"),
        (chat(stream=True), "'stream' is not supported"),
        (chat(n=2), "'n' must be 1, got 2"),
    ],
)
def test_server_refuses_what_it_cannot_take(body, message):
    with pytest.raises(BadRequestError) as caught:
        parse_request(body)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the reply is not JSON: Expecting property name"),
        (b"[" * 100_000, "nested too deeply"),
        (b'"text"', "the reply is a JSON str, not an object"),
    ],
)
def test_torn_bodies_are_described(body, message):
    with pytest.raises(EngineError, match=message) as caught:
        decode_json(body)
    assert caught.value.is_retryable


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "A"}, "A"),
        ({"content": None}, ""),
        ({"content": None, "refusal": "I cannot."}, "I cannot."),
        ({"content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}, "AB"),
        ({"content": "B", "reasoning_content": "hm"}, "B"),
    ],
)
def test_content_in_all_its_forms(message, text):
    assert decode_reply({"choices": [{"message": message}]}).text == text


def test_tool_calls_and_reasoning_are_kept():
    call = {"id": "1", "function": {"name": "zoom", "arguments": "{}"}}
    message = {"content": None, "tool_calls": [call], "reasoning": "look closer"}
    reply = decode_reply({"choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": "many"})
    assert (reply.tool_calls, reply.reasoning, reply.finish_reason) == ((call,), "look closer", "tool_calls")
    assert reply.usage.as_dict() == {}


def test_answer_tokens_need_logprobs():
    with pytest.raises(ValueError, match="no log-probabilities"):
        Reply("A").answer_tokens()
    assert Reply("", tokens=(Token("<|im_end|>", 0.0),)).answer_tokens() == ()


@pytest.mark.parametrize("data", [b"", b"GIF89a-but-not-really", b"\x89PNG\r\n\x1a\n broken"])
def test_broken_picture_is_refused(tmp_path, data):
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(VideoError, match=r"cannot read '.*a\.png' as an image"):
        Image.from_path(path)
    with pytest.raises(VideoError):
        Image(data).to_pil()


def test_picture_keeps_its_bytes_and_type(tmp_path):
    path = tmp_path / "a.webp"
    PIL.Image.new("RGB", (4, 4), "red").save(path)
    picture = Image.from_path(path)
    assert picture == Image(path.read_bytes(), "image/webp")


ENGINE_FILE = '''
from vidkit.serving import Capabilities, Reply

class Parrot:
    """Says what it is told."""
    concurrency = 2
    capabilities = Capabilities(images=False)
    def __init__(self, name="parrot", loud=False):
        self.name, self.loud = name, loud
    def identity(self):
        return {"engine": "parrot", "model": self.name}
    async def generate(self, request):
        text = request.messages[-1].parts[-1].text
        return Reply(text.upper() if self.loud else text)
    async def aclose(self):
        pass

class Half:
    name = "half"
'''


@pytest.fixture
def engine_file(tmp_path):
    path = tmp_path / "my_engine.py"
    path.write_text(ENGINE_FILE)
    return path


def test_engine_in_one_file(engine_file):
    engine = open_engine(f"{engine_file}:Parrot:polly", loud=True)
    assert engine.identity() == {"engine": "parrot", "model": "polly"}
    assert asyncio.run(engine.generate(HELLO)).text == "HELLO"
    assert asyncio.run(probe(engine)).top_logprobs == 0


def test_engine_of_the_docs_works(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")
    code = page.partition("```python\n# my_engine.py")[2].partition("```")[0]
    (tmp_path / "documented.py").write_text("# my_engine.py" + code)
    engine = open_engine(f"{tmp_path / 'documented.py'}:Mine")
    assert asyncio.run(engine.generate(HELLO)).text == "A"
    with pytest.raises(EngineError, match="an empty question"):
        asyncio.run(engine.generate(Request((Message.of("user", Image(b"x")),))))


def test_engine_as_installed_plug_in(engine_file, monkeypatch):
    from importlib.metadata import EntryPoint

    from vidkit.serving import registry

    engine_file.rename(engine_file.with_name("parrot_engine.py"))  # stays imported, under a name of its own
    monkeypatch.syspath_prepend(engine_file.parent)
    point = EntryPoint("parrot", "parrot_engine:Parrot", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    assert open_engine("parrot:coco").name == "coco"
    assert engine_kind("parrot:coco") == "parrot"


def test_engine_names():
    engine = open_engine("openai:org/model:free", base_url="http://127.0.0.1:1/v1/", concurrency=3)
    assert isinstance(engine, OpenAIEngine)
    assert (engine.model, engine.base_url, engine.concurrency) == (
        "org/model:free",
        "http://127.0.0.1:1/v1",
        3,
    )
    assert open_engine("some-model", base_url="http://127.0.0.1:1/v1").name == "some-model"


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("openai:m", {}, "engine 'openai:m' needs a server"),
        ("opnai:m", {}, "unknown engine 'opnai' in 'opnai:m'"),
        ("openai:m", {"base_url": "127.0.0.1:8000"}, "not an address of a server: '127.0.0.1:8000'"),
        ("openai:m", {"base_url": "http://h/v1", "concurrency": 0}, "concurrency must be >= 1, got 0"),
        (
            "openai:m",
            {"base_url": "http://h/v1", "temprature": 1},
            "engine 'openai:m' has no setting 'temprature'",
        ),
        (
            "openai:m",
            {"base_url": "http://h/v1", "seed": "often"},
            "setting 'seed' of engine 'openai:m' cannot be 'often'",
        ),
        (
            "transformers:m",
            {"max_pixels": True},
            "setting 'max_pixels' of engine 'transformers:m' cannot be True",
        ),
        ("absent.py:X", {}, "no file 'absent.py' with an engine"),
    ],
)
def test_engine_that_cannot_be_made(spec, options, message):
    with pytest.raises(ConfigError) as caught:
        open_engine(spec, **options)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("spec", "base_url", "kind"),
    [
        ("qwen:7b", "http://h/v1", "openai"),
        ("openai:m", "http://h/v1", "openai"),
        ("org/model", None, "transformers"),
        ("transformers:org/model", None, "transformers"),
        ("mine.py:Class", None, "file"),
    ],
)
def test_kind_of_engine(spec, base_url, kind):
    assert engine_kind(spec, base_url) == kind


def test_checking_an_engine_makes_no_model(engine_file):
    check_engine(f"{engine_file}:Half")  # what it lacks is seen when it is made
    check_engine("transformers:no/such-model", device="cpu")
    with pytest.raises(ConfigError, match="has no setting 'speed'") as caught:
        check_engine("openai:m", base_url="http://h/v1", speed=3)
    assert caught.value.hint.startswith("did you mean 'seed'? settings: base_url, ")


def test_incomplete_engine_is_refused(engine_file):
    with pytest.raises(ConfigError, match="is a Half that lacks part of the interface"):
        open_engine(f"{engine_file}:Half")
    with pytest.raises(ConfigError, match="has no class 'Whole'"):
        open_engine(f"{engine_file}:Whole")


def test_absent_model_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="cannot load model"):
        open_engine(f"transformers:{tmp_path}")


def test_content_an_engine_cannot_take_is_refused_before_sending():
    request = Request((Message.of("user", Audio(b"x")),))
    with pytest.raises(EngineError, match="engine 'e' takes no sound") as caught:
        Capabilities(audio=False).check(request, "e")
    assert caught.value.kind is ErrorKind.UNSUPPORTED


def run_batches(requests, batch_size, is_compatible=lambda a, b: True, fail=()):
    batches = []

    async def work(batch):
        batches.append([one.max_tokens for one in batch])
        await asyncio.sleep(0.01)
        return [
            EngineError(ErrorKind.MODEL, "bad") if one.max_tokens in fail else Reply(str(one.max_tokens))
            for one in batch
        ]

    async def main():
        batcher = Batcher(work, is_compatible, batch_size, 0.005)
        results = await asyncio.gather(*map(batcher.submit, requests), return_exceptions=True)
        await batcher.aclose()
        return results

    return asyncio.run(main()), batches


def test_batches_fill_up_and_answers_find_their_callers():
    requests = [replace(HELLO, max_tokens=place) for place in range(1, 11)]
    results, batches = run_batches(requests, 4, fail=(3,))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert isinstance(results[2], EngineError)
    assert [one.text for place, one in enumerate(results) if place != 2] == [
        str(k) for k in range(1, 11) if k != 3
    ]


def test_batches_hold_only_compatible_calls():
    requests = [replace(HELLO, max_tokens=place) for place in range(6)]
    _, batches = run_batches(requests, 4, lambda a, b: a.max_tokens % 2 == b.max_tokens % 2)
    assert batches == [[0, 2, 4], [1, 3, 5]]


def test_importing_the_package_stays_light():
    heavy = "{'torch', 'transformers', 'httpx', 'numpy'}"
    code = f"import sys, vidkit.serving; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
