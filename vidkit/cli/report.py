"""How errors leave the command line: one line of what happened, one of what to do, an exit status."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import vidkit
from vidkit.errors import VidkitError, package_of
from vidkit.utils.naming import did_you_mean
from vidkit.utils.plain import visible
from vidkit.utils.redaction import redact_message

USER_MISTAKE = 2
OUR_BUG = 1
_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENOTDIR)
_LONGEST = 8000  # characters of a line; lists of settings have some thousand
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def report_error(error: BaseException, usage_help: str, arguments: Sequence[str] = ()) -> int:
    """Print an error to standard error and say the exit status.

    Args:
        error: whatever ended the command.
        usage_help: the command that explains usage, for errors of usage.
        arguments: the command line.
    """
    if os.environ.get("VIDKIT_DEBUG", "") not in ("", "0"):
        print(redact_message("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    if isinstance(error, VidkitError):
        return _print(error.message, error.hint, error.exit_code)
    if isinstance(error, ModuleNotFoundError) and (missing := _declared(error)):
        return _print(
            f"the package '{missing}' is not installed, though vidkit needs it",
            f"pip install {missing}; or reinstall vidkit: pip install --force-reinstall vidkit",
            USER_MISTAKE,
        )
    if is_usage_error(error):
        return _print(*_usage(error, usage_help, arguments), USER_MISTAKE)
    if (unusable := _unusable_path(error)) is not None:
        return _print(unusable, "check the paths that were given", USER_MISTAKE)
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # torch's is a RuntimeError
        return _print(
            f"out of memory: {_cut(_one_line(str(error)) or 'none is left')}",
            "ask for less, such as fewer frames, a smaller size or fewer at once;"
            " a dry run estimates what generation needs",
            USER_MISTAKE,
        )
    return _print(
        f"{type(error).__name__}: {_one_line(str(error))}{_place(error)}",
        "this is a bug in vidkit, not a mistake in your input;"
        " VIDKIT_DEBUG=1 shows the traceback for a report",
        OUR_BUG,
    )


def _unusable_path(error: BaseException) -> str | None:
    """What is wrong with a path that no system call takes, wherever it was used; None: it is not that."""
    if isinstance(error, OSError) and error.errno in _NO_PATH and error.filename is not None:
        return f"'{error.filename!s:.300}': {(error.strerror or '').lower()}"
    if isinstance(error, ValueError) and "embedded null" in str(error):
        return "a path contains a zero byte"
    return None


def is_usage_error(error: BaseException) -> bool:
    """Whether Typer's parser refused the words; its copy of click is private, so no class to test for."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _print(message: str, hint: str, status: int) -> int:
    print(f"error: {_cut(_one_line(redact_message(message)))}", file=sys.stderr)
    if hint:
        print(f"hint: {_cut(_one_line(redact_message(hint)))}", file=sys.stderr)
    return status


def _usage(error: BaseException, usage_help: str, arguments: Sequence[str]) -> tuple[str, str]:
    message = str(error.format_message()).rstrip(".")  # type: ignore[attr-defined]
    see = f"see {usage_help}"
    unknown_command = re.match(r"No such command '(.*?)'", message)
    if unknown_command is not None:
        return f"no command '{unknown_command[1]}'", did_you_mean(
            unknown_command[1], _known_commands(error)
        ) + see
    if hasattr(error, "possibilities"):  # an unknown option
        name = str(getattr(error, "option_name", ""))
        setting = _setting(error, name, arguments)
        if setting is not None:
            return f"no option '{name}'", f"it is a setting: write {setting}, without dashes; {see}"
        return f"no option '{name}'", _file_meant(name, arguments) or did_you_mean(
            name, _known_options(error)
        ) + see
    return message[:1].lower() + message[1:], see


def _setting(error: BaseException, option: str, arguments: Sequence[str]) -> str | None:
    from vidkit.cli.commands import WITH_SETTINGS
    from vidkit.cli.dashes import setting_meant

    context = getattr(error, "ctx", None)
    command = str(getattr(context, "command_path", "")).partition(" ")[2]
    return setting_meant(option, command, arguments) if command in WITH_SETTINGS else None


def _file_meant(option: str, arguments: Sequence[str]) -> str:
    """How to give a file whose name begins with a dash; empty: there is none of that name."""
    for word in arguments:
        if word.startswith(option) and not word.startswith("-/") and os.path.lexists(word):
            return f"if the file of that name is meant, write './{word}'"
    return ""


def _known_options(error: BaseException) -> list[str]:
    command = getattr(getattr(error, "ctx", None), "command", None)
    parameters: Sequence[object] = getattr(command, "params", ())
    return ["--help", *(name for parameter in parameters for name in getattr(parameter, "opts", ()))]


def _known_commands(error: BaseException) -> list[str]:
    return list(getattr(getattr(getattr(error, "ctx", None), "command", None), "commands", ()))


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(Path(frame.filename))]
    return f" ({Path(ours[-1].filename).name}:{ours[-1].lineno})" if ours else ""


def _declared(error: ModuleNotFoundError) -> str | None:
    """The package that vidkit declares and that a missing module belongs to; None for modules of its own."""
    from importlib import metadata

    package = package_of(error.name or "")
    try:
        declared = metadata.requires("vidkit") or []
    except metadata.PackageNotFoundError:
        return None
    names = {re.split(r"[\[><=!~; ]", line, maxsplit=1)[0].lower() for line in declared}
    return package if package.lower() in names else None


def _is_ours(file: Path) -> bool:
    # by the package's own folder: a checkout, its tests and its .venv lie in a folder called vidkit too
    package = Path(vidkit.__file__).parent
    homes = (package, package.parent / "vidkit_kernels", package.parent / "kernels" / "vidkit_kernels")
    return any(file.is_relative_to(home) for home in homes)


def _cut(line: str) -> str:
    """A line without what nobody reads: names of others may have a million characters."""
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()))
