"""The OpenAI chat format: requests to JSON, JSON to replies. What a server sends is checked here."""

from __future__ import annotations

import base64
import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from vidkit.serving.dialect import PLAIN, Dialect
from vidkit.serving.engine import EngineError, ErrorKind
from vidkit.serving.messages import Audio, Image, Message, Request, Text, Video
from vidkit.serving.messages import Part as MessagePart
from vidkit.serving.reply import Alternative, Reply, Token, Usage
from vidkit.utils import json_depth
from vidkit.utils.redaction import redact, redact_all, redact_message

_PLACEHOLDER_BELOW = -9000.0
"""vLLM fills missing log-probabilities with -9999; nothing real comes near."""
# levels: only the top ones are walked over, and odd arguments of a call should not cost a reply
_DEEPEST = 500


def encode_request(request: Request, model: str, dialect: Dialect = PLAIN) -> bytes:
    """The body of a chat completion call, UTF-8 JSON, in the server's dialect."""
    media = _Media()
    body: dict[str, Any] = {
        "model": model,
        "messages": [_encode_message(message, media) for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None:
        body["seed"] = request.seed
    if request.top_logprobs:
        body["logprobs"] = True
        body["top_logprobs"] = request.top_logprobs
    if request.tools:
        body["tools"] = [dict(tool) for tool in request.tools]
    body.update(request.extra)
    dialect.adapt(body, given=request.extra)
    return media.fill_in(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


class _Media:
    """Holds base64 text back from the JSON encoder, which would look at each of its millions of letters."""

    def __init__(self) -> None:
        self._texts: list[bytes] = []
        # nobody can write this into a question
        self._mark = f"media-{secrets.token_hex(16)}-"

    def hold(self, data: bytes) -> str:
        """A short text that stands for the base64 of `data`."""
        self._texts.append(base64.b64encode(data))
        return f"{self._mark}{len(self._texts) - 1:06d}"

    def fill_in(self, body: bytes) -> bytes:
        """The body with every stand-in replaced."""
        first, *others = body.split(self._mark.encode())
        pieces = [first]
        for other in others:
            pieces += [self._texts[int(other[:6])], other[6:]]
        return b"".join(pieces)


def _encode_message(message: Message, media: _Media) -> dict[str, Any]:
    encoded = _encode_content(message, media)
    if message.tool_calls:
        encoded["tool_calls"] = [dict(call) for call in message.tool_calls]
    if message.tool_call_id:
        encoded["tool_call_id"] = message.tool_call_id
    return encoded


def _encode_content(message: Message, media: _Media) -> dict[str, Any]:
    # text-only turns go as a plain string: some servers take lists only from vision models
    if all(isinstance(part, Text) for part in message.parts):
        text = "".join(part.text for part in message.parts if isinstance(part, Text))
        return {"role": message.role, "content": text}
    return {"role": message.role, "content": [_encode_part(part, media) for part in message.parts]}


def _encode_part(part: MessagePart, media: _Media) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image(data, mime):
            return {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{media.hold(data)}"}}
        case Audio(data, kind):
            return {"type": "input_audio", "input_audio": {"data": media.hold(data), "format": kind}}
        case Video(data, mime):
            return {"type": "video_url", "video_url": {"url": f"data:{mime};base64,{media.hold(data)}"}}


def bad_reply(message: str) -> EngineError:
    """The error for a reply that cannot be used."""
    hint = "look at the server's log; is this an OpenAI-compatible server?"
    return EngineError(ErrorKind.BAD_REPLY, message, hint)


def decode_json(body: bytes) -> dict[str, Any]:
    """Parse a body that has to be a JSON object.

    Raises:
        EngineError: of kind BAD_REPLY, with the place where it broke.
    """
    if not body.strip():
        raise bad_reply("the reply is empty")
    try:
        parsed = json_depth.loads(body, _DEEPEST)
    except UnicodeDecodeError as error:
        raise bad_reply(f"the reply is not UTF-8 (byte {error.start} of {len(body)})") from error
    except json.JSONDecodeError as error:
        place = f"character {error.pos} of {len(body)}"
        raise bad_reply(f"the reply is not JSON: {error.msg} at {place}") from error
    except RecursionError as error:
        raise bad_reply("the reply is JSON nested too deeply to read") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise bad_reply(f"the reply is JSON that cannot be read: {_one_line(str(error))}") from error
    if not isinstance(parsed, dict):
        raise bad_reply(f"the reply is a JSON {type(parsed).__name__}, not an object")
    return parsed


def decode_reply(body: Mapping[str, Any]) -> Reply:
    """Read a chat completion; secrets that a server gives back are taken out.

    Raises:
        EngineError: of kind BAD_REPLY, naming the field.
    """
    try:
        return _without_secrets(_decode_reply(body))
    except (RecursionError, ValueError, OverflowError) as error:
        raise bad_reply(f"the reply cannot be read: {_one_line(str(error))}") from error


def _without_secrets(reply: Reply) -> Reply:
    text, reasoning = redact(reply.text), redact(reply.reasoning)
    # a secret that was said is said by the tokens too
    tokens = reply.tokens if (text, reasoning) == (reply.text, reply.reasoning) else None
    return replace(
        reply,
        text=text,
        reasoning=reasoning,
        tokens=tokens,
        model=redact(reply.model),
        finish_reason=redact(reply.finish_reason),
        tool_calls=tuple(redact_all(reply.tool_calls)),
    )


def _decode_reply(body: Mapping[str, Any]) -> Reply:
    # some gateways answer 200 with an error inside
    if body.get("error"):
        raise bad_reply(f"the server answered with an error inside a reply: {_error_text(body['error'])}")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise bad_reply("the reply has no 'choices'")
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise bad_reply("the reply's first choice has no 'message'")
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise bad_reply("the reply's 'tool_calls' is not a list")
    return Reply(
        text=_content(message),
        finish_reason=str(choice.get("finish_reason") or "unknown"),
        usage=_decode_usage(body.get("usage")),
        tokens=_decode_tokens(choice.get("logprobs")),
        model=str(body.get("model") or ""),
        reasoning=_string(message.get("reasoning_content")) or _string(message.get("reasoning")),
        tool_calls=tuple(dict(call) for call in calls if isinstance(call, Mapping)),
    )


def error_message(body: bytes) -> tuple[str, str]:
    """The text and the code of an error body in whatever form, cut to one readable line."""
    try:
        parsed = json_depth.loads(body)
        error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
        code = str(error.get("code") or error.get("type") or "") if isinstance(error, dict) else ""
        return _error_text(error), _one_line(code)
    except (ValueError, RecursionError):
        return _one_line(body.decode("utf-8", "replace")), ""


def _error_text(error: Any) -> str:
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail") or json.dumps(error, default=str)
    return _one_line(str(error))


def _one_line(text: str) -> str:
    # before it is cut, or half a secret would be left
    line = redact_message(" ".join(text.split()))
    return line if len(line) <= 300 else line[:297] + "..."


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if content is None:
        return _string(message.get("refusal"))
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, Mapping))
    raise bad_reply(f"the reply's content is a {type(content).__name__}, not text")


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count else None


def _decode_usage(usage: Any) -> Usage:
    if not isinstance(usage, Mapping):
        return Usage()
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), cached)


def _decode_tokens(logprobs: Any) -> tuple[Token, ...] | None:
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(content, list):
        return None
    return tuple(_decode_token(entry) for entry in content if isinstance(entry, Mapping))


def _decode_token(entry: Mapping[str, Any]) -> Token:
    alternatives = entry.get("top_logprobs")
    top = [
        Alternative(_string(one.get("token")), float(one["logprob"]))
        for one in (alternatives if isinstance(alternatives, list) else [])
        if isinstance(one, Mapping) and _is_logprob(one.get("logprob"))
    ]
    # servers may put the sampled token first, whatever its rank
    top.sort(key=lambda one: -one.logprob)
    chosen = entry.get("logprob")
    logprob = float(chosen) if _is_logprob(chosen) else math.nan
    return Token(_string(entry.get("token")), logprob, tuple(top))


def _is_logprob(value: Any) -> TypeGuard[float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    # compared before anything is converted: whole numbers of a reply may be too large for a float
    return _PLACEHOLDER_BELOW < value < 1e9
