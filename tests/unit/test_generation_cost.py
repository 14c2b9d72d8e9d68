"""Costs by arithmetic against the specification's figures and against torch's own counting."""

import dataclasses
import subprocess
import sys

import pytest

from vidkit.config.compose import compose
from vidkit.generation.cost import estimate_cost, text_encoder_parameters, transformer_parameters
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.resolve import find_model, make_request
from vidkit.generation.spec import ModelSpec, Request
from vidkit.models.vae_cost import VAE_DEFAULTS, vae_cost

CONFIGS = [
    "wan1_3b_480p",
    "wan1_3b_720p",
    "wan14b_480p",
    "wan14b_720p",
    "wan14b_i2v_720p",
    "wan2_2_a14b_720p",
    "wan2_2_a14b_i2v_720p",
    "wan2_2_ti2v_5b_720p",
    "skyreels_df_1_3b_540p",
    "skyreels_df_14b_720p",
]
SMALL_VAES = {
    "two-levels-of-time": {"base_dim": 8, "z_dim": 8, "dim_mult": [1, 2, 2], "num_res_blocks": 1,
                           "temperal_downsample": [True, True], "latents_mean": [0.0] * 8,
                           "latents_std": [1.0] * 8},
    "wan-layout": {"base_dim": 8, "decoder_base_dim": 12, "z_dim": 4},
    "patchified": {"base_dim": 8, "z_dim": 4, "dim_mult": [1, 2, 4], "num_res_blocks": 1, "patch_size": 2,
                   "temperal_downsample": [True, True], "in_channels": 12, "out_channels": 12},
    "residual": {"base_dim": 8, "decoder_base_dim": 12, "z_dim": 4, "dim_mult": [1, 2, 4, 4],
                 "num_res_blocks": 1, "patch_size": 2, "in_channels": 12, "out_channels": 12,
                 "is_residual": True},
}  # fmt: skip


def load(config: str, **changes: object) -> tuple[ModelSpec, Request]:
    settings = compose("generate", config, ["model.weights=random"])
    spec, _ = find_model(settings)
    request = make_request(settings, FirstFrame(None, given=spec.needs_image))
    return spec, dataclasses.replace(request, **changes)


@pytest.mark.parametrize(
    ("config", "peta", "self_share"),
    [
        ("wan1_3b_480p", 28, 0.70),
        ("wan1_3b_720p", 125, 0.84),
        ("wan14b_480p", 168, 0.52),
        ("wan14b_720p", 652, 0.72),
    ],
)
def test_wan_flops_match_the_published_counts(config: str, peta: float, self_share: float) -> None:
    cost = estimate_cost(*load(config))
    assert cost.transformer_flops / 1e15 == pytest.approx(peta, rel=0.015)
    assert cost.self_attention_share == pytest.approx(self_share, abs=0.005)
    assert cost.forwards == 100


def test_skyreels_two_windows_cost_165_petaflop() -> None:
    # 177 frames, 70 + 65 rows, two branches: the bidirectional baseline of the specification
    cost = estimate_cost(*load("skyreels_df_1_3b_540p", frames=177))
    assert cost.steps == 135
    assert cost.transformer_flops / 1e15 == pytest.approx(165.4, rel=0.005)


@pytest.mark.parametrize("config", CONFIGS)
def test_parameters_equal_the_real_modules(config: str) -> None:
    import torch
    from diffusers import AutoencoderKLWan, SkyReelsV2Transformer3DModel, WanTransformer3DModel

    spec, _ = load(config)
    cls = WanTransformer3DModel if spec.family == "wan" else SkyReelsV2Transformer3DModel
    with torch.device("meta"):
        transformer = cls(**spec.transformer)
        vae = AutoencoderKLWan(**{key: value for key, value in spec.vae.items() if value is not None})
    assert transformer_parameters(spec) == sum(p.numel() for p in transformer.parameters())
    assert vae_cost(spec.vae, 1, 64, 64).parameters == sum(p.numel() for p in vae.parameters())
    size = next(size for name, size in SIZES.items() if name in spec.name)
    assert transformer_parameters(spec) / 1e9 == pytest.approx(size, rel=0.015)
    assert spec.vae["is_residual"] or vae_cost(spec.vae, 1, 64, 64).parameters == 126_892_531


SIZES = {"a14b": 14.3, "ti2v_5b": 5.0, "i2v": 16.4, "14b": 14.3, "1_3b": 1.42}


def test_text_encoder_parameters_equal_the_real_module() -> None:
    from transformers import UMT5Config, UMT5EncoderModel

    shapes = {"vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 3}
    model = UMT5EncoderModel(UMT5Config(**shapes))
    assert text_encoder_parameters(shapes) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("arguments", SMALL_VAES.values(), ids=SMALL_VAES)
def test_vae_flops_equal_what_torch_counts(arguments: dict[str, object]) -> None:
    import torch
    from diffusers import AutoencoderKLWan
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    vae = AutoencoderKLWan(**arguments).eval()
    cost = vae_cost({**VAE_DEFAULTS, **arguments}, 3, 32, 32, encoded_frames=3)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        with FlopCounterMode(display=False) as encoding:
            latents = vae.encode(torch.zeros(1, 3, 9, 32, 32)).latent_dist.mode()
        with FlopCounterMode(display=False) as decoding:
            vae.decode(latents)
    assert cost.encode_flops == encoding.get_total_flops()
    assert cost.decode_flops == decoding.get_total_flops()


@pytest.mark.parametrize("family", ["wan", "skyreels_df"])
def test_transformer_flops_equal_what_torch_counts(family: str) -> None:
    import torch
    from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    from vidkit.generation.cost import forward_flops

    shapes = {
        "num_attention_heads": 2,
        "attention_head_dim": 12,
        "in_channels": 4,
        "out_channels": 4,
        "text_dim": 16,
        "freq_dim": 32,
        "ffn_dim": 40,
        "num_layers": 2,
    }
    model = (WanTransformer3DModel if family == "wan" else SkyReelsV2Transformer3DModel)(**shapes)
    times = torch.zeros(1, 3) if family == "skyreels_df" else torch.zeros(1)
    forcing = {"enable_diffusion_forcing": True} if family == "skyreels_df" else {}
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counted:
        model(torch.zeros(1, 4, 3, 8, 8), times, torch.zeros(1, 5, 16), **forcing)
    flops = forward_flops(ModelSpec("small", family, shapes, {}), 3 * 4 * 4, 5, 3)
    assert flops.total == counted.get_total_flops()


def test_a_dry_run_loads_no_torch() -> None:
    code = (
        "import sys; from vidkit.cli.main import run;"
        "status = run(['generate', '-c', 'wan14b_720p', '--dry-run']);"
        "heavy = {'torch', 'diffusers', 'transformers', 'numpy', 'PIL', 'av'} & set(sys.modules);"
        "sys.exit(status or ('loaded ' + ', '.join(heavy) if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "tokens      75,600 (21x45x80)" in done.stdout
    assert "FLOPs       653.0 PFLOP" in done.stdout
