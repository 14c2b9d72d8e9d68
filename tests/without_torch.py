"""For runs where torch is left out on purpose (`VIDKIT_TEST_WITHOUT_TORCH=1`, see scripts/test_matrix.py).

What ends because torch, or a package that stands on it, is not there counts as skipped, with that reason;
every other failure stays one. Without the variable nothing is changed: a missing torch fails the tests.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import pytest

LEFT_OUT = "torch|diffusers|accelerate|triton|peft|flash_attn"
REASON = "needs torch, which this run leaves out"
_MISSING = re.compile(
    rf"No module named '({LEFT_OUT})\b|package '({LEFT_OUT})' is not installed|requires? (the )?PyTorch\b"
)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    """Files that import torch."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and _MISSING.search(str(report.longrepr)):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: {REASON}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Tests that import torch, themselves or in a process of theirs."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and _MISSING.search("\n".join([str(report.longrepr), *(t for _, t in report.sections)])):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.reportinfo()[1] or 0, f"Skipped: {REASON}")
