"""The server's side of the OpenAI chat format: untrusted JSON to requests, replies to JSON."""

from __future__ import annotations

import base64
import binascii
import math
import time
import uuid
from collections.abc import Mapping
from typing import Any

from vidkit.errors import VidkitError
from vidkit.serving.messages import Audio, Image, Message, Request, Text, Video
from vidkit.serving.messages import Part as MessagePart
from vidkit.serving.reply import Reply, Token

_PASSED_ON = ("chat_template_kwargs", "repetition_penalty", "top_k")


class BadRequestError(VidkitError):
    """A body that this server cannot take."""


def parse_request(body: Mapping[str, Any]) -> Request:
    """Read the body of a chat completion call.

    Raises:
        BadRequestError: naming the field.
    """
    if body.get("stream"):
        raise BadRequestError("'stream' is not supported by this server")
    if body.get("n", 1) != 1:
        raise BadRequestError(f"'n' must be 1, got {body['n']!r}")
    _refuse_what_would_be_ignored(body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("'messages' must be a list with at least one message")
    stop = body.get("stop") or []
    wants_top = bool(body.get("logprobs"))
    extra = {
        name: body[name] for name in ("chat_template_kwargs", "repetition_penalty", "top_k") if name in body
    }
    return Request(
        messages=tuple(_message(place, message) for place, message in enumerate(messages)),
        max_tokens=int(_number(body, "max_tokens", _number(body, "max_completion_tokens", 256, 1), 1)),
        temperature=_number(body, "temperature", 1.0, 0),
        top_p=_number(body, "top_p", 1.0, 0) if body.get("top_p") is not None else None,
        stop=tuple([stop] if isinstance(stop, str) else map(str, stop)),
        top_logprobs=int(_number(body, "top_logprobs", 1, 0)) if wants_top else 0,
        seed=int(_number(body, "seed", 0, 0)) if body.get("seed") is not None else None,
        extra=extra,
    )


def _refuse_what_would_be_ignored(body: Mapping[str, Any]) -> None:
    """A caller who asks for tools or a form of the reply must not get an answer that never heard of it."""
    for name in ("tools", "functions", "logit_bias", "audio", "prediction", "web_search_options"):
        if body.get(name):
            raise BadRequestError(f"'{name}' is not supported by this server")
    if body.get("tool_choice") not in (None, "none", "auto"):
        raise BadRequestError("'tool_choice' is not supported by this server")
    form = body.get("response_format")
    if form is not None and form != {"type": "text"}:
        raise BadRequestError("'response_format' is not supported by this server, but for {'type': 'text'}")
    for name in ("presence_penalty", "frequency_penalty"):
        if body.get(name):
            raise BadRequestError(f"'{name}' is not supported by this server")
    if body.get("modalities") not in (None, ["text"]):
        raise BadRequestError("'modalities' must be ['text']: this server answers in text")


def _number(body: Mapping[str, Any], name: str, default: float, least: float) -> float:
    value = body.get(name)
    if value is None:
        return default
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or value < least
    ):
        raise BadRequestError(f"'{name}' must be a number of at least {least}, got {value!r}")
    return float(value)


def _message(place: int, message: Any) -> Message:
    where = f"messages[{place}]"
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise BadRequestError(f"{where} has no 'role'")
    content = message.get("content")
    if content is None or isinstance(content, str):
        return Message.of(message["role"], content or "")
    if not isinstance(content, list):
        raise BadRequestError(f"{where}.content must be text or a list of parts")
    return Message(
        message["role"], tuple(_part(f"{where}.content[{n}]", part) for n, part in enumerate(content))
    )


def _part(where: str, part: Any) -> MessagePart:
    kind = part.get("type") if isinstance(part, Mapping) else None
    value = part.get(kind) if isinstance(kind, str) else None
    match kind, value:
        case "text", str():
            return Text(value)
        case "image_url", {"url": str(url)}:
            data, _ = _data_url(where, url)
            return Image.from_bytes(data, where)
        case "video_url", {"url": str(url)}:
            return Video(*_data_url(where, url))
        case "input_audio", {"data": str(data), "format": str(container)}:
            return Audio(_unbase64(where, data), container)
    raise BadRequestError(f"{where} is not a text, image_url, video_url or input_audio part")


def _data_url(where: str, url: str) -> tuple[bytes, str]:
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not head.endswith(";base64") or not comma:
        raise BadRequestError(f"{where} must be a base64 data URL; this server fetches nothing")
    return _unbase64(where, data), head.removeprefix("data:").removesuffix(";base64")


def _unbase64(where: str, data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"{where} is not base64: {error}") from error


def format_reply(reply: Reply, model: str, top_logprobs: int) -> dict[str, Any]:
    """A reply in the OpenAI form."""
    logprobs = None
    if top_logprobs and reply.tokens is not None:
        logprobs = {"content": [_format_token(token) for token in reply.tokens]}
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.tool_calls:
        message["tool_calls"] = list(reply.tool_calls)
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": logprobs}
    usage = reply.usage.as_dict()
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


def _format_token(token: Token) -> dict[str, Any]:
    top = [{"token": one.token, "logprob": one.logprob, "bytes": None} for one in token.top]
    # JSON has no NaN
    logprob = token.logprob if math.isfinite(token.logprob) else None
    return {"token": token.text, "logprob": logprob, "bytes": None, "top_logprobs": top}
