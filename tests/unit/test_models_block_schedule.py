"""Diffusion-forcing schedules: the rows of diffusers, the counts of the specification."""

import pytest

from vidkit.errors import ConfigError
from vidkit.models.block_schedule import Window, block_rows, plan_windows

CASES = {
    "skyreels": (50, 5, 5, 0, 5),
    "prefix": (50, 5, 5, 1, 5),
    "together": (10, 16, 0, 0, 16),
    "together-prefix": (10, 16, 0, 1, 16),
    "sliding": (20, 12, 7, 0, 4),
    "one-after-another": (8, 4, 20, 1, 4),
}


@pytest.mark.parametrize(("steps", "blocks", "ar_step", "ready", "window"), CASES.values(), ids=CASES)
def test_rows_equal_those_of_diffusers(
    steps: int, blocks: int, ar_step: int, ready: int, window: int
) -> None:
    import torch
    from diffusers import SkyReelsV2DiffusionForcingPipeline

    _, index, update, seen = SkyReelsV2DiffusionForcingPipeline.generate_timestep_matrix(
        None, blocks, torch.arange(900, 900 - steps, -1), window, ar_step, ready, 1
    )
    rows = block_rows(steps, blocks, ar_step, ready, window)
    assert [[level + 1 for level in row.level] for row in rows] == index.tolist()
    assert [list(row.update) for row in rows] == update.tolist()
    assert [(row.start, row.stop) for row in rows] == seen


def test_reference_settings_take_70_rows_and_65_after_a_prefix() -> None:
    assert len(block_rows(50, 5, 5)) == 70
    assert len(block_rows(50, 5, 5, ready=1)) == 65


@pytest.mark.parametrize("ar_step", [0, 1, 3, 9])
def test_every_block_does_every_step_once(ar_step: int) -> None:
    rows = block_rows(6, 4, ar_step)
    for block in range(4):
        assert [row.level[block] for row in rows if row.update[block]] == list(range(6))


def test_windows_overlap_and_cover_the_clip() -> None:
    # 177 pixel frames, base 97, overlap 17: two windows of 25 latent frames
    assert plan_windows(45, 25, 5, 5) == [Window(0, 25, 0, 0), Window(20, 25, 5, 5)]
    assert plan_windows(25, 25, None) == [Window(0, 25, 0, 0)]


def test_a_prefix_is_cut_to_whole_blocks() -> None:
    assert plan_windows(45, 25, 7, 5)[1] == Window(18, 25, 5, 7)


def test_windows_need_an_overlap() -> None:
    with pytest.raises(ConfigError) as error:
        plan_windows(45, 25)
    assert error.value.message == (
        "a clip of 45 latent frames needs several windows of 25, and overlap_frames gives 0 shared latent"
        " frames"
    )


def test_a_sliding_window_needs_a_large_enough_lag() -> None:
    with pytest.raises(ConfigError) as error:
        block_rows(20, 12, 2, window=4)
    assert error.value.hint == "use ar_step=5 or more"
