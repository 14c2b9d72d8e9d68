"""A pool that breaks loses no task."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from vidkit.frames import runners


class BreakingPool:
    """Takes one task, then has lost its workers."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.taken = 0

    def __enter__(self) -> BreakingPool:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, *_: Any) -> Future[list[dict[str, Any]]]:
        self.taken += 1
        if self.taken > 1:
            raise BrokenProcessPool("a worker died")
        return Future()


def test_a_task_refused_by_a_broken_pool_stays_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "ProcessPoolExecutor", BreakingPool)
    pending: list[Any] = [["third"], ["second"], ["first"]]
    round_ = runners._pool_round(None, pending, workers=2)  # type: ignore[arg-type]
    with pytest.raises(StopIteration) as end:
        next(round_)
    assert end.value.value == [["first"]]  # was at work: tried again alone
    assert pending == [["third"], ["second"]]
