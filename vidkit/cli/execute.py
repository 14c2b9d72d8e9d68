"""From the words of a command line to settings, to the command, to its result; every command goes here."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.errors import Unfinished
from vidkit.utils.redaction import RedactingFormatter, remember_environment, remember_settings


@dataclass(frozen=True)
class Request:
    """What was typed.

    Args:
        command: name on the command line.
        config: name or path of the entry config.
        words: trailing words, settings and positional values mixed.
        after_dashes: words after `--`, which are never settings.
        positional: names of the settings that bare words fill, in order.
        options: settings given as options; None: not given.
        config_dir: the user's own folder of configs.
        json: where the result goes besides: a file, `-` for standard output, None for nowhere.
    """

    command: str
    config: str
    words: list[str] = field(default_factory=list)
    after_dashes: list[str] = field(default_factory=list)
    positional: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    config_dir: Path | None = None
    json: str | None = None


def execute(request: Request) -> None:
    """Compose the settings, run the command, write its result where `--json` says."""
    remember_environment()
    settings = settings_of(request)
    remember_settings(settings)
    _log(bool(getattr(settings, "verbose", False)))
    from vidkit.cli.result_file import put_json, result_file
    from vidkit.utils.paths import at_home

    file = result_file(None if request.json is None else at_home(request.json), settings)
    unfinished: Unfinished | None = None
    with people_read_stderr(request.json == "-"), _readers_may_leave(request.json not in (None, "-")):
        try:
            result = runner_of(request.command)(settings)
        except Unfinished as error:
            unfinished, result = error, error.result
    if request.json is not None and result is not None:
        put_json(file, result)
    if unfinished is not None:
        raise unfinished


def settings_of(request: Request) -> Any:
    """The typed settings a request asks for."""
    from vidkit.cli.words import sort_words
    from vidkit.config.catalog import settings_class
    from vidkit.config.compose import compose
    from vidkit.config.keys import keys_of, keys_of_named
    from vidkit.config.overrides import is_override

    settings = settings_class(request.command)
    options = {name: value for name, value in request.options.items() if value is not None}
    bare = [word for word in request.words if not is_override(word)]
    named = {word.partition("=")[0]: word.partition("=")[2] for word in request.words if is_override(word)}
    named |= dict(zip(request.positional, bare, strict=False)) | options
    keys = keys_of(settings) | keys_of_named(settings, named)
    values, overrides = sort_words(
        request.words, request.after_dashes, request.positional, keys, request.command
    )
    return compose(request.command, request.config, overrides, request.config_dir, {**values, **options})


def _module_of(command: str) -> str:
    """`select-frames` is commands/select_frames/command.py, `bench attention` commands/bench/attention.py."""
    words = command.replace("-", "_").split()
    return ".".join(["vidkit.commands", *words, *(["command"] if len(words) == 1 else [])])


def runner_of(command: str) -> Callable[[Any], object]:
    """`run` of a command's own module, imported now, not before."""
    run = importlib.import_module(_module_of(command)).run
    assert callable(run)
    return run  # type: ignore[no-any-return]


def _log(verbose: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("vidkit").setLevel(logging.INFO if verbose else logging.WARNING)


@contextlib.contextmanager
def people_read_stderr(asked: bool) -> Iterator[None]:
    """With `--json -` standard output holds the JSON and nothing else."""
    with contextlib.redirect_stdout(sys.stderr) if asked else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _readers_may_leave(asked: bool) -> Iterator[None]:
    """With `--json FILE`, `vidkit ... | head` must not end the run before FILE is written."""
    with contextlib.redirect_stdout(_Tolerant(sys.stdout)) if asked else contextlib.nullcontext():
        yield


class _Tolerant:
    """A text stream that goes on into nothing once its reader is gone."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def with_colours(self) -> _Tolerant:
        return _Tolerant(self._stream.with_colours)

    def write(self, text: str) -> int:
        with self._without_reader():
            return int(self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        with self._without_reader():
            self._stream.flush()

    @contextlib.contextmanager
    def _without_reader(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
