"""Errors a user can act on. May be imported anywhere; imports nothing of ours.

`VidkitError` carries one line of what happened (with the offending value) and one line of what to do. The
command line prints both and exits with `exit_code`; every other exception is a bug of ours and exits with 1.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

_PACKAGES = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "decord": "decord2",
    "hydra": "hydra-core",
    "pywt": "PyWavelets",
    "yaml": "pyyaml",
}


class VidkitError(Exception):
    """Something the user can correct.

    Args:
        message: what happened and which value, one line, no final full stop.
        hint: what to do, one line.
        exit_code: exit status of the command, 2 for mistakes of the user.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


class ConfigError(VidkitError):
    """A config, key or value that cannot be used."""


class ModelError(VidkitError):
    """Weights or a model folder that cannot be loaded."""


class VideoError(VidkitError):
    """A video or image that cannot be read or written."""


class OutputError(VidkitError):
    """A place that cannot be written to."""


class DataError(VidkitError):
    """Input rows or files that do not have the expected form; the message names file and line."""


class SandboxError(VidkitError):
    """Untrusted code that cannot be run safely here, or limits and files that make no sense."""


class Unfinished(VidkitError):  # noqa: N818 - the name says what happened
    """A run that has a result, and did not do all it was asked for.

    Args:
        message: what happened.
        hint: what to do.
        result: of the command; written where it was asked for all the same.
        exit_code: exit status of the command.
    """

    def __init__(self, message: str, hint: str = "", result: object = None, exit_code: int = 1) -> None:
        super().__init__(message, hint, exit_code)
        self.result = result


class NotFinite(Unfinished):
    """A clip that cannot become pictures any more: NaN or infinity on its way."""


class NothingAnswered(Unfinished):
    """A run without one reply: no fault of the command line, and no score."""


class SomeFailed(Unfinished):
    """A data set of which some items failed and the others are done (exit code 5)."""

    def __init__(self, message: str, hint: str = "", result: object = None) -> None:
        super().__init__(message, hint, result, exit_code=5)


class MissingDependency(VidkitError):  # noqa: N818 - the name says what happened, as ModuleNotFound would
    """An optional package that the request needs."""


def doc_page(name: str) -> str:
    """Where a page of the documentation is: `docs/NAME` in a checkout, else the copy in the wheel."""
    package = Path(__file__).resolve().parent
    in_checkout = package.parent / "docs" / name
    return f"docs/{name}" if in_checkout.is_file() else str(package / "_docs" / name)


def package_of(module: str) -> str:
    """The package that brings a module, as pip knows it."""
    top = module.partition(".")[0]
    return _PACKAGES.get(top, top)


def require(module: str, extra: str = "") -> ModuleType:
    """Import a package or say how to get it.

    Args:
        module: what to import.
        extra: the extra of vidkit that brings it; empty: vidkit itself needs it.

    Raises:
        MissingDependency: `module` is not installed; the hint has the pip line.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"this needs the package '{module}', which is not installed",
            f"pip install 'vidkit[{extra}]'" if extra else f"pip install {package_of(module)}",
        ) from error
