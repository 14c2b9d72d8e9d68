"""The address of a served model: where calls go, what it is shown as, and the credentials in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from vidkit.errors import ConfigError
from vidkit.utils.redaction import basic_auth, read_key, remember, shown_url

_ENDPOINT = "/chat/completions"
_VERSION = re.compile(r"/v\d+[a-z0-9]*(/|$)|/deployments/|/openai(/|$)", re.I)
_EXAMPLE = "e.g. http://127.0.0.1:8000/v1"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model is served.

    Attributes:
        url: of chat completions; a query such as Azure's `api-version` is kept.
        shown: the address as given, without its secrets.
        authorization: header that user information in the address asks for, None without any.
    """

    url: httpx.URL
    shown: str
    authorization: str | None

    @classmethod
    def of(cls, base_url: str) -> Address:
        """Read an address up to and including the version, with or without a query.

        Raises:
            ConfigError: it is not an address of a server.
        """
        shown = shown_url(base_url)
        try:
            url = httpx.URL(base_url.strip())
            urlsplit(base_url)  # stricter about brackets
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise ConfigError(f"not an address of a server: '{shown}' ({error})", _EXAMPLE) from None
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(f"not an address of a server: '{shown}'", _EXAMPLE)
        if url.port is not None and not 0 < url.port < 65536:
            raise ConfigError(f"not an address of a server: '{shown}' (no port {url.port})", _EXAMPLE)
        path = url.raw_path.decode().partition("?")[0].rstrip("/")
        path = path if path.endswith(_ENDPOINT) else path + _ENDPOINT
        credentials = basic_auth(base_url)
        query = f"?{url.query.decode()}" if url.query else ""
        # the user information goes into the header, and never further
        place = httpx.URL(f"{url.scheme}://{url.netloc.decode()}{path}{query}")
        return cls(place, shown.rstrip("/"), credentials)

    @property
    def version_hint(self) -> str:
        """What to try where the path has no version, as most servers have one; empty otherwise."""
        if _VERSION.search(self.url.path):
            return ""
        base, question, query = self.shown.partition("?")
        return f"the address has no version; did you mean {base.rstrip('/')}/v1{question}{query}?"

    def headers(self, key_variable: str) -> dict[str, str]:
        """What proves who asks: user information of the address before a key.

        Raises:
            ConfigError: a key that cannot stand in a header.
        """
        key = read_key(key_variable)
        if self.authorization is not None:
            return {"authorization": self.authorization}
        if not key:
            return {}
        remember(f"Bearer {key}")
        found = {"authorization": f"Bearer {key}"}
        # Azure's servers take keys in a header of their own
        return {**found, "api-key": key} if "api-version" in self.url.params else found
