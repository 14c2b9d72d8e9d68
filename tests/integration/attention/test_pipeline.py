"""Sparse attention under diffusers' own pipelines, random weights, latents out."""

import pytest
import torch
from diffusers import (
    AutoencoderKLWan,
    SkyReelsV2DiffusionForcingPipeline,
    SkyReelsV2Transformer3DModel,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
)

from vidkit.attention import enable
from vidkit.config.attention_schema import AttentionSettings, Predictor, Reuse

SIZE = {
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 2,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
}


def vae():
    return AutoencoderKLWan(
        base_dim=4,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        attn_scales=[],
        temperal_downsample=[False, True, True],
    )


def scheduler():
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)


def wan(second=False):
    torch.manual_seed(0)
    transformers = {"transformer": WanTransformer3DModel(**SIZE).eval()}
    if second:
        transformers["transformer_2"] = WanTransformer3DModel(**SIZE).eval()
    return WanPipeline(
        tokenizer=None,
        text_encoder=None,
        vae=vae(),
        scheduler=scheduler(),
        boundary_ratio=0.6 if second else None,
        **transformers,
    )


def run(pipe, seed=0, steps=5):
    g = torch.Generator().manual_seed(7)
    embeds = {n: torch.randn(1, 6, 16, generator=g) for n in ("prompt_embeds", "negative_prompt_embeds")}
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        prompt=None,
        **embeds,
        height=64,
        width=96,
        num_frames=9,
        num_inference_steps=steps,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(seed),
        output_type="latent",
    ).frames


def settings(**changes):
    return AttentionSettings(
        **{"predictor": Predictor.XATTENTION, "block_q": 8, "block_k": 8, "stride": 4, "tau": 0.6, **changes}
    )


@pytest.mark.parametrize("second", [False, True], ids=["wan2.1", "wan2.2"])
def test_wan_pipeline_from_warm_up_to_reset(second):
    pipe = wan(second)
    dense = run(pipe)
    with enable(pipe, settings(reuse=Reuse.TMR, delta=1e9, dense_steps=2)) as attention:
        sparse = run(pipe)
        rows = attention.rows()
        assert [r.step for r in rows] == [s for s in range(5) for _ in range(2)]
        assert {r.branch for r in rows} == {"cond", "uncond"}
        assert [r.heads > 0 for r in rows] == [False] * 4 + [True] * 6
        assert all(not runtime.branches for runtime in attention.runtimes.values()), "masks outlive the run"
        # masks are made once a branch and transformer that is reached after the warm-up
        made = {(r.transformer, r.branch) for r in rows if r.heads}
        assert sum(r.refreshed for r in rows) == len(made) * 2 * 2
        attention.clear_stats()
        assert torch.equal(run(pipe), sparse), "a second run of the same seed is the same"
    if second:
        assert {r.transformer for r in rows} == {"transformer", "transformer_2"}
    assert not torch.equal(sparse, dense) and torch.equal(run(pipe), dense)


def test_skyreels_diffusion_forcing_pipeline():
    torch.manual_seed(0)
    pipe = SkyReelsV2DiffusionForcingPipeline(
        tokenizer=None,
        text_encoder=None,
        vae=vae(),
        scheduler=scheduler(),
        transformer=SkyReelsV2Transformer3DModel(**SIZE).eval(),
    )
    dense = run(pipe)
    with enable(pipe, settings(dense_steps=5)):
        assert torch.equal(run(pipe), dense)
    with enable(pipe, settings(dense_steps=1)) as attention:
        sparse = run(pipe)
        report = attention.report()
    assert report["calls"] == 10 and report["sparse_calls"] == 8 and 0 < report["sparse_density"] < 1
    assert not torch.equal(sparse, dense)
