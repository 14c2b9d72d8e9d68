"""Keeps secrets out of everything that is written: terminal, logs, predictions, results, pages, tracebacks.

A secret is known once it is remembered: keys when they are read, passwords and tokens of every address that
is used. `redact` takes the known ones out of a text, in plain and in encoded form; `redact_message` also
takes out what merely looks like one, and is for messages, never for data. Imports nothing heavy.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit

from vidkit.errors import ConfigError, OutputError
from vidkit.utils.plain import visible

HIDDEN = "***"
_ANYWHERE = 8  # letters; shorter ones count only as words of their own, or they would hit ordinary text
_SHORTEST = 4
_NOT_SECRET = frozenset({"empty", "none", "null", "dummy", "true", "false", "token", "password", "api-key"})
_SECRET_NAME = re.compile(
    r"(?:^|[-_.])(?:api[-_.]?)?(?:key|token|sig|signature|secret|passwd|password|pwd|pass|auth|authorization"
    r"|credentials?|code|jwt)$|(?:api|access|account|subscription|secret|private)key$|accesstoken$|^ak$|^sk$",
    re.I,
)
_SECRET_VARIABLE = re.compile(r"(?:^|_)(?:API_KEY|TOKEN|SECRET|SECRET_KEY|ACCESS_KEY|PASSWORD)$")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_USERINFO = re.compile(r"(?<=://)[^\s/?#'\"<>]+@")
_QUERY = re.compile(r"([?&;])([\w.-]+)=([^\s&#;'\"<>]+)")
_HEADER = re.compile(r"\b(Bearer|Basic|Token)\s+[\w.~+/=-]{6,}", re.I)

_forms: tuple[str, ...] = ()  # longest first, so that no part of a longer one is left
_words: tuple[re.Pattern[str], ...] = ()
_known: set[str] = set()


def remember(secret: str | None) -> None:
    """Take a secret out of everything that is written from now on; blank ends do not count."""
    global _forms, _words
    secret = (secret or "").strip()
    if len(secret) < _SHORTEST or secret.lower() in _NOT_SECRET or secret in _known:
        return
    _known.add(secret)
    forms = {form for form in _encoded(secret) if len(form) >= _SHORTEST}
    _forms = tuple(
        sorted({*_forms, *(form for form in forms if len(form) >= _ANYWHERE)}, key=len, reverse=True)
    )
    short = sorted(form for form in forms if len(form) < _ANYWHERE)
    _words = (*_words, *(re.compile(rf"(?<![^\W_]){re.escape(form)}(?![^\W_])") for form in short))


def _encoded(secret: str) -> Iterator[str]:
    """A secret as it may stand in headers, addresses, JSON, HTML and reprs, or as a server echoes it."""
    data = secret.encode("utf-8", "surrogatepass")
    quoted = {quote(data, safe=""), quote(data), quote_plus(data)}
    yield from (secret, *quoted, *(re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), q) for q in quoted))
    if len(secret) < _ANYWHERE:
        return  # the encoded forms of four letters stand in many texts
    for ascii_only in (True, False):
        inner = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield from (inner, inner.replace("/", "\\/"))
    yield from (repr(secret)[1:-1], repr(data)[2:-1], html.escape(secret), html.escape(secret, quote=False))
    yield from (data.hex(), data.hex().upper(), secret[::-1], quote(secret[::-1], safe=""), secret.swapcase())
    yield from (secret.upper(), secret.lower(), *(quote(q, safe="") for q in quoted))
    # every letter escaped, as no browser would, but a server may
    for code in ("%{:02x}", "%{:02X}", "\\x{:02x}", "&#{};", "&#x{:x};", "&#x{:X};"):
        yield "".join(code.format(byte) for byte in data)
    for code in ("\\u{:04x}", "\\u{:04X}", "&#{};"):
        yield "".join(code.format(ord(letter)) for letter in secret)
    yield base64.b32encode(data).decode().rstrip("=")
    yield base64.b64encode(data[::-1]).decode().rstrip("=")
    # of a longer text that holds the secret at any place: the letters that the secret alone decides
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data).decode()
        sure = whole[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        yield from (sure, sure.translate(str.maketrans("+/", "-_")), quote(sure, safe=""))


def remember_url(url: object) -> None:
    """Remember what an address hides: its user information and the tokens of its query."""
    if not isinstance(url, str) or "://" not in url:
        return
    user, password, tokens = _parts_of(url)
    for text in (password, *tokens):
        remember(text)
        remember(unquote(text))
    # a name without a password, or one that nobody would choose, is a token
    is_odd = len(user) >= 2 * _ANYWHERE or (len(user) >= _ANYWHERE and any(map(str.isdigit, user)))
    if user and (not password or is_odd):
        remember(user)
        remember(unquote(user))
    if user or password:
        pair = f"{unquote(user)}:{unquote(password)}"
        remember(pair)
        remember(base64.b64encode(pair.encode()).decode())


def _parts_of(url: str) -> tuple[str, str, list[str]]:
    """User, password and secret values of the query; any text is taken, a broken address too."""
    rest = url.partition("://")[2]
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    # a password that is not quoted may hold a slash: then the last @ is still before the host
    userinfo = place.rpartition("@")[0] or (rest.rpartition("@")[0] if "@" in rest.partition("?")[0] else "")
    user, _, password = userinfo.partition(":")
    tokens = [value for _, name, value in _QUERY.findall(rest) if is_secret_name(name)]
    return user, password, tokens


def is_secret_name(name: str) -> bool:
    """Whether a field, header or part of a query of this name holds a secret."""
    return _SECRET_NAME.search(name.strip()) is not None


def remember_settings(value: Any, name: str = "") -> None:
    """Remember the secrets of settings: addresses anywhere, and texts whose name says what they are."""
    if isinstance(value, str):
        remember_url(value)
        if is_secret_name(name):
            remember(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            remember_settings(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            remember_settings(inner, name)
    elif hasattr(value, "__dataclass_fields__"):
        for field in value.__dataclass_fields__:
            # of a variable the name is set, not the secret
            if not field.endswith("_env"):
                remember_settings(getattr(value, field), field)


def remember_environment() -> None:
    """Remember passwords of proxies and the keys and tokens among the environment's variables."""
    for name, value in os.environ.items():
        if name.lower() in _PROXIES:
            remember_url(value if "://" in value else f"http://{value}")
        elif _SECRET_VARIABLE.search(name.upper()) and len(value.strip()) >= _ANYWHERE:
            for line in value.split():
                remember(line)


def read_key(variable: str) -> str | None:
    """The key in an environment variable without blank ends, remembered; None when there is none.

    Raises:
        ConfigError: it holds letters that cannot stand in a header; the key is not shown.
    """
    raw = os.environ.get(variable, "")
    key = raw.strip().strip("\ufeff\u200b")
    for piece in (key, *(piece for piece in key.split() if len(piece) >= _ANYWHERE)):
        remember(piece)
    if not key:
        return None
    bad = next((letter for letter in key if not 32 <= ord(letter) < 127), None)
    if bad is not None:
        what = "a line break" if bad in "\r\n" else f"U+{ord(bad):04X}"
        raise ConfigError(
            f"the key in {variable} holds {what} at character {key.index(bad) + 1} of {len(key)}",
            f"set {variable} again; a key is one word of letters, digits and signs",
        )
    return key


def basic_auth(url: str) -> str | None:
    """The `Authorization` header that an address with user information asks for; None without any."""
    user, password, _ = _parts_of(url)
    if not user and not password:
        return None
    remember_url(url)
    return "Basic " + base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()


def shown_url(url: str) -> str:
    """An address as it may be shown: without user information, secret values of the query hidden."""
    remember_url(url)
    try:
        parts = urlsplit(url)
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        shown = url
    return redact_message(shown)


def redact(text: str) -> str:
    """The text without any known secret."""
    for form in _forms:
        if form in text:
            text = text.replace(form, HIDDEN)
    for word in _words:
        text = word.sub(HIDDEN, text)
    return text


def redact_message(text: str) -> str:
    """A message without known secrets and without what looks like one: passwords in addresses, tokens."""
    text = redact(text)
    if "://" in text:
        text = _USERINFO.sub(f"{HIDDEN}@", text)
    if "=" in text:
        text = _QUERY.sub(lambda m: m[0] if not is_secret_name(m[2]) else f"{m[1]}{m[2]}={HIDDEN}", text)
    return _HEADER.sub(rf"\1 {HIDDEN}", text)


def redact_all(value: Any) -> Any:
    """JSON values with every text redacted, keys of objects too."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(key) if isinstance(key, str) else key: redact_all(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(one) for one in value]
    return value


class RedactingFormatter(logging.Formatter):
    """Log lines without secrets, those of tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(redact_message(super().format(record)), keep="\n\t")


class RedactingStream:
    """A text stream that never gets a secret nor what steers a terminal; the last belt, for what slipped by.

    Args:
        stream: what is written to.
        colours: escape sequences pass, since whoever writes has seen to those of others.
    """

    def __init__(self, stream: Any, colours: bool = False) -> None:
        self._stream = stream
        self._colours = colours

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def with_colours(self) -> RedactingStream:
        """The same for `vidkit.utils.console` and bars, whose escape sequences are their own."""
        return RedactingStream(self._stream, colours=True)

    def write(self, text: str) -> int:
        # what the terminal's encoding lacks (all but ASCII, in locale C) and half surrogate pairs, as ids may
        # hold, are shown escaped instead of ending the command
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        text = redact(text)
        shown = text if self._colours else visible(text, keep="\n\t")
        with self._explained():
            self._stream.write(shown.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        with self._explained():
            self._stream.flush()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"cannot write to standard output: {error.strerror}", "free space, or write somewhere else"
            ) from error

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


def guard_streams() -> None:
    """Standard output and error of this process get no secret and nothing that steers a terminal.

    Messages and results are made so already; this catches what comes from elsewhere.
    """
    # a stream that was closed (`>&-`) is one into nothing
    sys.stdout, sys.stderr = (
        RedactingStream(stream if stream is not None else open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        for stream in (sys.stdout, sys.stderr)
    )
