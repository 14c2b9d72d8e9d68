"""Limits of time in tests: they hold on slow machines and catch what is worse than linear."""

import gc
import time

import pytest
import stopwatch
from stopwatch import patience_s, quick, slowness, thread_s


def squares(size: int) -> int:
    return sum(1 for a in range(size) for b in range(size) if a == b)


def test_what_is_quick_returns_its_value() -> None:
    assert quick(lambda: squares(30), 0.5) == 30


def test_what_is_worse_than_linear_is_caught_without_a_second_try() -> None:
    calls = []
    with pytest.raises(AssertionError, match="of processor time"):
        quick(lambda: calls.append(squares(3000)), 1e-3)
    assert len(calls) == 1


def test_a_slower_machine_has_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    took, _ = thread_s(lambda: squares(300))
    with pytest.raises(AssertionError):
        quick(lambda: squares(300), took / 100)
    monkeypatch.setattr(stopwatch, "YARDSTICK_S", stopwatch.YARDSTICK_S / 200)
    assert quick(lambda: squares(300), took / 100) == 300


def test_sleep_does_not_count_for_a_thread_but_load_does_for_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert thread_s(lambda: time.sleep(0.1))[0] < 0.1
    assert patience_s(1.0) >= 2.0
    monkeypatch.setattr("os.getloadavg", lambda: (1000.0, 0.0, 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert patience_s(1.0) >= 1000.0


def test_collection_goes_on_afterwards_and_errors_go_through() -> None:
    def fails() -> None:
        assert not gc.isenabled()
        raise KeyError("x")

    with pytest.raises(KeyError):
        quick(fails, 1.0)
    assert gc.isenabled() and slowness() >= 1.0
