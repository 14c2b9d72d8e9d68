"""A server that gives back what it was sent: no byte of any file or line holds the key."""

import base64
import json
import os
from urllib.parse import quote

import pytest
import vidkit_process

pytest.importorskip("httpx", reason="asking a server needs httpx")

from scripted_server import Act, ScriptedServer, completion

KEY = "sk-Zq7/secret+key=9x"
PASSWORD = "Pw0rd-of-the-url"
TOKEN = "T0ken-of-the-query"
PROXY = "Pr0xy-password"
TASK = {
    "name": "words",
    "title": "Words",
    "id": "{id}",
    "group": "{id}",
    "question": "question",
    "options": "options",
    "answer": "answer",
}
ROWS = [{"id": f"q{n}", "question": f"{n}?", "options": ["yes", "no"], "answer": "A"} for n in range(3)]


def forms_of(secret: str) -> list[bytes]:
    inner = base64.b64encode(f"abc{secret}".encode()).decode()[4:]  # without padding: three bytes before
    texts = [secret, quote(secret, safe=""), secret.replace("/", "\\/"), inner.rstrip("=")[:-2]]
    texts += [secret[::-1], escaped(secret), secret.upper()]
    return [text.encode() for text in texts]


def escaped(secret: str) -> str:
    return "".join(f"%{byte:02X}" for byte in secret.encode())


def echoes(server: ScriptedServer, kind: str) -> Act:
    """Everything that was sent, in a place that a hostile or careless server would put it."""
    said = f"{server.heads[-1]} and {KEY} {quote(KEY, safe='')} {base64.b64encode(KEY.encode()).decode()}"
    said += f" {KEY[::-1]} {escaped(KEY)} {KEY.upper()} {base64.b64encode(KEY[::-1].encode()).decode()}"
    if kind == "reply":
        message = {"role": "assistant", "content": f"A. {said}", "reasoning_content": said}
        tokens = [{"token": KEY, "logprob": -0.1, "top_logprobs": [{"token": KEY, "logprob": -0.1}]}]
        return Act(body=completion("", message=message, logprobs={"content": tokens}, finish_reason=said))
    if kind == "page":
        return Act(body=f"<p>{said}</p>".encode(), headers={"content-type": "text/html"})
    if kind == "moved":
        return Act(status=302, headers={"location": f"http://x:{PASSWORD}@h/?token={TOKEN}&k={quote(KEY)}"})
    body = json.dumps({"error": {"message": said, "code": KEY, "param": KEY}}).replace("/", "\\/")
    return Act(status=int(kind), body=body.encode())


@pytest.mark.parametrize("kind", ["reply", "400", "401", "500", "page", "moved"])
def test_no_secret_reaches_any_sink(kind, tmp_path):
    (tmp_path / "words.yaml").write_text(json.dumps(TASK))
    (tmp_path / "d.json").write_text(json.dumps(ROWS))
    with ScriptedServer(lambda _: echoes(server, kind)) as server:
        url = server.base_url.replace("://", f"://user:{PASSWORD}@") + f"?api-version=1&api-key={TOKEN}"
        words = ["eval", "words.yaml", "--data", "d.json", "-m", "made", "--base-url", url, "-o", "run",
                 "--json", "out.json", "--html", "page.html", "--verbose", "server.attempts=2",
                 "server.concurrency=1", "sampling.top_logprobs=2", "resamples=20"]  # fmt: skip
        env = {
            **os.environ,
            "OPENAI_API_KEY": f"{KEY}\r\n",
            "VIDKIT_DEBUG": "1",
            "HTTPS_PROXY": f"http://p:{PROXY}@127.0.0.1:9",
        }
        done = vidkit_process.run(words, cwd=tmp_path, env=env)
        assert server.heads, done.stderr
        # the query is kept, and the address's own name and password are sent rather than the key
        assert f"chat/completions?api-version=1&api-key={TOKEN} " in server.heads[0]
        assert base64.b64encode(f"user:{PASSWORD}".encode()).decode() in server.heads[0]
    written = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    written |= {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    assert {"log.jsonl", "summary.json", "predictions.jsonl", "manifest.json"} <= set(written)
    basic = base64.b64encode(f"user:{PASSWORD}".encode())
    for name, data in written.items():
        for secret in (KEY, PASSWORD, TOKEN, PROXY):
            assert not any(form in data for form in forms_of(secret)), (name, data)
        assert basic not in data, name
    if kind == "reply":
        assert b"***" in written["predictions.jsonl"] and done.returncode == 0
        assert json.loads(written["out.json"])["counts"]["answered"] == 3
    else:
        assert done.returncode != 0


def test_a_key_with_a_line_break_in_it_is_two_lines_without_the_key(tmp_path):
    (tmp_path / "words.yaml").write_text(json.dumps(TASK))
    (tmp_path / "d.json").write_text(json.dumps(ROWS))
    words = ["eval", "words.yaml", "--data", "d.json", "-m", "made", "--base-url", "http://127.0.0.1:9/v1"]
    env = {**os.environ, "OPENAI_API_KEY": "sk-first\nsecond-part", "VIDKIT_DEBUG": "0"}
    done = vidkit_process.run(words, cwd=tmp_path, env=env)
    assert done.returncode == 2
    error, hint = done.stderr.splitlines()
    assert error == "error: the key in OPENAI_API_KEY holds a line break at character 9 of 20"
    assert "first" not in done.stderr and "second" not in done.stderr and hint.startswith("hint: ")
