"""Secrets: how they are read, which forms of them are found, and that ordinary text is left alone."""

import base64
import html
import json
import logging
from urllib.parse import quote, quote_plus

import pytest

from vidkit.errors import ConfigError
from vidkit.utils import redaction
from vidkit.utils.redaction import (
    RedactingFormatter,
    is_secret_name,
    read_key,
    redact,
    redact_all,
    redact_message,
    remember,
    remember_environment,
    remember_settings,
    shown_url,
)

KEY = 'sk-Odd/key+with"quotes\\and&signs=42'


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setattr(redaction, "_forms", ())
    monkeypatch.setattr(redaction, "_words", ())


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY, safe=""),
        quote(KEY),
        quote_plus(KEY),
        json.dumps(KEY),
        json.dumps(KEY).replace("/", "\\/"),
        repr(KEY),
        repr(KEY.encode()),
        html.escape(KEY),
        KEY.encode().hex(),
        base64_of(KEY),
        base64_of(f"Bearer {KEY}"),
        base64_of(f"user:{KEY}"),
        base64_of(f"someone:{KEY}@"),
        base64.urlsafe_b64encode(f"ab{KEY}".encode()).decode(),
        quote(base64_of(f"xy{KEY}"), safe=""),
        quote(quote(KEY, safe=""), safe=""),
        KEY[::-1],
        quote(KEY[::-1], safe=""),
        base64_of(KEY[::-1]),
        KEY.upper(),
        KEY.lower(),
        KEY.swapcase(),
        base64.b32encode(KEY.encode()).decode(),
        "".join(f"%{ord(letter):02x}" for letter in KEY),
        "".join(f"%{ord(letter):02X}" for letter in KEY),
        "".join(f"\\u{ord(letter):04x}" for letter in KEY),
        "".join(f"\\x{ord(letter):02x}" for letter in KEY),
        "".join(f"&#{ord(letter)};" for letter in KEY),
        "".join(f"&#x{ord(letter):X};" for letter in KEY),
    ],
)
def test_every_form_of_a_key_is_taken_out(form):
    remember(KEY)
    shown = redact(f"before {form} after")
    assert "***" in shown and shown.startswith("before ") and shown.endswith(" after")
    assert "Odd" not in shown and base64_of("Odd/key+with")[:12] not in shown


def test_short_secrets_are_taken_out_as_words_and_placeholders_never():
    for secret in ("hunter2", "ab", "EMPTY", "none"):
        remember(secret)
    assert redact("pw=hunter2, not hunter22; ab is EMPTY, none") == "pw=***, not hunter22; ab is EMPTY, none"


def test_json_stays_json_when_a_key_is_a_number():
    remember("1234567890")
    assert redact_all({"n": 1234567890, "text": ["x1234567890x"]}) == {"n": 1234567890, "text": ["x***x"]}


@pytest.mark.parametrize("raw", ["sk-abcdefgh\n", "\r\n sk-abcdefgh\t", "\ufeffsk-abcdefgh"])
def test_blank_ends_of_a_key_do_not_count(raw, monkeypatch):
    monkeypatch.setenv("SOME_KEY", raw)
    assert read_key("SOME_KEY") == "sk-abcdefgh"
    assert redact("b'Bearer sk-abcdefgh'") == "b'Bearer ***'"


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("sk-abcdef\nsecond-half", "a line break at character 10 of 21"),
        ("sk-abc\u0434efgh", "U+0434 at character 7 of 11"),
        ("sk-abc\x07efgh", "U+0007"),
    ],
)
def test_a_key_that_no_header_takes_is_refused_unseen(raw, what, monkeypatch):
    monkeypatch.setenv("SOME_KEY", raw)
    with pytest.raises(ConfigError) as caught:
        read_key("SOME_KEY")
    text = caught.value.message + caught.value.hint
    assert what in text and "SOME_KEY" in text
    assert not any(piece in text for piece in ("sk-abc", "second", "efgh"))


def test_an_address_is_shown_without_its_secrets_and_they_are_known_afterwards():
    url = "https://me:p%40ss-word@host.org/openai?api-version=2024-10-21&api-key=abcd1234efgh&sig=SiGnAtUrE"
    assert shown_url(url) == "https://host.org/openai?api-version=2024-10-21&api-key=***&sig=***"
    for leaked in ("p%40ss-word", "p@ss-word", "abcd1234efgh", "SiGnAtUrE", base64_of("me:p@ss-word")):
        assert redact(f"it said {leaked}!") == "it said ***!"


@pytest.mark.parametrize(
    "url", ["http://u:pass/word1@h/v1", "http://[bad:secretpw@h/v1", "http://secretpw@h:x/v1"]
)
def test_broken_addresses_do_not_show_passwords(url):
    assert not any(word in shown_url(url) for word in ("word1", "secretpw"))


def test_messages_lose_what_looks_like_a_secret():
    text = "GET http://a:b@h/?token=abc&x=1 with Authorization: Bearer abcdef.ghi"
    assert redact_message(text) == "GET http://***@h/?token=***&x=1 with Authorization: Bearer ***"


@pytest.mark.parametrize("name", ["key", "api-key", "API_KEY", "apiKey", "access_token", "sig", "password"])
def test_names_of_secrets(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["api-version", "monkey", "keyframes", "max_tokens", "design", "model"])
def test_names_of_other_things(name):
    assert not is_secret_name(name)


def test_settings_and_environment_give_their_secrets(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy-user:proxy-pass@proxy:3128")
    monkeypatch.setenv("SOME_API_KEY", "key-of-the-environment")
    remember_environment()
    remember_settings(
        {"server": {"options": {"api_key": "given-as-option"}}, "urls": ["http://x:in-a-list@h"]}
    )
    for secret in ("proxy-pass", "key-of-the-environment", "given-as-option", "in-a-list"):
        assert redact(secret) == "***"


def test_log_lines_and_their_tracebacks_are_redacted():
    remember("secret-of-a-log")
    try:
        raise ValueError("Illegal header value b'Bearer secret-of-a-log'")
    except ValueError as error:
        record = logging.LogRecord(
            "n", 30, "f", 1, "said %s", ("secret-of-a-log",), (ValueError, error, None)
        )
    line = RedactingFormatter().format(record)
    assert line.startswith("said ***") and "secret-of-a-log" not in line
