"""What the environment says of proxies and certificates, checked before something is sent."""

from __future__ import annotations

import importlib.util
import os
import ssl
import urllib.request
from urllib.parse import urlsplit

from vidkit.errors import ConfigError
from vidkit.utils.redaction import remember_url, shown_url

_HERE = ("localhost", "127.0.0.1", "::1")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for an address; None without one, and for this machine.

    A proxy without a scheme is an HTTP proxy, as curl takes it.

    Args:
        scheme: "http" or "https".
        host: of the address.

    Raises:
        ConfigError: a proxy that cannot be used; its password is not shown.
    """
    if host in _HERE or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    kind = scheme if proxies.get(scheme) else "all"
    named = (proxies.get(kind) or "").strip()
    if not named:
        return None
    names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    variable = next((name for name in names if os.environ.get(name)), names[0])
    proxy = named if "://" in named else f"http://{named}"
    remember_url(proxy)
    _check_proxy(proxy, variable, host)
    return proxy


def check_network(scheme: str, host: str) -> None:
    """Refuse an environment that no request could be sent in.

    Raises:
        ConfigError: names the variable and what is wrong with it.
    """
    proxy_for(scheme, host)
    if scheme == "https":
        _check_certificates()


def check_hub() -> None:
    """`check_network` for the hub of models, unless it is to be left alone (HF_HUB_OFFLINE).

    Raises:
        ConfigError: names the variable and what is wrong with it.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return
    address = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    check_network(address.scheme, address.hostname or "")


def _check_proxy(proxy: str, variable: str, host: str) -> None:
    hint = f"correct {variable}, or unset it; NO_PROXY={host} leaves this address out"
    try:
        parts = urlsplit(proxy)
        named, kind = parts.hostname, parts.scheme.lower()
        _ = parts.port
    except ValueError:
        raise ConfigError(f"{variable} is not an address of a proxy: '{shown_url(proxy)}'", hint) from None
    if not named or any(letter.isspace() for letter in proxy):
        raise ConfigError(f"{variable} is not an address of a proxy: '{shown_url(proxy)}'", hint)
    if kind in ("socks5", "socks5h"):
        if importlib.util.find_spec("socksio") is None:
            raise ConfigError(
                f"{variable} names a SOCKS proxy, '{shown_url(proxy)}', which needs the package 'socksio'",
                f"pip install socksio; or {hint}",
            )
    elif kind not in ("http", "https"):
        raise ConfigError(
            f"{variable} names a proxy of kind '{kind}', known are http, https and socks5", hint
        )


def _check_certificates() -> None:
    for variable in _CERTIFICATES:
        path = os.environ.get(variable, "")
        if not path:
            continue
        hint = f"correct {variable}, or unset it to take the certificates that come with Python"
        # a folder list, as in PATH, a file, or either
        takes_folder, takes_file = variable != "SSL_CERT_FILE", variable != "SSL_CERT_DIR"
        parts = path.split(os.pathsep) if variable == "SSL_CERT_DIR" else [path]
        if takes_folder and any(os.path.isdir(part) for part in parts):
            continue
        if not (takes_file and os.path.isfile(path)):
            kind = "file" if takes_file else "folder"
            raise ConfigError(f"{variable} names a {kind} that does not exist: '{path}'", hint)
        try:
            ssl.create_default_context(cafile=path)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(f"{variable} names a file without certificates: '{path}'", hint) from error
