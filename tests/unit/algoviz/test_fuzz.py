"""A slice of the fuzzing of scripts/fuzz_traces.py; docs/results has the long run."""

from __future__ import annotations

from collections import Counter

from stopwatch import too_long

from scripts import fuzz_traces
from vidkit.algoviz.vta.operations import PARAMS


def test_broken_traces_are_refused_or_read_and_never_crash() -> None:
    ends: Counter[str] = Counter()
    wrong = []

    def each(ended: str, seconds: float, text: str) -> None:
        ends[ended] += 1
        if ended.startswith("FAILED") or too_long(seconds, fuzz_traces.SLOWEST_S):
            wrong.append((ended, seconds, text))

    assert fuzz_traces.run(0, 0, 800, float("inf"), each) == 800
    assert wrong == []
    assert min(ends["read"], ends["read, with errors"], ends["refused"]) > 50


def test_every_operation_is_among_the_seeds() -> None:
    assert {op["op"] for op in fuzz_traces._OPS} == set(PARAMS)


def test_inputs_are_the_same_for_the_same_numbers() -> None:
    assert (
        fuzz_traces.input_number(3, 17) == fuzz_traces.input_number(3, 17) != fuzz_traces.input_number(3, 21)
    )
