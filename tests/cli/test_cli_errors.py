"""Mistakes on the command line: the exact lines and exit statuses, as a user sees them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vidkit.cli import execute
from vidkit.cli.main import run
from vidkit.config.catalog import config_names
from vidkit.errors import VideoError

Runner = Callable[[object], object]
Fake = Callable[[Runner], None]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a function in the place of every command's `run`."""
    monkeypatch.delenv("VIDKIT_DEBUG", raising=False)
    return lambda runner: monkeypatch.setattr(execute, "runner_of", lambda command: runner)


def raising(error: BaseException) -> Runner:
    def command(settings: object) -> object:
        raise error

    return command


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["generat"], "no command 'generat'", "did you mean 'generate'? see 'vidkit --help'"),
        (["zzz"], "no command 'zzz'", "see 'vidkit --help'"),
        (["generate", "--confg", "x"], "no option '--confg'",
         "did you mean '--config'? see 'vidkit generate --help'"),
        (["generate", "--config"], "option '--config' requires an argument", "see 'vidkit generate --help'"),
        (["generate", "--seed", "x"], "invalid value for '--seed': 'x' is not a whole number",
         "see 'vidkit generate --help'"),
        (["generate", "--config", "wan14b_720"], "no config 'wan14b_720' for 'generate'",
         f"did you mean 'wan14b_720p'? configs: {', '.join(config_names('generate'))}"),
        (["generate", "steps=many"], "'many' is not a whole number: steps=many",
         "'steps' takes a whole number, for example steps=50"),
        (["generate", "steps"], "'steps' has no value",
         "write steps=VALUE; if it is the prompt, write prompt=steps"),
        (["generate", "a", "ball"], "more than one prompt: 'a', 'ball'",
         "put a prompt of several words in quotes; settings are KEY=VALUE without spaces"),
        (["generate", "--seed", "3", "seed=4"], "'seed' is set twice: seed=3 and seed=4", "keep one of them"),
        (["generate", "a ball", "prompt=b"], "'prompt' is set twice: prompt=a ball and prompt=b",
         "keep one of them"),
        (["generate", "--json", "/no/such/folder/x.json"], "output folder '/no/such/folder' does not exist",
         "create it: mkdir -p '/no/such/folder'"),
        (["generate", "--json", "/tmp"], "'/tmp' is a folder (--json)",
         "name a file, or - for standard output"),
        (["generate", f"steps=[{'1,' * 75_000}1]"],
         f"a setting of 150,009 characters, of which 131,072 can be read: steps=[{'1,' * 16}1...",
         "shorten it: no setting but a prompt needs that much"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)  # fmt: skip
def test_mistakes_are_two_lines_and_exit_2(
    words: list[str], message: str, hint: str, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(lambda settings: pytest.fail("the command must not run"))
    assert run(words) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"error: {message}\nhint: {hint}\n")


@pytest.mark.parametrize(
    "words",
    [["{}"], ["prompt={}"], ["negative_prompt={}"], ["--", "{}"]],
    ids=["word", "prompt", "negative", "dashes"],
)
def test_a_text_may_have_any_length(words: list[str], fake: Fake) -> None:
    text, got = "a cat, a=b, " * 20_000, []
    fake(got.append)
    assert run(["generate", *(word.format(text) for word in words)]) == 0
    assert text in (got[0].prompt, got[0].negative_prompt)


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["generate", "--strength=my cat"], "'strength=my cat'"),
        (["generate", "a ball", "--steps", "5", "fps=3"], "steps=5"),
        (["generate", "-steps", "5"], "steps=5"),
        (["generate", "--addnoise-condition", "-1"], "addnoise_condition=-1"),
        (["generate", "--steps", "--verbose"], "steps=VALUE"),
        (["generate", "--no-contact-sheet"], "contact_sheet=false"),
        (["generate", "--causal-attention"], "causal_attention=true"),
        (["generate", "--model.path", "x"], "model.path=x"),
        (["generate", "--attention", "svg2"], "attention=svg2"),
        (["select-frames", "a.mp4", "--fps", "2"], "fps=2"),
        (["select-frames", "a.mp4", "--workers=3"], "manifest.workers=3"),
        (["eval", "pope", "--limit", "3"], None),
        (["eval", "pope", "--max-frames", "3"], "max_frames=3"),
        (["bench", "attention", "--shapes", "[maze]"], "'shapes=[maze]'"),
        (["generate", "--zzz", "3"], None),
        (["bench", "--steps", "3"], None),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_setting_typed_as_an_option_is_told_as_a_word(words, word, fake, capsys) -> None:
    fake(lambda settings: None)
    status, said = run(words), capsys.readouterr().err
    if word is None:
        assert "it is a setting" not in said
    else:
        assert status == 2
        assert f"hint: it is a setting: write {word}, without dashes; see 'vidkit {words[0]}" in said


def test_a_file_with_an_equals_sign_is_a_path(tmp_path, monkeypatch, fake, capsys) -> None:
    seen = []
    fake(lambda settings: seen.append(settings))
    monkeypatch.chdir(tmp_path)
    Path("id=12").mkdir()
    Path("id=12/clip.mp4").touch()
    Path("frames").mkdir()
    assert run(["select-frames", "id=12/clip.mp4", "a dog"]) == 0
    assert run(["select-frames", "frames", "is E = mc2 shown", "k=4"]) == 0
    assert run(["select-frames", "id=12/clip.mp4", "--", "E=mc2 on the board"]) == 0
    assert [(one.video, one.query) for one in seen] == [
        ("id=12/clip.mp4", "a dog"),
        ("frames", "is E = mc2 shown"),
        ("id=12/clip.mp4", "E=mc2 on the board"),
    ]
    capsys.readouterr()
    assert run(["select-frames", "id=13/clip.mp4", "a dog"]) == 2
    said = capsys.readouterr().err
    assert "hint: if 'id=13/clip.mp4' is the video, write ./id=13/clip.mp4; settings: " in said
    assert run(["select-frames", "id=12/clip.mp4", "E=mc2 on the board"]) == 2
    said = capsys.readouterr().err
    assert "if 'E=mc2 on the board' is the query, put it after --: vidkit select-frames ... -- 'E=mc2" in said
    assert run(["select-frames", "video"]) == 2
    said = capsys.readouterr().err
    assert said.endswith("hint: write video=VALUE; if 'video' itself is the video, put it after --\n")


@pytest.mark.parametrize("seed", ["18446744073709551616", "-1", "9" * 30])
@pytest.mark.parametrize("command", ["generate", "calibrate", "select-frames", "eval"])
def test_a_seed_out_of_64_bits_is_refused_before_anything_runs(command, seed, fake, capsys) -> None:
    fake(lambda settings: pytest.fail("the command must not run"))
    assert run([command, "--seed", seed]) == 2
    assert f"error: seed must be in 0..18446744073709551615 (64 bits), got {seed}" in capsys.readouterr().err


def test_help_tells_the_default_of_the_seed(capsys) -> None:
    defaults = {"generate": "random if not given, and recorded", "eval": "42 if"}
    defaults |= dict.fromkeys(("calibrate", "select-frames", "bench attention"), "0 if")
    for command, default in defaults.items():
        assert run([*command.split(), "--help"]) == 0
        line = next(line for line in capsys.readouterr().out.splitlines() if "--seed" in line)
        assert default in line


def test_an_error_of_the_command_keeps_its_words(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    fake(raising(VideoError("cannot read 'a.mp4'", "check that\nthe file is whole")))
    assert run(["generate"]) == 2
    assert capsys.readouterr().err == "error: cannot read 'a.mp4'\nhint: check that the file is whole\n"


def test_a_bug_is_called_a_bug_and_exits_1(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    fake(raising(KeyError("frames")))
    assert run(["generate"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: KeyError: 'frames' (execute.py:")
    report = "VIDKIT_DEBUG=1 shows the traceback for a report"
    assert second == f"hint: this is a bug in vidkit, not a mistake in your input; {report}"


def test_a_package_of_ours_that_is_missing_is_no_bug(fake, capsys) -> None:
    fake(raising(ModuleNotFoundError("No module named 'decord'", name="decord")))
    assert run(["generate"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "error: the package 'decord2' is not installed, though vidkit needs it\nhint: pip install"
    )
    fake(raising(ModuleNotFoundError("No module named 'vidkit.none'", name="vidkit.none")))
    assert run(["generate"]) == 1


def test_the_place_of_a_bug_is_in_the_package_not_in_a_checkout_of_that_name(tmp_path, fake, capsys) -> None:
    home = tmp_path / "vidkit" / ".venv"
    home.mkdir(parents=True)
    (home / "library.py").write_text("def fails(settings):\n    raise KeyError('frames')\n")
    scope: dict[str, object] = {}
    exec(compile((home / "library.py").read_text(), str(home / "library.py"), "exec"), scope)
    fake(scope["fails"])
    assert run(["generate"]) == 1
    assert capsys.readouterr().err.startswith("error: KeyError: 'frames' (execute.py:")


@pytest.mark.parametrize("error", [KeyError("x"), VideoError("cannot read 'a.mp4'")], ids=["bug", "mistake"])
def test_debug_shows_the_traceback(
    error: Exception, fake: Fake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(raising(error))
    monkeypatch.setenv("VIDKIT_DEBUG", "1")
    run(["generate"])
    assert capsys.readouterr().err.startswith("Traceback (most recent call last):")


def test_interruption_in_process_exits_130(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    fake(raising(KeyboardInterrupt()))
    assert run(["generate"]) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


SLEEPER = """
import sys, time, tempfile
from pathlib import Path
from vidkit.cli import execute, main
def sleeps(settings):
    target = Path(sys.argv.pop())
    from vidkit.utils.files import atomic_path
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        print("ready", flush=True)
        time.sleep(60)
execute.runner_of = lambda command: sleeps
sys.argv[1:] = ["generate", *sys.argv[1:]]
target = sys.argv.pop()
words = list(sys.argv)
sys.argv.append(target)
execute.settings_of = lambda request: None
main.main()
"""


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"]
)
def test_a_signal_ends_the_process_without_traceback_or_half_file(
    sent: signal.Signals, status: int, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path / "out.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(sent)
    _, said = process.communicate(timeout=300)
    assert process.returncode == status
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "vidkit", "--help"], stdout=closed, stderr=subprocess.PIPE, text=True
        )
    assert "Traceback" not in done.stderr and "error" not in done.stderr


def test_the_real_process_exits_with_the_status() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "vidkit", "generate", "stepz=3"],
        capture_output=True,
        text=True,
    )
    lines = done.stderr.splitlines(keepends=True)
    told = "".join(line for line in lines if not line.startswith("import time:"))
    loaded = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert done.returncode == 2
    assert told.startswith("error: unknown setting 'stepz' for 'generate'\nhint: did you mean 'steps'?")
    assert "vidkit.cli.main" in loaded
    assert not loaded & {"torch", "transformers", "diffusers", "cv2"}  # before a mistake is told


@pytest.mark.parametrize("name", ["-dash.mp4", "--dash.mp4"])
def test_a_file_that_begins_with_a_dash_is_recognised(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["select-frames", name]) == 2
    assert "./-" not in capsys.readouterr().err
    (tmp_path / name).touch()
    assert run(["select-frames", name]) == 2
    assert f"hint: if the file of that name is meant, write './{name}'\n" in capsys.readouterr().err
