"""Proxies and certificates that cannot work are told before anything is sent."""

import asyncio
import json
from pathlib import Path

import pytest

from vidkit.cli.main import run
from vidkit.errors import ConfigError
from vidkit.serving import EngineError, Message, Request
from vidkit.serving.openai_engine import OpenAIEngine
from vidkit.serving.retry import RetryPolicy
from vidkit.utils import network
from vidkit.utils.network import check_hub, check_network, proxy_for

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in network._CERTIFICATES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("value", "proxy"),
    [("127.0.0.1:3128", "http://127.0.0.1:3128"), ("http://p:1", "http://p:1"), ("", None), (" ", None)],
)
def test_a_proxy_without_a_scheme_is_an_http_proxy(value: str, proxy: str | None, monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert proxy_for("https", "example.org") == proxy
    assert proxy_for("http", "example.org") is None
    assert proxy_for("https", "localhost") is None


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("HTTPS_PROXY", "ftp://p:1", "HTTPS_PROXY names a proxy of kind 'ftp'"),
        ("https_proxy", "http://p:port", "https_proxy is not an address of a proxy: 'http://p:port'"),
        ("ALL_PROXY", "http://", "ALL_PROXY is not an address of a proxy"),
        ("ALL_PROXY", "socks4://p:1", "ALL_PROXY names a proxy of kind 'socks4'"),
        ("HTTPS_PROXY", "http://[::1", "HTTPS_PROXY is not an address of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(variable: str, value: str, said: str, monkeypatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as error:
        check_network("https", "example.org")
    assert error.value.message.startswith(said)
    assert "unset it; NO_PROXY=example.org" in error.value.hint
    monkeypatch.setenv("NO_PROXY", "example.org")
    check_network("https", "example.org")


def test_a_socks_proxy_says_what_it_needs_and_keeps_its_password(monkeypatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter22@p:1080")
    monkeypatch.setattr(network.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError) as error:
        check_network("https", "example.org")
    assert "needs the package 'socksio'" in error.value.message
    assert "hunter22" not in error.value.message + error.value.hint
    assert error.value.hint.startswith("pip install socksio")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_certificates_that_are_not_there_are_named(variable: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "none"))
    check_network("http", "example.org")
    with pytest.raises(ConfigError, match=f"{variable} names a f.* that does not exist: '{tmp_path}/none'"):
        check_network("https", "example.org")
    with pytest.raises(ConfigError):
        check_hub()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    check_hub()
    monkeypatch.setenv(variable, str(tmp_path))
    if variable != "SSL_CERT_FILE":
        check_network("https", "example.org")
    (tmp_path / "text").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "text"))
    with pytest.raises(ConfigError, match="without certificates"):
        check_network("https", "example.org")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HTTPS_PROXY", "ftp://p:1"), ("SSL_CERT_FILE", "/none"), ("OPENAI_API_KEY", "kl\u00fcssel-123456789")],
)
def test_eval_tells_in_two_lines(variable: str, value: str, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv(variable, value)
    data = tmp_path / "pope.jsonl"
    row = {"id": 1, "question_id": 1, "question": "A dog?", "answer": "yes", "category": "random"}
    data.write_text(json.dumps(row | {"image_source": "a"}) + "\n")
    (tmp_path / "a.jpg").write_bytes(b"")
    words = ["eval", "pope", f"data={data}", "--model", "openai:x", "server.base_url=https://example.org/v1"]
    words += [f"media={tmp_path}"]
    assert run([*words, "--output", str(tmp_path / "out")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert [line.split(":")[0] for line in lines[-2:]] == ["error", "hint"]
    assert variable in lines[-2]
    assert "bug" not in lines[-1]


def test_a_proxy_that_does_not_answer_is_named_without_its_password(monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:hunter22@127.0.0.1:9")
    engine = OpenAIEngine("m", "http://models.invalid/v1", retry=RetryPolicy(attempts=1))
    with pytest.raises(EngineError) as error:
        asyncio.run(engine.generate(Request((Message.of("user", "hi"),))))
    told = "connection to http://models.invalid/v1 through the proxy http://127.0.0.1:9 failed: "
    assert error.value.message.startswith(told)
