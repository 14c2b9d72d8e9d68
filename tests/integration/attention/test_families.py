"""Wan VACE, Wan Animate and subclasses: sparse in every self-attention, and counted."""

import pytest
import torch
from diffusers import (
    ChronoEditTransformer3DModel,
    WanAnimateTransformer3DModel,
    WanTransformer3DModel,
    WanVACETransformer3DModel,
)

from vidkit.attention import AttentionPolicy, ThresholdTable, enable
from vidkit.attention.calibration import Calibrator, Snapshot
from vidkit.attention.calibration.bands import band_error
from vidkit.attention.predictors import make_predictor
from vidkit.attention.processor import SparseAttnProcessor
from vidkit.config.attention_schema import AttentionSettings
from vidkit.hooks.families import family_of
from vidkit.hooks.partial_forward import dense_forward, resumed_at, velocity_of

SIZE = {
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 3,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
}
MOTION = {
    "latent_channels": 4,
    "in_channels": 12,
    "motion_encoder_size": 4,
    "motion_encoder_dim": 8,
    "motion_encoder_channel_sizes": {"4": 8},
    "motion_style_dim": 8,
    "motion_dim": 4,
    "image_dim": 8,
    "face_encoder_hidden_dim": 8,
    "face_encoder_num_heads": 2,
    "inject_face_latents_blocks": 3,
    "added_kv_proj_dim": 48,
}


class OwnWan(WanTransformer3DModel):
    """What a user derives."""


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def vace():
    torch.manual_seed(0)
    model = WanVACETransformer3DModel(**SIZE, in_channels=4, vace_layers=[0, 2], vace_in_channels=8)
    return model, {"control_hidden_states": random(1, 8, 2, 8, 8)}


def animate():
    torch.manual_seed(0)
    model = WanAnimateTransformer3DModel(**SIZE, **MOTION)
    more = {
        "hidden_states": random(1, 12, 2, 8, 8),
        "pose_hidden_states": random(1, 4, 1, 8, 8),
        "face_pixel_values": random(1, 3, 1, 4, 4),
        "encoder_hidden_states_image": random(1, 4, 8),
        "encoder_hidden_states": random(1, 512, 16),
    }
    return model, more


def plain(kind):
    torch.manual_seed(0)
    return kind(**SIZE, in_channels=4), {}


MODELS = {
    "vace": vace,
    "animate": animate,
    "chronoedit": lambda: plain(ChronoEditTransformer3DModel),
    "subclass": lambda: plain(OwnWan),
}


def build(name):
    """A tiny random model, and the arguments of a forward."""
    model, more = MODELS[name]()
    inputs = {"hidden_states": random(1, 4, 2, 8, 8), "encoder_hidden_states": random(1, 6, 16), **more}
    return model.eval().requires_grad_(False), {**inputs, "timestep": torch.tensor([500])}


def settings(**changes):
    return AttentionSettings(predictor="xattention", block_q=8, block_k=8, stride=4, **changes)


@pytest.mark.parametrize("name", MODELS)
def test_every_self_attention_is_sparse_and_counted(name):
    model, inputs = build(name)
    dense, layers = velocity_of(model, inputs), family_of(model).layers(model)
    assert len(layers) == (5 if name == "vace" else 3)
    with enable(model, settings(tau=1.0)) as handle:
        assert (velocity_of(model, inputs) - dense).abs().max() < 1e-5
        assert handle.report()["density"] == 1
    with enable(model, settings(tau=0.3)) as handle:
        assert all(isinstance(layer.attention.processor, SparseAttnProcessor) for layer in layers)
        assert not torch.equal(velocity_of(model, inputs), dense)
        (row,) = handle.rows()
        assert row.heads == 2 * len(layers) and row.density == row.sparse_density < 1
    assert torch.equal(velocity_of(model, inputs), dense)


def test_control_blocks_are_as_deep_as_the_blocks_they_add_to():
    model, inputs = build("vace")
    with enable(model, settings(tau=0.3, dense_layers=1)) as handle:
        velocity_of(model, inputs)
        (row,) = handle.rows()
        sparse = [
            isinstance(x.attention.processor, SparseAttnProcessor) for x in family_of(model).layers(model)
        ]
    assert sparse == [False, True, True, False, True]
    assert row.density == pytest.approx((2 + 3 * row.sparse_density) / 5)


@pytest.mark.parametrize("name", MODELS)
def test_a_resumed_forward_is_the_forward(name):
    model, inputs = build(name)
    dense = dense_forward(model, inputs)
    assert len(dense.inputs) == 3
    for index in range(3):
        with resumed_at(model, index, dense.inputs[index]):
            assert torch.equal(velocity_of(model, inputs), dense.velocity)
    assert torch.equal(velocity_of(model, inputs), dense.velocity)


@pytest.mark.parametrize("name", ["vace", "animate"])
def test_a_probe_is_a_run_with_one_sparse_head(name, tmp_path):
    model, inputs = build(name)
    layers = len(family_of(model).layers(model))
    predictor = make_predictor("xattention", block_q=8, block_k=8, stride=4)
    snapshot, prompts = Snapshot(0, 1, inputs), [[0, 0]] * layers
    run = Calibrator(model, predictor, [0.3, 1.0], [snapshot], prompts, tmp_path / "log")
    measured, dense = run.run(), velocity_of(model, inputs)
    assert measured.errors.shape == (layers, 2, 2) and (measured.errors[..., 1] == 0).all()
    for layer in range(layers):
        taus = torch.ones(layers, 2)
        taus[layer, 1] = 0.3
        table = ThresholdTable(
            "random", predictor.describe(), [0.3, 1.0], 0, 0, 0, taus.tolist(), [[[0.0]]], [[[0.0]]]
        )
        with enable(model, AttentionPolicy(predictor, table=table)):
            wanted = band_error(velocity_of(model, inputs), dense).weighted
        assert wanted > 0 and float(measured.errors[layer, 1, 0]) == pytest.approx(wanted, rel=1e-3)
