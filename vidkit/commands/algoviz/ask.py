"""`vidkit algoviz ask`: a model writes a tracker for a problem; it is run, checked, repaired and drawn."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.algoviz.asking.answers import UNKNOWN
from vidkit.algoviz.asking.judging import LEVELS, Task
from vidkit.algoviz.asking.loop import Asked, Asking, Attempt, ask
from vidkit.algoviz.asking.prompt import FAMILIES
from vidkit.algoviz.asking.tracker import FORMS, Conditions
from vidkit.algoviz.renderers.registry import check_ending, kind_of_file, load_renderer
from vidkit.algoviz.renderers.rendering import render
from vidkit.algoviz.vta.trace import trace_of
from vidkit.commands.algoviz.writing import trace_text
from vidkit.errors import ConfigError, DataError, VidkitError
from vidkit.sandbox.choosing import choose
from vidkit.serving import Engine, open_engine
from vidkit.serving.openai_engine import Limits
from vidkit.serving.retry import RetryPolicy
from vidkit.utils.event_loop import run_whole
from vidkit.utils.files import check_writable, write_text_atomic
from vidkit.utils.naming import did_you_mean
from vidkit.utils.ownership import check_free
from vidkit.utils.redaction import redact_all, remember_environment
from vidkit.utils.strict_json import load_json

NOT_WHOLE, NO_REPLY = 4, 5  # exit statuses
_LARGEST = 1 << 20
_REQUESTS = 3  # for one reply, while the server is busy, fails or does not answer in time


@dataclass(frozen=True)
class Settings:
    """What `vidkit algoviz ask` takes.

    Args:
        problem: text, path of a text file, or `-` for standard input.
        llm: address of an OpenAI-compatible server, with its version.
        model: name as the server knows it.
        data: the input: JSON, or path of a JSON file; None: it is in the problem.
        expect: the answer: JSON, or path of a JSON file; None: not known.
        family: array, table, graph, tree or hashtable; None: the model finds out.
        form: `tracker` or `script`.
        to: renderer; None: by the output's suffix, else html.
        output: file; None: named after the problem.
        style: preset or RSL file.
        attempts: replies at most.
        max_tokens: of a reply.
        temperature: of sampling.
        seconds: of processor for a run.
        timeout: seconds for a reply, to its last byte.
        key_env: environment variable with the key.
        sandbox: "auto", "bubblewrap" or "landlock".
        unsafe: run programs without a sandbox where none works.
        force: overwrite files.
    """

    problem: str
    llm: str
    model: str
    data: str | None = None
    expect: str | None = None
    family: str | None = None
    form: str = "tracker"
    to: str | None = None
    output: str | None = None
    style: str | None = None
    attempts: int = 3
    max_tokens: int = 8192
    temperature: float = 0.0
    seconds: float = 10.0
    timeout: float = 600.0
    key_env: str = "OPENAI_API_KEY"
    sandbox: str = "auto"
    unsafe: bool = False
    force: bool = False


@dataclass(frozen=True)
class Answered:
    """What came of it.

    Args:
        files: that were written: picture, trace, program, record.
        level: name of the level that was reached, "S4"; empty: nothing.
        semantic: whether the answer is right: pass, fail, unknown.
        kept: steps in the picture.
        steps: that the program told; None: not known.
        whole: whether nothing is wrong.
        tokens: of all calls; None where the server does not say.
        attempts: number of replies.
        findings: of the best program.
    """

    files: tuple[str, ...]
    level: str
    semantic: str
    kept: int
    steps: int | None
    whole: bool
    tokens: int | None
    attempts: int
    findings: tuple[str, ...]


def run(settings: Settings) -> Answered:
    """Ask, and write what came of it: also what is right of a faulty program.

    Raises:
        ConfigError: an option that cannot be used.
        OutputError: a file that is there already, or cannot be written.
        SandboxError: no sandbox works here; exit status 7.
        EngineError: the model gave no reply; exit status 5.
    """
    remember_environment()
    task = _task(settings)
    how = Asking(
        settings.form,
        settings.attempts,
        settings.max_tokens,
        settings.temperature,
        conditions=Conditions(settings.seconds, backend=settings.sandbox, unsafe=settings.unsafe),
    )
    places = _places(settings, task)
    choose(settings.sandbox, settings.unsafe)  # before a token is paid
    engine = open_engine(
        f"openai:{settings.model}",
        base_url=settings.llm,
        api_key_env=settings.key_env,
        limits=Limits(total_s=settings.timeout),
        retry=RetryPolicy(attempts=_REQUESTS),
    )
    asked = run_whole(_asked(engine, task, how))
    if asked.best is None:
        assert asked.error is not None
        asked.error.exit_code = NO_REPLY
        raise asked.error
    return _written(settings, asked, asked.best, places)


async def _asked(engine: Engine, task: Task, how: Asking) -> Asked:
    try:
        return await ask(engine, task, how, lambda line: print(line, file=sys.stderr, flush=True))
    finally:
        await engine.aclose()


def _task(settings: Settings) -> Task:
    for name, value, known in (("form", settings.form, FORMS), ("family", settings.family, tuple(FAMILIES))):
        if value is not None and value not in known:
            raise ConfigError(
                f"no {name} '{value}'", f"{did_you_mean(value, known)}one of: {', '.join(known)}"
            )
    problem = _text(settings.problem)
    if not problem.strip():
        raise ConfigError("the problem is empty", 'write it in quotes: "Sort these numbers: 5 2 8"')
    data = UNKNOWN if settings.data is None else _value(settings.data, "--input")
    expected = UNKNOWN if settings.expect is None else _value(settings.expect, "--expect")
    return Task(problem, data, expected, family=settings.family or "")


def _text(word: str) -> str:
    """The problem: standard input, a file, or the words themselves."""
    if word == "-":
        return sys.stdin.read(_LARGEST)
    path = Path(word)
    try:
        if len(word) < 250 and "\n" not in word and path.is_file():
            return path.read_bytes()[:_LARGEST].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"'{word}' is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot read '{word}': {error.strerror}", "give the problem as text") from error
    if len(word.split()) == 1 and path.suffix in (".txt", ".md"):
        raise DataError(f"no file '{word}'", "give the path of a text file, or the problem in quotes")
    return word


def _value(word: str, option: str) -> Any:
    """A JSON value, from the command line or a file."""
    path, where = Path(word), option
    try:
        if len(word) < 250 and path.is_file():
            word, where = path.read_text("utf-8-sig"), str(path)
        return load_json(word, where)
    except DataError:
        raise
    except (ValueError, OSError, RecursionError) as error:
        hint = "write JSON, such as '[5, 2, 8]', or the path of a JSON file"
        raise ConfigError(
            f"{option}: '{word[:60]}' is neither JSON nor a JSON file ({error})", hint
        ) from error


@dataclass(frozen=True)
class _Places:
    """Files to be written."""

    picture: Path
    trace: Path
    program: Path
    record: Path


def _places(settings: Settings, task: Task) -> _Places:
    """Names of the files; none of them is there yet.

    Raises:
        OutputError: one is.
        ConfigError: an ending that no renderer writes.
    """
    words = "".join(c if c.isalnum() and c.isascii() else " " for c in task.problem.lower()).split()
    given = Path(settings.output) if settings.output else Path("-".join(words[:6])[:60] or "algorithm")
    if settings.to is None and settings.output:
        check_ending(given)
    kind = settings.to or (kind_of_file(given.suffix) if given.suffix else None) or "html"
    suffix = load_renderer(kind).suffix
    picture = given if given.suffix == suffix else given.with_name(given.name + suffix)
    stem = picture.with_name(picture.name.removesuffix(suffix))
    made = _Places(
        picture, *(stem.with_name(stem.name + end) for end in (".trace.json", ".tracker.py", ".ask.json"))
    )
    check_writable(picture.parent, create=True)
    for path in (made.picture, made.trace, made.program, made.record):
        check_free(path, [], settings.force)
    return made


def _written(settings: Settings, asked: Asked, best: Attempt, places: _Places) -> Answered:
    judged = best.judged
    files = []
    if judged.source:
        write_text_atomic(places.program, judged.source)
        files.append(places.program)
    failed: VidkitError | None = None
    if judged.trace is not None:
        # a program may put together a key that a proxy wrote into its prompt: no picture of it either
        shown = trace_of(redact_all(judged.trace.as_dict()), judged.trace.where)
        write_text_atomic(places.trace, trace_text(shown))
        files.append(places.trace)
        try:
            made = render(shown, settings.style, settings.to, places.picture, force=settings.force)
            files = [*made.files, *files]
        except VidkitError as error:  # the reply is paid: what there is of it is told first
            failed = error
    level = f"S{judged.level}" if judged.level >= 0 else ""
    answered = Answered(
        tuple(map(str, (*files, places.record))),
        level,
        judged.semantic,
        judged.kept,
        judged.steps,
        judged.is_whole,
        asked.tokens,
        len(asked.attempts),
        tuple(map(str, judged.findings)),
    )
    record = {
        "model": settings.model,
        "level": level,
        "levels": LEVELS,
        "semantic": judged.semantic,
        "tokens": asked.tokens,
        "stopped": asked.stopped or (str(asked.error) if asked.error else ""),
        "attempts": [one.as_dict() for one in asked.attempts],
    }
    write_text_atomic(places.record, json.dumps(redact_all(record), indent=1, default=str) + "\n")
    _tell(answered, asked)
    if failed is not None:
        raise failed
    return answered


def _tell(answered: Answered, asked: Asked) -> None:
    answers = {"pass": "the answer is right", "fail": "the answer is wrong", "unknown": "answer not checked"}
    tokens = "tokens unknown" if answered.tokens is None else f"{answered.tokens:,} tokens"
    of = "" if answered.steps is None or answered.whole else f" of {answered.steps}"
    steps = f"{answered.kept}{of} steps, {answers[answered.semantic]}"
    print(f"{answered.files[0]}: {steps}; {_count(asked)}, {tokens}")
    if not answered.whole:
        print("  incomplete: the correct part is kept" if answered.kept else "  no part of it can be shown")
        for finding in answered.findings[:10]:
            print(f"  {' '.join(finding.split())}")
    for reason in filter(None, (asked.stopped, str(asked.error) if asked.error else "")):
        print(f"  no further attempt: {reason}")
    for file in answered.files[1:]:
        print(f"  {file}")


def _count(asked: Asked) -> str:
    count = len(asked.attempts)
    return f"{count} attempt{'s' * (count != 1)}"
