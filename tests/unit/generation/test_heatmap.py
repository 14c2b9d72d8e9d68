"""The picture of what a cache computed: whatever is written on it is whole."""

from __future__ import annotations

import numpy as np
import pytest

from vidkit.commands.generate.heatmap import heatmap


@pytest.mark.parametrize("title", ["", "maze | no prompt | cache interval", "a long prompt of words " * 12])
def test_texts_are_whole_on_the_narrowest_map(title: str) -> None:
    small = np.asarray(heatmap(np.ones((1, 3)), np.ones((1, 4, 4)), title)).astype(int)
    ink = np.abs(small - small[0, 0]).max(axis=-1) > 40
    assert small.shape[1] < 1000 and not ink[:, -8:].any()  # no letter reaches the margin
    wide = np.asarray(heatmap(np.ones((1, 200)), np.ones((9, 4, 4)), title)).astype(int)
    top = 24  # the first line of a title, and no tile
    same = np.abs(wide - wide[0, 0]).max(axis=-1) > 40
    assert ink[:top].sum() == same[:top].sum()
