"""Fixtures shared by all tests: a tiny diffusers folder of the embedded model's kind."""

import gc
import logging
import os
import signal
import sys
from pathlib import Path

import hypothesis
import pytest

_FIRST = ("integration", "cli", "kernels")  # folders of few long tests; begun last, one would run on alone


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sizes = {path: path.stat().st_size for path in {item.path for item in items}}

    def rank(item: pytest.Item) -> tuple[int, int, str]:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        first = _FIRST.index(folder) if folder in _FIRST else len(_FIRST)
        return first, -sizes[item.path], str(item.path)  # long files first, as far as their size tells

    items.sort(key=rank)


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach the programs under test also when the tests run behind `&`, where shells ignore it."""
    if os.environ.get("VIDKIT_TEST_WITHOUT_TORCH") == "1":
        sys.path.insert(0, str(Path(__file__).parent))
        config.pluginmanager.import_plugin("without_torch")
    # tests move XDG_CACHE_HOME: matplotlib would look for all fonts anew in each, for seconds
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))
    # a slow or busy machine is no fault of the code under test
    hypothesis.settings.register_profile(
        "vidkit", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("vidkit")
    logging.getLogger("ray").propagate = False  # its threads log on into the tests after theirs
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not getattr(config.option, "numprocesses", None):  # the process that hands out tests collects none
        gc.disable()  # walking over what collection keeps takes a fifth of its time


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: no garbage collection needs to walk over it in any test."""
    gc.enable()
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SkyReels-V2 pipeline in diffusers format: real parts, random weights, a few thousand parameters.

    96x96 px and 61 frames work as they do with the embedded model; 32x32 and 13 frames are quick.
    """
    from tiny_pipeline import save_tiny_pipeline

    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_pipeline(folder)
    return folder
