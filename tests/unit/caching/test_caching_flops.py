"""The FLOP model: the specification's figures, closed forms, and torch's own counting."""

import dataclasses
import subprocess
import sys

import pytest

from vidkit.caching import ClipSchedule, MagiClipSchedule, flops
from vidkit.errors import ConfigError
from vidkit.models.block_runs import ForcingMode, block_runs
from vidkit.models.block_schedule import block_rows

SKYREELS = {
    "num_attention_heads": 12,
    "attention_head_dim": 128,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": 4096,
    "freq_dim": 256,
    "ffn_dim": 8960,
    "num_layers": 30,
}
SMALL = {**SKYREELS, "num_layers": 2, "num_attention_heads": 2, "attention_head_dim": 12, "ffn_dim": 40}
LONG = ClipSchedule(frames=177)


@pytest.mark.parametrize(
    ("baseline", "mode", "peta"),
    [
        ("dense_original", "bidirectional", 165.4),
        ("block_causal_dense", "block_causal", 113.6),
        ("block_causal_active", "block_causal+active", 79.7),
    ],
)
def test_the_three_baselines_of_skyreels_177_frames(baseline: str, mode: str, peta: float) -> None:
    report = flops(SKYREELS, LONG, mode)
    assert report.baselines[baseline] / 1e15 == pytest.approx(peta, rel=0.005)
    assert report.transformer == report.baselines[baseline]
    assert (report.rows, report.branches) == (135, 2)


def test_per_layer_costs_of_the_five_blocks() -> None:
    passes = flops(SKYREELS, ClipSchedule(), "block_causal").passes[:5]
    per_layer = [one.flops / 30 / 1e12 for one in passes]
    assert per_layer == pytest.approx([1.527, 2.166, 2.805, 3.445, 4.084], rel=0.005)
    assert [one.keys for one in passes] == [10_200 * n for n in (1, 2, 3, 4, 5)]


def test_the_vae_counts_on_both_sides_of_a_gain() -> None:
    report = flops({"transformer": SKYREELS, "vae": {}}, LONG, "block_causal+active")
    assert report.vae > 0
    assert report.total == report.transformer + report.vae
    plain = report.baselines["dense_original"] / report.transformer
    assert 1 < report.gain("dense_original") < plain
    assert "passes" not in report.as_dict()


@pytest.mark.parametrize("blocks", [2, 5])
def test_active_only_runs_every_block_once_a_step(blocks: int) -> None:
    schedule = ClipSchedule(frames=4 * 5 * blocks - 3, base_frames=None, steps=7, ar_step=2)
    passes = flops(SMALL, schedule, "block_causal+active").passes
    assert all(one.active for one in passes)
    assert len(passes) == 7 * blocks


def test_a_refresh_runs_every_block_but_the_last_once_more() -> None:
    schedule = ClipSchedule(frames=97, steps=7, ar_step=2)
    plain = flops(SMALL, schedule, "block_causal+active")
    fresh = flops(SMALL, schedule, "block_causal+active+refresh")
    extra = [one for one in fresh.passes if not one.active]
    assert [one.block for one in extra] == [0, 1, 2, 3]
    assert fresh.transformer - plain.transformer == pytest.approx(2 * sum(one.flops for one in extra))


def test_a_given_prefix_passes_once() -> None:
    rows = block_rows(6, 4, 2, ready=1)
    runs = list(block_runs(rows, ForcingMode.of("block_causal+active")))
    assert [run.block for row in runs for run in row].count(0) == 1
    assert not runs[0][0].active


def test_waiting_blocks_are_seen_where_attention_goes_both_ways() -> None:
    rows = block_rows(6, 3, 2)
    runs = list(block_runs(rows, ForcingMode.of("bidirectional+active")))
    assert [run.block for run in runs[0]] == [0, 1, 2]
    assert [run.block for run in runs[1]] == [0]
    assert {run.seen for row in runs for run in row} == {3}


def test_one_block_has_one_baseline() -> None:
    schedule = ClipSchedule(frames=17, base_frames=None, ar_step=0, causal_block_size=None)
    baselines = flops(SMALL, schedule).baselines
    assert len(set(baselines.values())) == 1


def test_a_pass_costs_what_torch_counts() -> None:
    import torch
    from diffusers import SkyReelsV2Transformer3DModel
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    schedule = ClipSchedule(9, 32, 32, 1, 1.0, None, None, 0, None, max_sequence_length=5)
    model = SkyReelsV2Transformer3DModel(**SMALL)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counted:
        model(torch.zeros(1, 16, 3, 4, 4), torch.zeros(1, 3), torch.zeros(1, 5, 4096),
              enable_diffusion_forcing=True)  # fmt: skip
    assert flops(SMALL, schedule).transformer == counted.get_total_flops()


MAGI = {
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "attention_head_dim": 128,
    "ffn_dim": 12288,
    "num_layers": 34,
    "in_channels": 16,
    "out_channels": 16,
}


@pytest.mark.parametrize(
    ("frames", "baseline", "peta"),
    [(240, "all_chunks", 283), (240, "published_ranges", 184), (168, "published_ranges", 123)],
)
def test_baselines_of_magi(frames: int, baseline: str, peta: float) -> None:
    report = flops(MAGI, MagiClipSchedule(frames))
    assert report.baselines[baseline] / 1e15 == pytest.approx(peta, rel=0.005)
    assert report.transformer == report.baselines["published_ranges"]
    assert report.rows == 16 * (frames // 24 + 3)
    assert report.vae > 0


def test_a_refresh_of_magi_passes_every_chunk_but_the_last_ones() -> None:
    fresh = flops(MAGI, MagiClipSchedule(), "block_causal+active+refresh")
    extra = [one for one in fresh.passes if not one.active]
    assert [one.block for one in extra] == list(range(9))
    assert all(one.keys == one.queries == 12_150 for one in extra)


def test_schedules_of_the_other_kind_are_refused() -> None:
    with pytest.raises(ConfigError, match="MAGI-1 takes another schedule"):
        flops(MAGI, ClipSchedule())
    with pytest.raises(ConfigError, match="the model is not MAGI-1"):
        flops(SMALL, MagiClipSchedule())
    with pytest.raises(ConfigError, match="does not run in the mode 'bidirectional'"):
        flops(MAGI, MagiClipSchedule(), "bidirectional")
    with pytest.raises(ConfigError, match="frames=250 are not a whole number of chunks of 24"):
        flops(MAGI, MagiClipSchedule(250))


def test_refusals_say_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match="not a whole number of blocks of 4"):
        flops(SMALL, dataclasses.replace(LONG, causal_block_size=4))
    with pytest.raises(ConfigError, match="no mode 'causal'"):
        flops(SMALL, LONG, "causal")
    with pytest.raises(ConfigError, match="lacks 'in_channels'"):
        flops({"dim": 3}, LONG)
    with pytest.raises(ConfigError, match="configuration cannot be NoneType"):
        flops(None, LONG)
    with pytest.raises(ConfigError, match="schedule cannot be NoneType"):
        flops(SMALL, None)  # type: ignore[arg-type]
    for kind, names in (
        (ClipSchedule, ("frames", "steps", "height")),
        (MagiClipSchedule, ("steps", "window")),
    ):
        for name in names:
            with pytest.raises(ConfigError, match=f"{name} must be >= 1, got 0"):
                kind(**{name: 0})  # it would cost nothing


def test_the_flop_model_needs_no_torch() -> None:
    code = "import sys, vidkit.caching as c; c.flops; c.ClipSchedule; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
