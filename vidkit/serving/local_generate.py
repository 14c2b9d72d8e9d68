"""One batch through a local transformers model: chat template, processor, generate, replies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from vidkit.errors import VideoError
from vidkit.serving.local_model import LocalModel
from vidkit.serving.messages import Audio, Image, Request, Text
from vidkit.serving.recorder import TopRecorder
from vidkit.serving.reply import Reply, Token, Usage


def generate_batch(local: LocalModel, requests: Sequence[Request]) -> Iterator[Reply]:
    """Answer requests that share their sampling settings, in order.

    Args:
        local: the model.
        requests: at least one; sampling is taken from the first.

    Raises:
        VideoError: a picture or sound that cannot be decoded.
    """
    first = requests[0]
    inputs = _prepare(local, requests)
    length = int(inputs["input_ids"].shape[1])
    if first.seed is not None and first.temperature > 0:
        torch.manual_seed(first.seed)
    started_s = time.monotonic()
    with TopRecorder(local.model, first.top_logprobs) as recorder, torch.inference_mode():
        output = local.model.generate(**inputs, **_settings(local, first, recorder))
    seconds = time.monotonic() - started_s
    prompt_tokens = inputs["attention_mask"].sum(dim=1).tolist()
    for row in range(len(requests)):
        new = output[row, length:].tolist()
        yield _reply(local, first, new, recorder, row, int(prompt_tokens[row]), seconds)


def _prepare(local: LocalModel, requests: Sequence[Request]) -> dict[str, Any]:
    """Tensors of a left-padded batch on the model's device."""
    texts = [_prompt_text(local, request) for request in requests]
    images = [part.to_pil() for part in _parts(requests, Image)]
    sounds = [_samples(part, _sampling_rate(local)) for part in _parts(requests, Audio)]
    media: dict[str, Any] = {}
    if images:
        media["images"] = images
    if sounds:
        media["audio"] = sounds
    # the template already put the special tokens
    batch = local.processor(text=texts, **media, padding=True, return_tensors="pt", add_special_tokens=False)
    tensors = {name: value.to(local.model.device) for name, value in batch.items() if hasattr(value, "to")}
    dtype = local.model.dtype
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in tensors.items()}


def _parts(requests: Sequence[Request], kind: type[Any]) -> list[Any]:
    return [
        part
        for one in requests
        for message in one.messages
        for part in message.parts
        if isinstance(part, kind)
    ]


def _prompt_text(local: LocalModel, request: Request) -> str:
    plain = local.processor is local.tokenizer
    conversation = []
    for message in request.messages:
        content: Any = [_template_part(part) for part in message.parts]
        if plain:
            content = "".join(part.text for part in message.parts if isinstance(part, Text))
        turn: dict[str, Any] = {"role": message.role, "content": content}
        if message.tool_calls:
            turn["tool_calls"] = [dict(call) for call in message.tool_calls]
        conversation.append(turn)
    options = dict(request.extra.get("chat_template_kwargs", {}))
    if request.tools:
        options["tools"] = [dict(tool) for tool in request.tools]
    text: str = local.processor.apply_chat_template(
        conversation, tokenize=False, add_generation_prompt=True, **options
    )
    return text


def _template_part(part: object) -> dict[str, str]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image():
            return {"type": "image"}
        case Audio():
            return {"type": "audio"}
        case _:
            raise VideoError(f"a local model cannot take a {type(part).__name__}", "send frames instead")


def _sampling_rate(local: LocalModel) -> int:
    extractor = getattr(local.processor, "feature_extractor", None)
    return int(getattr(extractor, "sampling_rate", 16_000))


def _samples(part: Audio, rate_hz: int) -> Any:
    from vidkit.serving.sound import decode_mono

    return decode_mono(part.data, rate_hz)


def _settings(local: LocalModel, request: Request, recorder: TopRecorder) -> dict[str, Any]:
    """Arguments of `generate`: plain greedy or plain temperature sampling, whatever the folder's defaults."""
    from transformers import StoppingCriteriaList

    settings: dict[str, Any] = {
        "max_new_tokens": request.max_tokens,
        "do_sample": request.temperature > 0,
        "repetition_penalty": request.extra.get("repetition_penalty", 1.0),
        "pad_token_id": local.tokenizer.pad_token_id,
        "num_beams": 1,
        "return_dict_in_generate": False,
    }
    if request.temperature > 0:
        settings |= {"temperature": request.temperature, "top_p": request.top_p or 1.0}
        settings["top_k"] = request.extra.get("top_k", 0)
    else:
        settings |= {"temperature": None, "top_p": None, "top_k": None}
    if request.stop:
        settings |= {"stop_strings": list(request.stop), "tokenizer": local.tokenizer}
    if request.top_logprobs:
        settings["stopping_criteria"] = StoppingCriteriaList([recorder])
    return settings


def _end_ids(local: LocalModel) -> set[int]:
    ends = local.model.generation_config.eos_token_id
    listed = ends if isinstance(ends, list) else [ends]
    return {int(one) for one in [*listed, local.tokenizer.eos_token_id] if one is not None}


def _reply(
    local: LocalModel,
    request: Request,
    new: list[int],
    recorder: TopRecorder,
    row: int,
    prompt: int,
    seconds: float,
) -> Reply:
    # rows that ended early are padded up to the longest of the batch
    ends = _end_ids(local)
    count = next((place for place, token in enumerate(new) if token in ends), len(new))
    ended = count < len(new)
    text = local.tokenizer.decode(new[:count], skip_special_tokens=True)
    if request.stop:
        text, stopped = _cut_at(text, request.stop)
        count = _tokens_until(new, count, text, local) if stopped else count
        ended = ended or stopped
    tokens: tuple[Token, ...] | None = None
    if request.top_logprobs:
        tokens = tuple(recorder.tokens(row, new[:count], local.tokenizer))
    return Reply(
        text=text,
        finish_reason="stop" if ended else "length",
        usage=Usage(prompt, count),
        tokens=tokens,
        latency_s=seconds,
        model=str(local.model.config.name_or_path),
    )


def _cut_at(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    places = [place for place in (text.find(stop) for stop in stops) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)


def _tokens_until(new: list[int], count: int, text: str, local: LocalModel) -> int:
    """Fewest leading tokens that hold the whole cut text."""
    for length in range(count + 1):
        if len(local.tokenizer.decode(new[:length], skip_special_tokens=True)) >= len(text):
            return length
    return count
