"""Parts of a calibration without a model: error bands, probed steps, prompts of heads."""

import pytest
import torch

from vidkit.attention.calibration import assign_prompts, band_error, choose_steps
from vidkit.attention.calibration.bands import check_weights
from vidkit.errors import ConfigError


def test_bands_split_the_whole_energy():
    g = torch.Generator().manual_seed(0)
    reference, error = torch.randn(2, 8, 8, 8, generator=g), torch.randn(2, 8, 8, 8, generator=g)
    found = band_error(reference + error, reference)
    assert sum(found.bands.values()) == pytest.approx(
        float(error.square().sum() / reference.square().sum()), rel=1e-5
    )
    assert found.weighted == pytest.approx(
        found.bands["LL"] + 0.5 * found.bands["LH"] + 0.01 * (found.bands["HL"] + found.bands["HH"])
    )


@pytest.mark.parametrize(
    "wave, band",
    [((0, 0, 0), "LL"), ((0, 4, 0), "LH"), ((0, 1, 4), "LH"), ((4, 0, 1), "HL"), ((3, 3, 0), "HH")],
)
def test_one_wave_falls_in_one_band(wave, band):
    t, h, w = torch.meshgrid(*[torch.arange(8.0)] * 3, indexing="ij")
    error = torch.cos(2 * torch.pi / 8 * (wave[0] * t + wave[1] * h + wave[2] * w))[None]
    found = band_error(1 + error, torch.ones_like(error)).bands
    assert found[band] == pytest.approx(sum(found.values())) and found[band] > 0.1


def test_band_weights_are_checked():
    with pytest.raises(ConfigError, match="LL, LH, HL and HH"):
        check_weights({"LL": 1.0})


def test_steps_come_from_the_sparse_part_of_each_interval():
    for seed in range(20):
        a, b, c, d = choose_steps(50, 0, 4, seed)
        assert a <= 11 < b <= 24 < c <= 36 < d <= 49
        late = choose_steps(50, 20, 4, seed)  # the warm-up covers an interval: the sparse steps are divided
        assert [20 <= s < 50 for s in late] == [True] * 4 and late == sorted(set(late))
    assert choose_steps(5, 1, 4) == [1, 2, 3, 4]
    assert choose_steps(50, 5, 4, 1) == choose_steps(50, 5, 4, 1)
    with pytest.raises(ConfigError, match="no sparse steps"):
        choose_steps(10, 10)


def test_prompts_are_assigned_by_a_stable_hash():
    # frozen: tables on disk name the seed, and must mean the same prompts on every machine and version
    assert assign_prompts(2, 3, 5, seed=7) == [[4, 2, 3], [1, 2, 3]]
    used = {p for row in assign_prompts(30, 12, 10) for p in row}
    assert used == set(range(10))
