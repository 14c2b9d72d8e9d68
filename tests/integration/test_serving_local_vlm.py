"""Tiny random-weight models: generated with, served, and asked over HTTP. Their answers mean nothing."""

import asyncio
import json

import numpy as np
import PIL.Image
import pytest
from made_clips import write_clip
from tiny_models import save_tiny_omni, save_tiny_vlm

from vidkit.errors import ModelError
from vidkit.evaluation.predictions import read_predictions
from vidkit.evaluation.running import FrameBudget, RunOptions, run
from vidkit.evaluation.running.render import Sampling
from vidkit.evaluation.tasks import social_omni, video_mme_v2
from vidkit.evaluation.types import PromptMode
from vidkit.serving import Audio, EngineError, ErrorKind, Image, Message, Request, open_engine
from vidkit.serving.probe import probe
from vidkit.serving.retry import RetryPolicy
from vidkit.serving.server import EngineServer
from vidkit.serving.sound import encode_wav

TOP = 64


def picture(seed, size=(96, 64)):
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    return Image.from_pil(PIL.Image.fromarray(noise), lossless=True)


def question(*parts, **options):
    return Request((Message.of("user", *parts),), **{"max_tokens": 6, "top_logprobs": TOP, **options})


REQUESTS = [
    question(picture(0), "What is this?"),
    question(
        picture(1, (64, 160)), picture(2), "Two pictures of different sizes, and a longer question: which?"
    ),
    question("No picture at all."),
    question(picture(3), "Short"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_vlm(tmp_path_factory.mktemp("tiny"), seed=0)


def ask(engine, requests):
    async def main():
        return await asyncio.gather(*map(engine.generate, requests))

    return asyncio.run(main())


@pytest.fixture(scope="module")
def alone(folder):
    engine = open_engine(f"transformers:{folder}")
    replies = [ask(engine, [request])[0] for request in REQUESTS]
    asyncio.run(engine.aclose())
    return replies


def assert_same(left, right, tolerance=1e-4):
    assert left.text == right.text
    assert left.finish_reason == right.finish_reason
    assert left.usage == right.usage
    for mine, other in zip(left.tokens, right.tokens, strict=True):
        assert mine.logprob == pytest.approx(other.logprob, abs=tolerance)
        values = [[one.logprob for one in token.top] for token in (mine, other)]
        np.testing.assert_allclose(*values, atol=tolerance)


def test_logprobs_are_those_of_the_models_own_logits(folder, alone):
    import torch
    from transformers import Qwen3VLForConditionalGeneration

    from vidkit.serving.local_generate import _prepare
    from vidkit.serving.local_model import load_local_model

    local = load_local_model(str(folder))
    assert type(local.model) is Qwen3VLForConditionalGeneration
    inputs = _prepare(local, REQUESTS[:1])
    out = local.model.generate(
        **inputs, max_new_tokens=6, do_sample=False, output_logits=True, return_dict_in_generate=True
    )
    reply = alone[0]
    for token, logits, taken in zip(reply.tokens, out.logits, out.sequences[0, -6:], strict=True):
        logprobs = torch.log_softmax(logits[0].float(), dim=-1)
        assert token.logprob == pytest.approx(float(logprobs[taken]), abs=1e-5)
        expected = logprobs.topk(TOP).values.numpy()
        np.testing.assert_allclose([one.logprob for one in token.top], expected, atol=1e-5)
        assert token.top[0].logprob == token.logprob  # greedy


def test_pictures_matter(alone, folder):
    engine = open_engine(f"transformers:{folder}")
    other = ask(engine, [question(picture(9), "What is this?")])[0]
    asyncio.run(engine.aclose())
    assert abs(other.tokens[0].logprob - alone[0].tokens[0].logprob) > 1e-6
    # 96 x 64 pixels at 32 x 32 a token are 6; the text-only question has none
    assert alone[0].usage.prompt_tokens == other.usage.prompt_tokens
    assert alone[1].usage.prompt_tokens > alone[0].usage.prompt_tokens > alone[2].usage.prompt_tokens


def test_batching_and_padding_change_nothing(folder, alone):
    engine = open_engine(f"transformers:{folder}", batch_size=4)
    together = ask(engine, REQUESTS)
    asyncio.run(engine.aclose())
    for one, other in zip(together, alone, strict=True):
        assert_same(one, other)


def test_served_model_gives_the_same_replies(folder, alone):
    engine = open_engine(f"transformers:{folder}", batch_size=4)
    with EngineServer(engine, model="tiny") as server:
        client = open_engine("openai:tiny", base_url=server.base_url)
        served = ask(client, REQUESTS)
        assert asyncio.run(probe(client, 64)).top_logprobs == 64
    for one, other in zip(served, alone, strict=True):
        assert_same(one, other)


def test_official_openai_client_is_answered(folder, alone):
    openai = pytest.importorskip("openai", reason="the openai package is not installed")
    with EngineServer(open_engine(f"transformers:{folder}"), model="tiny") as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="none")
        assert [model.id for model in client.models.list()] == ["tiny"]
        reply = client.chat.completions.create(
            model="tiny",
            messages=[{"role": "user", "content": "No picture at all."}],
            max_tokens=6,
            temperature=0,
            logprobs=True,
            top_logprobs=3,
        )
        with pytest.raises(openai.BadRequestError, match="'messages' must be a list"):
            client.chat.completions.create(model="tiny", messages=[])
    assert reply.choices[0].message.content == alone[2].text
    first = reply.choices[0].logprobs.content[0]
    assert [one.logprob for one in first.top_logprobs] == pytest.approx(
        [one.logprob for one in alone[2].tokens[0].top[:3]], abs=1e-4
    )


def test_bad_picture_fails_alone_in_its_batch(folder, alone):
    engine = open_engine(f"transformers:{folder}", batch_size=4)

    async def main():
        asked = [REQUESTS[0], question(Image(b"junk"), "What is this?"), REQUESTS[3]]
        return await asyncio.gather(*map(engine.generate, asked), return_exceptions=True)

    first, broken, last = asyncio.run(main())
    asyncio.run(engine.aclose())
    assert isinstance(broken, EngineError)
    assert broken.kind is ErrorKind.REJECTED
    assert "cannot read a picture" in broken.message
    assert_same(first, alone[0])
    assert_same(last, alone[3])


def test_stop_strings_seeds_and_ends(folder, alone):
    engine = open_engine(f"transformers:{folder}", batch_size=4)
    free = ask(engine, [question("Say something.", max_tokens=12, temperature=1.0, seed=1)])[0]
    again, other = ask(
        engine, [question("Say something.", max_tokens=12, temperature=1.0, seed=seed) for seed in (1, 2)]
    )
    assert free.text == again.text != other.text
    assert free.finish_reason == "length"
    plain = next(char for char in free.text[1:] if char.isascii())
    cut = ask(engine, [question("Say something.", max_tokens=12, temperature=1.0, seed=1, stop=(plain,))])[0]
    asyncio.run(engine.aclose())
    assert cut.text == free.text[: free.text.index(plain)]
    assert cut.finish_reason == "stop"
    assert len(cut.tokens) == cut.usage.completion_tokens < 12


def test_identity_follows_the_weights_not_the_folder(folder, tmp_path):
    import shutil

    moved = tmp_path / folder.name
    shutil.copytree(folder, moved)
    here, there = (open_engine(f"transformers:{one}") for one in (folder, moved))
    other = open_engine(f"transformers:{save_tiny_vlm(tmp_path / 'other' / folder.name, seed=1)}")
    assert here.identity() == there.identity()
    assert here.identity()["model"] == other.identity()["model"]
    assert here.identity()["fingerprint"] != other.identity()["fingerprint"]


def test_model_that_cannot_chat_is_refused(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "no_such_model"}))
    with pytest.raises(ModelError, match="cannot load model"):
        open_engine(f"transformers:{tmp_path}")


def test_benchmark_through_the_served_model(folder, tmp_path):
    """Video-MME-v2 rows, real clips, frames of the spec, over HTTP, into a scorable file."""
    letters = "ABCDEFGH"
    rows = [
        {"video_id": video, "question_id": f"{video}-{k}", "question": f"Question {k}?", "level": 1,
         "options": "\n".join(f"{letter}. option {letter}" for letter in letters), "answer": letters[k],
         "group_type": "relevance", "group_structure": "", "second_head": "x", "third_head": "y"}
        for video in ("001", "002") for k in range(1, 5)
    ]  # fmt: skip
    write_clip(tmp_path / "media/videos/001.mp4", seconds=2, fps=10)
    (tmp_path / "media/videos/002.mp4").write_bytes(b"broken")
    options = RunOptions(
        media=tmp_path / "media",
        budget=FrameBudget(count=4),
        sampling=Sampling(max_tokens=3),
        total=len(rows),
    )
    engine = open_engine(f"transformers:{folder}", batch_size=4)
    with EngineServer(engine, model="tiny") as server:
        client = open_engine("openai:tiny", base_url=server.base_url, retry=RetryPolicy(attempts=1))
        summary = run(video_mme_v2, rows, client, tmp_path / "run", options)
    assert (summary.items, summary.answered, summary.failed) == (8, 4, 4)
    assert [key for key, _ in summary.failures] == [f"002-{k}" for k in range(1, 5)]
    found = read_predictions(summary.predictions).rows
    merged = [
        {**row, **{k: found[row["question_id"]].get(k) for k in ("prediction", "error")}} for row in rows
    ]
    assert 0 <= video_mme_v2.score(merged)["avg_acc"] <= 50


def tone(frequency_hz, seconds=1.0):
    samples = np.sin(2 * np.pi * frequency_hz * np.arange(int(16_000 * seconds)) / 16_000)
    return Audio(encode_wav(0.5 * samples, 16_000))


@pytest.fixture(scope="module")
def omni_folder(tmp_path_factory):
    return save_tiny_omni(tmp_path_factory.mktemp("omni"), seed=0)


def test_omni_model_hears(omni_folder, caplog):
    """A tiny random-weight Qwen2.5-Omni (its thinking half)."""
    requests = [
        question(picture(0, (56, 56)), tone(440), "What?"),
        question(picture(0, (56, 56)), tone(2000), "What?"),
        question(picture(0, (56, 56)), tone(440, 2.0), "What?"),
        question(tone(440), tone(880), "Two sounds and no picture: what is it?"),
        question("Neither."),
    ]
    engine = open_engine(f"transformers:{omni_folder}", batch_size=5)
    assert engine.capabilities.audio
    one_by_one = [ask(engine, [request])[0] for request in requests]
    together = ask(engine, requests)
    assert "going one by one" not in caplog.text
    with EngineServer(engine, model="tiny") as server:
        served = ask(open_engine("openai:tiny", base_url=server.base_url), requests)
    for single, batched, remote in zip(one_by_one, together, served, strict=True):
        assert_same(single, batched)
        assert_same(single, remote)
    low, high, long = one_by_one[:3]
    assert abs(low.tokens[0].logprob - high.tokens[0].logprob) > 1e-6
    assert long.usage.prompt_tokens - low.usage.prompt_tokens == 25  # 25 tokens per second of sound


def test_social_omni_with_sound_through_the_local_model(omni_folder, tmp_path):
    write_clip(tmp_path / "level_2/videos/c1.mp4", seconds=3, fps=10)
    row = {
        "video_id": "c1",
        "video_file": "c1.mp4",
        "full_asr": "",
        "turn_entry_s": 2.0,
        "question_1": {
            "question": "Should she speak at the 2th second?",
            "timestamp": "00:02:00",
            "option_A": "YES",
            "option_B": "NO",
            "correct_answer": "A",
        },
        "question_2": {"question": "What should she say?", "answer": "Yes."},
    }
    options = RunOptions(
        mode=PromptMode(modality="avt"),
        media=tmp_path,
        budget=FrameBudget("fps", fps=2, area_px=56 * 56),
        sampling=Sampling(max_tokens=2),
        when="both",
    )
    engine = open_engine(f"transformers:{omni_folder}")
    summary = run(social_omni, [row], engine, tmp_path / "run", options)
    asyncio.run(engine.aclose())
    assert summary.failed == 0
    rows = {one["id"]: one for one in map(json.loads, summary.predictions.read_text().splitlines())}
    assert set(rows) >= {"l2/c1/q1", "l2/c1/stream"}
    assert rows["l2/c1/q1"]["meta"]["audio_bytes"] == pytest.approx(44 + 2 * 16_000 * 2, abs=4)
    assert rows["l2/c1/q1"]["meta"]["frames"] == 4
