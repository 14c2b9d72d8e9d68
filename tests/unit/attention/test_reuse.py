import math

import pytest
import torch

from vidkit.attention.drift import Anchors, Pooled, drift, pool
from vidkit.attention.reuse import make_reuse
from vidkit.attention.temporal_mask_reuse import layer_gate
from vidkit.errors import ConfigError
from vidkit.hooks.calls import timestep_signature
from vidkit.hooks.clock import Clock, Signature


def pooled(*values, D=4):
    """One head a value, every coordinate equal to it."""
    x = torch.tensor(values)[None, :, None].expand(1, -1, D)
    return Pooled(x, torch.zeros_like(x))


def test_drift_is_the_sum_of_two_l1_norms():
    a = Anchors.at(Pooled(torch.tensor([[[1.0, -2.0]]]), torch.tensor([[[0.5, 0.0]]])), 3)
    d = drift(Pooled(torch.tensor([[[0.0, 2.0]]]), torch.tensor([[[1.0, -1.0]]])), a)
    assert d.item() == pytest.approx(1 + 4 + 0.5 + 1)


def test_pool_is_the_mean_over_tokens_in_fp32():
    q = torch.full((1, 1, 4096, 2), 0.1, dtype=torch.bfloat16)
    p = pool(q, q)
    assert p.q.dtype == torch.float32 and p.q[0, 0, 0] == pytest.approx(float(q[0, 0, 0, 0]), rel=1e-5)


def test_small_drifts_add_up_against_the_last_refresh():
    policy = make_reuse("tmr", delta=10.0, gate=False)
    anchors = Anchors.at(pooled(0.0), 0)
    refreshed = []
    for step in range(1, 8):
        now = pooled(step * 1.0)  # 4 units per step; step to step it never exceeds 10
        decision = policy.decide(now, anchors, step)
        refreshed.append(bool(decision))
        anchors = anchors.moved(now, step, decision)
    assert refreshed == [False, False, True, False, False, True, False]
    assert anchors.step.item() == 6


def test_drift_equal_to_delta_reuses():
    policy = make_reuse("tmr", delta=4.0, gate=False)
    assert not policy.decide(pooled(1.0), Anchors.at(pooled(0.0), 0), 1).any()
    assert policy.decide(pooled(1.001), Anchors.at(pooled(0.0), 0), 1).all()


@pytest.mark.parametrize(
    "asking, expected",
    [(3, 0), (4, 4), (6, 6), (8, 8), (9, 10), (10, 10), (0, 0)],
    ids=lambda x: str(x),
)
def test_layer_gate_bounds(asking, expected):
    # below 0.4 none, above 0.8 all, on the bounds as asked
    wish = torch.arange(10)[None] < asking
    assert int(layer_gate(wish, 0.4, 0.8).sum()) == expected


def test_gate_looks_at_each_batch_row():
    wish = torch.tensor([[True, False, False, False], [True, True, True, True]])
    assert layer_gate(wish, 0.4, 0.8).tolist() == [[False] * 4, [True] * 4]


def test_relative_drift_does_not_change_with_scale():
    policy = make_reuse("tmr-relative", delta=0.2, gate=False)
    for scale in (1e-3, 1.0, 1e3):
        anchors = Anchors.at(pooled(1.0 * scale, 1.0 * scale), 0)
        assert policy.decide(pooled(1.1 * scale, 1.3 * scale), anchors, 1).tolist() == [[False, True]]


def test_interval_counts_from_each_heads_refresh():
    policy = make_reuse("interval", interval=3)
    anchors = Anchors(pooled(0.0, 0.0).q, pooled(0.0, 0.0).k, torch.tensor([[0, 2]], dtype=torch.int32))
    assert policy.decide(pooled(0.0, 0.0), anchors, 3).tolist() == [[True, False]]


def test_identities_of_the_policies():
    anchors = Anchors.at(pooled(0.0, 5.0), 0)
    same = pooled(0.0, 5.0)
    assert make_reuse("tmr", delta=-1.0).decide(same, anchors, 1).all()
    assert not make_reuse("tmr", delta=math.inf).decide(pooled(1e9, 1e9), anchors, 1).any()
    assert make_reuse("interval", interval=1).decide(same, anchors, 1).all()
    assert make_reuse("never").decide(same, anchors, 1) is True
    assert make_reuse("freeze").decide(same, anchors, 1) is False


def test_not_a_number_refreshes():
    assert (
        make_reuse("tmr", delta=math.inf, gate=False)
        .decide(pooled(math.nan), Anchors.at(pooled(0.0), 0), 1)
        .all()
    )


def test_bad_reuse_settings():
    for name, options, message in (
        ("always", {}, "unknown reuse policy 'always'"),
        ("interval", {"interval": 0}, "interval must be >= 1, got 0"),
        ("tmr", {"gate_low": 0.9, "gate_high": 0.1}, "gate_low and gate_high"),
        ("tmr", {"delta": math.nan}, "delta must be a number, got nan"),
        ("never", {"delta": 3.0}, "unknown setting 'delta' for 'never'"),
        ("tmr_auto", {"delta": None}, "calibrated delta"),
    ):
        with pytest.raises(ConfigError, match=message):
            make_reuse(name, **options)


def test_clock_counts_steps_by_branch():
    clock = Clock()
    steps = [(clock.tick(Signature(t, t), b).step) for t in (900.0, 600.0, 300.0) for b in ("cond", "uncond")]
    assert steps == [0, 0, 1, 1, 2, 2]


def test_clock_begins_anew_when_the_highest_timestep_rises():
    clock = Clock()
    first = [clock.tick(Signature(t, t), "cond") for t in (900.0, 100.0)]
    again = clock.tick(Signature(900.0, 900.0), "cond")
    assert again.step == 0 and again.epoch != first[-1].epoch == first[0].epoch


def test_clock_window_slide_drops_masks_and_keeps_the_step():
    clock = Clock()
    ticks = [clock.tick(Signature(900.0, m), "cond") for m in (900.0, 700.0, 500.0, 800.0)]
    assert [t.step for t in ticks] == [0, 1, 2, 3]
    assert ticks[2].epoch == ticks[0].epoch != ticks[3].epoch


def test_clock_without_names_uses_the_order_of_calls():
    clock = Clock()
    names = [clock.tick(Signature(t, t)).branch for t in (900.0, 900.0, 600.0, 600.0)]
    assert names == ["cond", "uncond", "cond", "uncond"]


def test_clock_takes_the_pipelines_step_index():
    clock = Clock()
    assert [clock.tick(Signature(t, t), "cond", s).step for t, s in ((900.0, 0), (600.0, 3), (300.0, 7))] == [
        0,
        3,
        7,
    ]


@pytest.mark.parametrize("shape", [(), (1,), (2,), (1, 5)])
def test_signature_of_any_timestep_shape(shape):
    # Wan2.2 TI2V passes [B, tokens], diffusion forcing [B, frames]
    assert timestep_signature(torch.full(shape, 500)) == Signature(500.0, 500.0)
    assert timestep_signature(500) == Signature(500.0, 500.0)
