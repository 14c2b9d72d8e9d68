"""Peaks against SciPy's, whose rules they follow."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from vidkit.frames.peaks import find_peaks


@given(
    values=st.lists(st.integers(0, 6), max_size=60),  # few values: plateaus and equal heights abound
    height=st.none() | st.integers(0, 6),
    distance=st.none() | st.integers(1, 12),
    prominence=st.none() | st.integers(0, 5),
)
@settings(max_examples=400, deadline=None)
def test_peaks_with_ties_equal_scipy(
    values: list[int], height: int | None, distance: int | None, prominence: int | None
) -> None:
    curve = np.array(values, dtype=np.float64)
    expected, _ = signal.find_peaks(curve, height=height, distance=distance, prominence=prominence)
    assert find_peaks(curve, height, distance, prominence).tolist() == expected.tolist()


@pytest.mark.parametrize("n", [3600, 777])
def test_peaks_of_long_curves_equal_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    for curve in (rng.normal(size=n), np.cumsum(rng.normal(size=n)), np.sin(np.arange(n) / 40)):
        for words in ({}, {"distance": 5}, {"height": 0.3, "distance": n // 50, "prominence": 0.2}):
            expected, _ = signal.find_peaks(curve, **words)
            assert np.array_equal(find_peaks(curve, **words), expected)


def test_selecting_loads_no_scipy_signal() -> None:
    code = (
        "import sys, numpy as np, vidkit.frames as vf\n"
        "c = vf.Candidates(np.arange(90.), np.sin(np.arange(90) / 9), np.eye(90))\n"
        "vf.select('wfs-sb', c, 8); vf.select('efs', c, 8)\n"
        "assert 'scipy.signal' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
