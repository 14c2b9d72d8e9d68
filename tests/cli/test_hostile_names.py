"""Whatever names, prompts, titles and programs hold: no command prints what steers a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.fuzz_traces import seed_trace
from vidkit.cli.main import run
from vidkit.utils import redaction
from vidkit.utils.console import Terminal
from vidkit.utils.plain import visible_json
from vidkit.utils.quiet import _Bars

ESCAPE = "\x1b[31mRED\x1b]0;title\x07\x9b1m\x08\r\u202e\u2028"
NAME = f"n{ESCAPE}"
STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
TITLES = ("title", "name", "label", "text", "description", "author")


def hostile(value: object, key: str = "") -> object:
    """A trace whose titles, labels and words hold what steers a terminal."""
    if isinstance(value, dict):
        return {name: hostile(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner, key) for inner in value]
    return value + ESCAPE if isinstance(value, str) and key in TITLES else value


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    trace = seed_trace(random.Random(1))
    files = {
        f"{NAME}.txt": f"a red ball {ESCAPE}\n",
        f"{NAME}.jsonl": json.dumps({"prompt": f"a {ESCAPE}", f"size{ESCAPE}": 2}) + "\n",
        f"{NAME}.py": f"print({ESCAPE!r})\nx = [3, 1, 2]\nx.sort()\nraise ValueError({ESCAPE!r})\n",
        f"{NAME}.json": json.dumps(hostile(trace)),
        f"bad{ESCAPE}.json": json.dumps({**trace, f"key{ESCAPE}": ESCAPE}),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "-c", "wan1_3b_480p", f"a {ESCAPE} ball", "--dry-run"],
        ["generate", "--prompts", f"{NAME}.jsonl", "--dry-run"],
        ["generate", "--prompts", f"no{ESCAPE}.txt"],
        ["generate", f"model.path=/no/{ESCAPE}"],
        ["generate", "-c", "wan1_3b_480p", "a ball", f"lora=no{ESCAPE}.safetensors", "--dry-run"],
        ["generate", f"image=no{ESCAPE}.png"],
        ["generate", "-c", f"no{ESCAPE}"],
        ["generate", f"cache=no{ESCAPE}"],
        ["generate", f"--no{ESCAPE}"],
        ["calibrate", "--resolve", f"no{ESCAPE}.json", "budget=0.5"],
        ["calibrate", f"prompts={NAME}.txt", "--dry-run"],
        ["calibrate", "gate", f"no{ESCAPE}"],
        ["algoviz", f"{NAME}.json", "-o", f"o{ESCAPE}.svg"],
        ["algoviz", "validate", f"{NAME}.json", f"bad{ESCAPE}.json"],
        ["algoviz", "hash", f"{NAME}.json"],
        ["algoviz", "diff", f"{NAME}.json", f"bad{ESCAPE}.json"],
        ["algoviz", "check", f"{NAME}.json", "--json", "-"],
        ["algoviz", "check", f"{NAME}.json", "-s", f"no{ESCAPE}"],
        ["algoviz", "run", f"{NAME}.py"],
        ["algoviz", "run", f"{NAME}.py", "-o", f"o{ESCAPE}.json", "--json", "-"],
        ["algoviz", "demo", f"no{ESCAPE}"],
        ["bench", "vr-bench", f"sections=[{ESCAPE}]"],
        ["bench", f"no{ESCAPE}"],
        ["select-frames", f"no{ESCAPE}.mp4"],
        ["list", f"no{ESCAPE}"],
        ["config", f"no{ESCAPE}"],
        ["config", "generate", f"no{ESCAPE}"],
        [f"no{ESCAPE}"],
    ],
    ids=lambda words: " ".join(words[:2])[:20].partition("\x1b")[0],
)
def test_nothing_that_steers_a_terminal_is_printed(
    words: list[str], place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # as `main` does it, for one test
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    redaction.guard_streams()
    run(words)
    shown = capsys.readouterr()
    assert shown.out + shown.err and not STEERS.search(shown.out + shown.err)
    assert "bug in vidkit" not in shown.err
    if "-" in words:
        json.loads(shown.out)


def test_a_page_shows_control_characters_as_text(place: Path) -> None:
    assert run(["algoviz", f"{NAME}.json", "-o", "o.html"]) == 0
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", (place / "o.html").read_text("utf-8"))


def test_a_terminal_gets_colours_of_vidkit_alone(tmp_path: Path) -> None:
    """On a real terminal, where bars and colours are on."""
    master, slave = pty.openpty()
    code = "from vidkit.utils import redaction; redaction.guard_streams(); import sys\n"
    code += "from vidkit.commands.progress import RunProgress\nfrom vidkit.utils.console import terminal\n"
    code += f"bad = {ESCAPE + '[red][/nope]'!r}\n"
    code += "terminal().print('mine', style='bold red'); terminal().print(bad, markup=False); print(bad)\n"
    code += "with RunProgress() as bar:\n    bar.phase('load', bad); bar.warning(bad)\n"
    code += "    print(bad); bar._bar.refresh()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(slave)
    told = b""
    while True:
        try:
            told += os.read(master, 65536)
        except OSError:  # the other end is closed
            break
    assert process.wait() == 0, told.decode()
    text = told.decode()
    assert "\x1b[1;31mmine" in text and "\x1b[?25l" in text  # a colour, and the bar hides the cursor
    rest = re.sub(r"\x1b\[(?:[\d;]*m|\?25[lh]|\d*[AK])|\r", "", text)
    assert not STEERS.search(rest), STEERS.findall(rest)
    assert "\x1b[31mRED" not in text and rest.count("\\x1b[31mRED") >= 5 and "[/nope]" in rest


def test_bars_of_others_move_the_cursor_and_names_in_them_do_not() -> None:
    out = io.StringIO()
    _Bars(redaction.RedactingStream(out).with_colours).write(f"\r{NAME}: 10%\x1b[A")
    assert out.getvalue().startswith("\rn\\x1b[31mRED") and out.getvalue().endswith(": 10%\x1b[A")


def test_json_on_a_terminal_is_still_the_same_values() -> None:
    value = {ESCAPE: [ESCAPE, "\ud800", "é", 1.5]}
    text = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == value and not STEERS.search(text) and "é" in text


def test_every_console_is_one_that_writes_control_characters_out() -> None:
    package = Path(redaction.__file__).parents[1]
    makers = [path.name for path in package.rglob("*.py") if "rich.console import" in path.read_text()]
    assert makers == ["console.py"]
    assert not STEERS.search(_printed(f"{NAME}[bold]x[/]"))


def _printed(text: str) -> str:
    out = io.StringIO()
    Terminal(file=out, width=200).print(text)
    return out.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "model.path={}"],
        ["generate", "-c", "{}", "--dry-run"],
        ["generate", "image={}.png", "--dry-run"],
        ["generate", "-c", "wan1_3b_480p", "a ball", "lora={}.safetensors", "--dry-run"],
        ["eval", "pope", "--data", "{}"],
        ["eval", "{}.yaml"],
        ["select-frames", "{}.mp4"],
        ["algoviz", "{}.json"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_name_longer_than_any_file_s_is_a_mistake_of_the_user(
    words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([word.format("a" * 300) for word in words]) in (2, 4)
    told = capsys.readouterr().err
    assert "bug in vidkit" not in told and told.startswith("error: ")
