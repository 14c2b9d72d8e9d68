"""FLOPs and parameters of other families by arithmetic, beside what torch counts on diffusers' classes."""

import diffusers
import pytest
import torch
from diffusers.models.attention_dispatch import attention_backend
from torch.utils.flop_counter import FlopCounterMode

from vidkit.hooks.dense.processor import dense_kernels
from vidkit.hooks.families import family_of
from vidkit.models.encoder_cost import connector_parameters, text_encoder_parameters
from vidkit.models.layouts import LAYOUTS, layout_of
from vidkit.models.layouts.base import Clip

LTX_2_3 = {
    "gated_attn": True,
    "cross_attn_mod": True,
    "audio_gated_attn": True,
    "audio_cross_attn_mod": True,
    "use_prompt_embeddings": False,
    "perturbed_attn": True,
}
COG = {"num_attention_heads": 48, "num_layers": 42, "use_rotary_positional_embeddings": True}
VACE = {
    "num_attention_heads": 12,
    "attention_head_dim": 128,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": 4096,
    "ffn_dim": 8960,
    "num_layers": 30,
    "cross_attn_norm": True,
    "vace_layers": list(range(0, 30, 2)),
}
TRANSFORMERS = {
    "cogvideox-5b": ("cogvideox", "CogVideoXTransformer3DModel", COG),
    "cogvideox-1.5": (
        "cogvideox",
        "CogVideoXTransformer3DModel",
        {**COG, "patch_size_t": 2, "patch_bias": False, "ofs_embed_dim": 512},
    ),
    "hunyuan": ("hunyuan_video15", "HunyuanVideo15Transformer3DModel", {}),
    "hunyuan-meanflow": ("hunyuan_video15", "HunyuanVideo15Transformer3DModel", {"use_meanflow": True}),
    "ltx-2": ("ltx2", "LTX2VideoTransformer3DModel", {}),
    "ltx-2.3": ("ltx2", "LTX2VideoTransformer3DModel", LTX_2_3),
    "vace": ("wan_vace", "WanVACETransformer3DModel", VACE),
}
VAES = {
    "cogvideox": "AutoencoderKLCogVideoX",
    "hunyuan_video15": "AutoencoderKLHunyuanVideo15",
    "ltx2": "AutoencoderKLLTX2Video",
}


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def on_meta(kind, **arguments):
    with torch.device("meta"):
        return kind(**arguments)


def counted(call, attention=True):
    # a backend that another test chose holds for the whole process, and torch counts the products of some
    native = attention_backend("native")
    with native, FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    counts = counter.get_flop_counts()["Global"]
    return sum(flops for op, flops in counts.items() if attention or "attention" not in str(op))


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_parameters_of_published_shapes_are_exact(name):
    family, kind, arguments = TRANSFORMERS[name]
    layout = layout_of(family)
    model = on_meta(getattr(diffusers, kind), **arguments)
    assert layout.transformer_parameters({**layout.transformer_defaults, **arguments}) == parameters(model)


def test_cogvideox_forwards_cost_what_torch_counts():
    layout = layout_of("cogvideox")
    small = {"num_layers": 2, "use_rotary_positional_embeddings": True}
    model = on_meta(diffusers.CogVideoXTransformer3DModel, **small)
    with torch.device("meta"):
        tables = (torch.empty(3 * 6 * 8, 64), torch.empty(3 * 6 * 8, 64))
        inputs = torch.empty(1, 3, 16, 12, 16), torch.empty(1, 226, 4096), torch.empty(1)
    found = counted(lambda: model(*inputs, image_rotary_emb=tables))
    assert layout.forward_flops({**layout.transformer_defaults, **small}, Clip(144, 226, 1.0)).total == found


def test_vace_forwards_cost_what_torch_counts():
    layout = layout_of("wan_vace")
    small = {**VACE, "num_layers": 3, "vace_layers": [0, 2]}
    model = on_meta(diffusers.WanVACETransformer3DModel, **small)
    with torch.device("meta"):
        inputs = torch.empty(1, 16, 3, 8, 12), torch.empty(1), torch.empty(1, 20, 4096)
        control = torch.empty(1, 96, 3, 8, 12)
    found = counted(lambda: model(*inputs, control_hidden_states=control))
    assert layout.forward_flops({**layout.transformer_defaults, **small}, Clip(72, 20, 1.0)).total == found
    assert layout.attention_layers(small) == 5


def test_hunyuan_linear_layers_cost_what_torch_counts():
    layout = layout_of("hunyuan_video15")
    small = {"num_layers": 1, "num_attention_heads": 2, "text_embed_2_dim": 16, "image_embed_dim": 8}
    model = diffusers.HunyuanVideo15Transformer3DModel(**small)
    inputs = {
        "hidden_states": torch.zeros(1, 65, 3, 4, 6),
        "timestep": torch.tensor([500.0]),
        "encoder_hidden_states": torch.zeros(1, 20, 3584),
        "encoder_attention_mask": torch.ones(1, 20),
        "encoder_hidden_states_2": torch.zeros(1, 256, 16),
        "encoder_attention_mask_2": torch.ones(1, 256),
        "image_embeds": torch.zeros(1, 729, 8),
    }
    with dense_kernels({"t": model}, {"t": family_of(model)}, "native"):
        found = counted(lambda: model(**inputs), attention=False)  # torch < 2.15 counts none on CPUs
    cost = layout.forward_flops({**layout.transformer_defaults, **small}, Clip(72, 20, 1.0))
    assert cost.linear == found
    assert cost.self_attention == 4 * (72 + 20 + 256) ** 2 * 256


@pytest.mark.parametrize("version", [{}, LTX_2_3], ids=["2.0", "2.3"])
def test_ltx_linear_layers_cost_what_torch_counts(version):
    layout = layout_of("ltx2")
    small = {
        "num_layers": 2,
        "num_attention_heads": 2,
        "attention_head_dim": 32,
        "cross_attention_dim": 64,
        "audio_num_attention_heads": 2,
        "audio_attention_head_dim": 16,
        "audio_cross_attention_dim": 32,
        "caption_channels": 24,
    }
    shape = {**layout.transformer_defaults, **version, **small}
    model = diffusers.LTX2VideoTransformer3DModel(**version, **small)
    A, prompt = layout.sound_tokens(shape, 2.0), (24, 24) if shape["use_prompt_embeddings"] else (64, 32)
    inputs = [torch.zeros(1, 72, 128), torch.zeros(1, A, 128), *(torch.zeros(1, 20, w) for w in prompt)]
    sizes = {"num_frames": 3, "height": 4, "width": 6, "audio_num_frames": A}
    level = torch.tensor([500])
    found = counted(lambda: model(*inputs, timestep=level, sigma=level, **sizes), attention=False)
    cost = layout.forward_flops(shape, Clip(72, 20, 2.0))
    assert (cost.linear, A) == (found, 50)
    assert cost.self_attention == 2 * 4 * 72**2 * 64


@pytest.mark.parametrize("family", VAES)
@pytest.mark.parametrize("frames", [1, 3])
def test_vaes_cost_what_torch_counts(family, frames):
    layout = layout_of(family)
    vae = on_meta(getattr(diffusers, VAES[family]))
    channels, factor = vae.config.latent_channels, layout.spatial_factor(layout.vae_defaults)
    latents = torch.empty(1, channels, frames, 3, 4, device="meta")
    cost = layout.vae_cost(layout.vae_defaults, frames, 3 * factor, 4 * factor)
    assert cost.parameters == parameters(vae)
    assert cost.decode_flops == counted(lambda: vae.decode(latents))
    assert cost.encode_flops == 0 < cost.decode_peak_values


def test_tiles_are_counted_with_their_overlap():
    layout = layout_of("cogvideox")
    vae = on_meta(diffusers.AutoencoderKLCogVideoX)
    vae.enable_tiling(96, 96)
    shape = {**layout.vae_defaults, "sample_height": 192, "sample_width": 192}
    latents = torch.empty(1, 16, 1, 13, 12, device="meta")
    tiled = layout.vae_cost(shape, 1, 104, 96, tiled=True)
    assert tiled.decode_flops == counted(lambda: vae.decode(latents))
    assert tiled.decode_peak_values < layout.vae_cost(shape, 1, 104, 96).decode_peak_values
    hunyuan = layout_of("hunyuan_video15")
    whole, tiled = (hunyuan.vae_cost(hunyuan.vae_defaults, 31, 720, 1280, tiled=x) for x in (False, True))
    assert tiled.decode_peak_values < whole.decode_peak_values / 10
    assert whole.decode_flops < tiled.decode_flops < 2 * whole.decode_flops
    ltx = layout_of("ltx2")
    whole, tiled = (ltx.vae_cost(ltx.vae_defaults, 16, 704, 1280, tiled=x) for x in (False, True))
    assert tiled.decode_peak_values < whole.decode_peak_values / 3


def test_text_encoders_and_connectors_are_counted():
    transformers = pytest.importorskip("transformers")
    t5 = {"vocab_size": 100, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 3, "num_heads": 2}
    config = transformers.T5Config(**t5, feed_forward_proj="gated-gelu")
    # transformers 5.0 does not tie weights on the meta device
    assert text_encoder_parameters({**t5, "model_type": "t5"}) == parameters(
        transformers.T5EncoderModel(config)
    )
    model = {"vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    model |= {"num_attention_heads": 4, "num_key_value_heads": 2}
    qwen = on_meta(transformers.Qwen2Model, config=transformers.Qwen2Config(**model))
    assert text_encoder_parameters({"text_config": {**model, "model_type": "qwen2"}}) == parameters(qwen)
    gemma = {**model, "head_dim": 16, "model_type": "gemma3_text"}
    known = transformers.Gemma3TextConfig(**{k: v for k, v in gemma.items() if k != "model_type"})
    assert text_encoder_parameters(gemma) == parameters(on_meta(transformers.Gemma3TextModel, config=known))
    connectors = on_meta(diffusers.pipelines.ltx2.LTX2TextConnectors)
    assert connector_parameters(connectors.config) == parameters(connectors)


def test_guidance_of_ltx_takes_more_samples_where_attention_can_be_perturbed():
    layout = layout_of("ltx2")
    defaults = layout.transformer_defaults
    assert [
        layout.passes({**defaults, "perturbed_attn": x}, g) for x in (False, True) for g in (1.0, 3.0)
    ] == [
        1,
        3,
        1,
        4,
    ]


def test_other_families_have_no_layout():
    assert layout_of("wan") is None and layout_of("magi") is None
    assert all(layout_of(name) is layout_of(name) for name in LAYOUTS)
