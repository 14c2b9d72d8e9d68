"""Errors carry what happened, what to do and an exit status; optional packages say how to get them."""

import math

import pytest

from vidkit.errors import (
    ConfigError,
    DataError,
    MissingDependency,
    ModelError,
    OutputError,
    VideoError,
    VidkitError,
    require,
)


@pytest.mark.parametrize(
    "kind", [ConfigError, DataError, MissingDependency, ModelError, OutputError, VideoError]
)
def test_errors_are_mistakes_of_the_user_by_default(kind: type[VidkitError]) -> None:
    error = kind("no file 'x'", "name another")
    assert isinstance(error, VidkitError)
    assert (error.message, error.hint, error.exit_code, str(error)) == (
        "no file 'x'",
        "name another",
        2,
        "no file 'x'",
    )


def test_require_returns_the_module() -> None:
    assert require("math", extra="dev") is math


def test_require_says_how_to_install_what_is_missing() -> None:
    with pytest.raises(MissingDependency) as caught:
        require("no_such_package", extra="eval")
    assert caught.value.message == "this needs the package 'no_such_package', which is not installed"
    assert caught.value.hint == "pip install 'vidkit[eval]'"
