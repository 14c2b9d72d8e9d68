"""Families whose attention holds text too, and LTX-2: keeping all equals dense, and text stays exact."""

import pytest
import torch
from diffusers import (
    CogVideoXTransformer3DModel,
    HunyuanVideo15Transformer3DModel,
    LTX2VideoTransformer3DModel,
)

import scripts.bench_hunyuan_attention as bench
from vidkit.attention import AttentionSettings, enable
from vidkit.attention.keep import always_keep_mask
from vidkit.attention.processor import SparseAttnProcessor
from vidkit.errors import ModelError
from vidkit.hooks.dense.processor import DenseAttnProcessor, dense_kernels
from vidkit.hooks.families import family_of
from vidkit.hooks.families.hunyuan_video15 import valid_text
from vidkit.hooks.token_grid import TokenGrid

SMALL = {"num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2}
SMALL |= {"in_channels": 4, "out_channels": 4}


def values(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed + sum(size)))


def mask_of(length, valid):
    return (torch.arange(length) < valid).float()[None]


def hunyuan(valid=4, image=0.0):
    torch.manual_seed(0)
    more = {"text_embed_dim": 12, "text_embed_2_dim": 10, "image_embed_dim": 8, "rope_axes_dim": (4, 6, 6)}
    model = HunyuanVideo15Transformer3DModel(**SMALL, **more, num_refiner_layers=1, mlp_ratio=2.0)
    inputs = {
        "hidden_states": values(1, 4, 3, 4, 4),
        "timestep": torch.tensor([500.0]),
        "encoder_hidden_states": values(1, 7, 12),
        "encoder_attention_mask": mask_of(7, valid),
        "encoder_hidden_states_2": values(1, 5, 10),
        "encoder_attention_mask_2": mask_of(5, 2),
        "image_embeds": torch.full((1, 3, 8), image),
    }
    return model, inputs


def cogvideox():
    torch.manual_seed(0)
    more = {"sample_width": 8, "sample_height": 8, "sample_frames": 9, "max_text_seq_length": 6}
    more |= {"time_embed_dim": 8, "text_embed_dim": 12, "use_rotary_positional_embeddings": True}
    model = CogVideoXTransformer3DModel(**SMALL, **more)
    angles = values(48, 8).repeat_interleave(2, 1)
    inputs = {
        "hidden_states": values(2, 3, 4, 8, 8),
        "encoder_hidden_states": values(2, 6, 12),
        "timestep": torch.tensor([500, 500]),
        "image_rotary_emb": (angles.cos(), angles.sin()),
    }
    return model, inputs


def ltx2(**more):
    torch.manual_seed(0)
    audio = {"audio_in_channels": 4, "audio_out_channels": 4, "audio_num_attention_heads": 2}
    audio |= {"audio_attention_head_dim": 8, "audio_cross_attention_dim": 16}
    model = LTX2VideoTransformer3DModel(**SMALL, **audio, cross_attention_dim=32, caption_channels=12, **more)
    inputs = {
        "hidden_states": values(1, 48, 4),
        "audio_hidden_states": values(1, 5, 4),
        "encoder_hidden_states": values(1, 6, 12),
        "audio_encoder_hidden_states": values(1, 6, 12, seed=1),
        "timestep": torch.tensor([500]),
        "num_frames": 3,
        "height": 4,
        "width": 4,
        "audio_num_frames": 5,
    }
    return model, inputs


MODELS = {
    "hunyuan": hunyuan,
    "hunyuan-image": lambda: hunyuan(image=0.5),
    "cogvideox": cogvideox,
    "ltx2": ltx2,
    "ltx2-gated-split": lambda: ltx2(gated_attn=True, rope_type="split"),
}


@torch.no_grad()
def velocity(model, inputs):
    return model(**inputs, return_dict=False)[0]


def settings(**changes):
    return AttentionSettings("xattention", block_q=8, block_k=8, stride=4, **changes)


@pytest.mark.parametrize("name", MODELS)
def test_keeping_everything_is_dense_and_less_is_not(name):
    model, inputs = MODELS[name]()
    model.eval()
    dense = velocity(model, inputs)
    before = [layer.attention.processor for layer in family_of(model).layers(model)]
    with enable(model, settings(tau=1.0)) as handle:
        assert torch.equal(velocity(model, inputs), dense)
        assert handle.report()["density"] == 1
    # below 1 the masks are made and obeyed, though nothing is left out
    with enable(model, settings(tau=1 - 1e-7)) as handle:
        assert (velocity(model, inputs) - dense).abs().max() < 1e-5
        assert handle.report()["sparse_calls"] == 1 and handle.report()["density"] == 1
    with enable(model, settings(tau=0.3)) as handle:
        layers = family_of(model).layers(model)
        assert len(layers) == 2
        assert all(isinstance(layer.attention.processor, SparseAttnProcessor) for layer in layers)
        assert not torch.equal(velocity(model, inputs), dense)
        assert 0 < handle.report()["sparse_density"] < 1
    assert [layer.attention.processor for layer in family_of(model).layers(model)] == before
    assert torch.equal(velocity(model, inputs), dense)


@pytest.mark.parametrize("name", MODELS)
def test_dense_kernels_compute_the_same(name):
    model, inputs = MODELS[name]()
    dense = velocity(model.eval(), inputs)
    with dense_kernels({"t": model}, {"t": family_of(model)}, "native"):
        assert (velocity(model, inputs) - dense).abs().max() < 1e-5
        ours = [isinstance(x.attention.processor, DenseAttnProcessor) for x in family_of(model).layers(model)]
        assert ours == [family_of(model).drops_padding] * 2
    assert torch.equal(velocity(model, inputs), dense)


def test_hunyuans_padding_never_reaches_the_blocks():
    model, inputs = hunyuan()
    lengths = []

    def watch(module, args, kwargs):
        lengths.append((kwargs["encoder_hidden_states"].shape[1], kwargs["attention_mask"] is None))

    model.eval().transformer_blocks[1].attn.register_forward_pre_hook(watch, with_kwargs=True)
    velocity(model, inputs)
    with dense_kernels({"t": model}, {"t": family_of(model)}, "native"):
        velocity(model, inputs)
    # 3 image, 5 ByT5 and 7 Qwen tokens; 2 and 4 of the last two are valid
    assert lengths == [(15, False), (6, True)]


def test_the_bench_of_left_out_padding_finds_both_ways_exact(capsys):
    device = torch.device("cpu")
    case = bench.made((3, 4, 6), 7, True, device, torch.float32)
    before = case.attention.processor
    found = bench.measured(case, device, torch.float32)
    assert (found["tokens"], found["text"], found["valid"]) == (72, 24, 7)
    (row,) = found["kernels"]
    assert max(row["error"], row["from_masked"], found["masked_error"]) < 1e-5 and row["gain"] > 0
    assert case.attention.processor is before
    assert "72 + 7 of 24 tokens" in capsys.readouterr().out


def test_what_stands_in_the_padding_changes_nothing():
    model, inputs = hunyuan()
    changed = {**inputs, "encoder_hidden_states": inputs["encoder_hidden_states"].clone()}
    changed["encoder_hidden_states"][:, 4:] = 100
    for policy in (settings(tau=0.3), settings(tau=1.0)):
        with enable(model.eval(), policy):
            first = velocity(model, inputs)
        with enable(model, policy):
            assert (velocity(model, changed) - first).abs().max() < 1e-5


def test_rows_with_unequal_text_run_as_diffusers_has_them():
    model, inputs = hunyuan()
    two = {k: torch.cat([v, v]) for k, v in inputs.items()}
    two["encoder_attention_mask"] = torch.cat([mask_of(7, 4), mask_of(7, 6)])
    dense = velocity(model.eval(), two)
    with dense_kernels({"t": model}, {"t": family_of(model)}, "native"):
        assert (velocity(model, two) - dense).abs().max() < 1e-5
    assert valid_text(two["encoder_attention_mask"]) is None and valid_text(mask_of(7, 6)) == 6


@pytest.mark.parametrize(("before", "after"), [(6, 0), (0, 5), (0, 8), (3, 3)])
def test_every_query_reads_the_text_and_the_text_reads_everything(before, after):
    grid = TokenGrid(2, 4, 4, before, after)
    N = 32 + before + after
    mask = always_keep_mask((), N, 8, 8, grid, torch.device("cpu"))
    tokens = torch.zeros(N, dtype=torch.bool)
    tokens[:before] = True
    tokens[N - after :] |= after > 0
    blocks = torch.nn.functional.pad(tokens, (0, -N % 8)).view(-1, 8).any(1)
    assert mask[:, blocks].all() and mask[blocks].all() and not mask[~blocks][:, ~blocks].any()
    first = always_keep_mask(("first_frame",), N, 8, 8, grid, torch.device("cpu"))
    frame = torch.zeros(N, dtype=torch.bool)
    frame[before : before + 16] = True
    assert first[:, torch.nn.functional.pad(frame, (0, -N % 8)).view(-1, 8).any(1)].all()
    assert always_keep_mask((), 32, 8, 8, TokenGrid(2, 4, 4), torch.device("cpu")) is None


@pytest.mark.parametrize("name", ["hunyuan", "cogvideox"])
def test_predictors_that_move_text_are_refused(name):
    model, _ = MODELS[name]()
    with pytest.raises(ModelError, match="predictor 'svg2' cannot keep the prompt exact in 'transformer'"):
        enable(model, "svg2")
    assert not hasattr(model, "_diffusers_hook")


def test_halves_of_cogvideox_have_masks_of_their_own():
    model, inputs = cogvideox()
    with enable(model.eval(), settings(tau=0.3)):
        both = velocity(model, inputs)
    for half in range(2):
        one = {k: v[half : half + 1] if k != "image_rotary_emb" else v for k, v in inputs.items()}
        with enable(model, settings(tau=0.3)):
            assert (velocity(model, one) - both[half : half + 1]).abs().max() < 1e-5


def test_perturbed_calls_of_ltx2_are_left_to_the_model():
    family = family_of(ltx2(perturbed_attn=True)[0])
    assert family.is_plain(None, None, None)
    assert not family.is_plain(None, None, None, None, torch.ones(1), None)
    assert not family.is_plain(None, None, None, None, None, True)
    assert not family.is_plain(torch.ones(1)) and not family.is_plain(None, torch.ones(1))


def test_sound_that_changes_at_every_step_is_no_other_prompt():
    model, inputs = ltx2()
    model.eval()
    interval = settings(tau=0.3, reuse="interval", interval=4)
    with enable(model, interval) as handle:
        for step in range(3):
            changed = {
                "audio_hidden_states": values(1, 5, 4, seed=step),
                "timestep": torch.tensor([500 - step]),
            }
            velocity(model, {**inputs, **changed})
        refreshed = [row.refreshed for row in handle.rows()]
    assert refreshed[0] > 0 and refreshed[1:] == [0, 0]


@pytest.mark.parametrize("name", ["cogvideox", "ltx2"])
def test_positional_arguments_are_told_apart(name):
    model, inputs = MODELS[name]()
    family = family_of(model)
    names = ["hidden_states", "encoder_hidden_states", "timestep"]
    if name == "ltx2":
        names = ["hidden_states", "audio_hidden_states", "encoder_hidden_states"]
        names += ["audio_encoder_hidden_states", "timestep"]
    args = tuple(inputs[key] for key in names)
    rest = {key: value for key, value in inputs.items() if key not in names}
    call = family.call(args, rest)
    assert call.timestep is inputs["timestep"] and call.latents is inputs["hidden_states"]
    moved, _ = family.with_timestep(args, rest, torch.tensor([1]))
    assert moved[len(names) - 1].tolist() == [1] and moved[:-1] == args[:-1]
