"""Every pipeline class of diffusers that the room takes: tau = 1 is dense to the bit, and so is `disable`."""

import inspect

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from vidkit.attention import enable
from vidkit.config.attention_schema import AttentionSettings

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
    "rope_max_seq_len": 64,
}
CUT = {"predictor": "xattention", "block_q": 4, "block_k": 4, "stride": 2}
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8))
CLIP = [PICTURE] * 9
WITH_IMAGE = {"in_channels": 36, "image_dim": 16, "added_kv_proj_dim": 48}
FORCING = {"base_num_frames": 9, "overlap_history": None}

# pipeline: its transformer, what differs in it, what its call takes besides the common
PIPELINES = {
    "WanPipeline": ("WanTransformer3DModel", {}, {}),
    "WanImageToVideoPipeline": ("WanTransformer3DModel", {"in_channels": 36}, {"image": PICTURE}),
    "WanVideoToVideoPipeline": ("WanTransformer3DModel", {}, {"video": CLIP, "strength": 0.7}),
    "WanVACEPipeline": ("WanVACETransformer3DModel", {"vace_layers": [0], "vace_in_channels": 96}, {}),
    "LucyEditPipeline": ("WanTransformer3DModel", {"in_channels": 32}, {"video": CLIP}),
    "ChronoEditPipeline": ("ChronoEditTransformer3DModel", WITH_IMAGE, {"image": PICTURE}),
    "SkyReelsV2Pipeline": ("SkyReelsV2Transformer3DModel", {}, {}),
    "SkyReelsV2ImageToVideoPipeline": ("SkyReelsV2Transformer3DModel", WITH_IMAGE, {"image": PICTURE}),
    "SkyReelsV2DiffusionForcingPipeline": ("SkyReelsV2Transformer3DModel", {}, FORCING),
    "SkyReelsV2DiffusionForcingImageToVideoPipeline": (
        "SkyReelsV2Transformer3DModel",
        {},
        {**FORCING, "image": PICTURE},
    ),
    "SkyReelsV2DiffusionForcingVideoToVideoPipeline": (
        "SkyReelsV2Transformer3DModel",
        {},
        {"video": CLIP, "num_frames": 17, "overlap_history": 9, "base_num_frames": 17},
    ),
}


def vae():
    return diffusers.AutoencoderKLWan(
        base_dim=4,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        attn_scales=[],
        temperal_downsample=[False, True, True],
    )


def scheduler():
    return diffusers.UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )


def build(name, second=False):
    """A tiny pipeline of random weights; what it does not need is None."""
    kind, changes, _ = PIPELINES[name]
    torch.manual_seed(0)
    transformer = getattr(diffusers, kind)

    def make():
        known = inspect.signature(transformer.__init__).parameters
        size = {n: x for n, x in {**SIZE, **changes}.items() if n in known}
        return transformer(**size).eval().requires_grad_(False)

    pipeline = getattr(diffusers, name)
    parts = {"transformer": make(), "vae": vae(), "scheduler": scheduler()}
    if second:
        parts |= {"transformer_2": make(), "boundary_ratio": 0.6}
    known = inspect.signature(pipeline.__init__).parameters
    needed = {n: None for n, p in known.items() if n != "self" and p.default is inspect.Parameter.empty}
    pipe = pipeline(**{**needed, **parts})
    if changes is WITH_IMAGE:  # in place of CLIP
        pipe.encode_image = lambda *args, **kwargs: torch.ones(1, 4, 16)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def latents(pipe, name, prompt=7, **more):
    """A generation of three steps; conditional and unconditional embeddings are given."""
    g = torch.Generator().manual_seed(prompt)
    embeds = {n: torch.randn(1, 512, 16, generator=g) for n in ("prompt_embeds", "negative_prompt_embeds")}
    call = {
        "prompt": None,
        **embeds,
        "height": 32,
        "width": 32,
        "num_frames": 9,
        "num_inference_steps": 3,
        "guidance_scale": 3.0,
        "output_type": "latent",
        "generator": torch.Generator().manual_seed(0),
        **PIPELINES[name][2],
        **more,
    }
    known = inspect.signature(type(pipe).__call__).parameters
    return pipe(**{n: x for n, x in call.items() if n in known}).frames


@pytest.mark.parametrize(("name", "second"), [*((n, False) for n in PIPELINES), ("WanPipeline", True)])
def test_tau_1_is_dense_and_disable_restores_to_the_bit(name, second):
    pipe = build(name, second)
    dense = latents(pipe, name)
    before = [id(block.attn1.processor) for block in pipe.transformer.blocks]
    with enable(pipe, AttentionSettings(**CUT, tau=1.0)) as handle:
        assert torch.equal(latents(pipe, name), dense)
        assert handle.report()["density"] == 1 and handle.report()["calls"] >= 2
    with enable(pipe, AttentionSettings(**CUT, tau=0.3)) as handle:
        sparse = latents(pipe, name)
        assert handle.report()["sparse_calls"] == handle.report()["calls"] > 0
        assert torch.equal(latents(pipe, name), sparse), "a second run of the same seed is the same"
    assert torch.equal(latents(pipe, name), dense) and not torch.equal(sparse, dense)
    assert [id(block.attn1.processor) for block in pipe.transformer.blocks] == before


class StopError(Exception):
    """What a callback raises."""


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("WanPipeline", False),
        ("WanPipeline", True),
        ("WanVideoToVideoPipeline", False),
        ("SkyReelsV2Pipeline", False),
    ],
)
@pytest.mark.parametrize("step", [0, 1])
def test_a_callback_that_raises_leaves_no_mask_to_the_next_prompt(name, second, step):
    pipe = build(name, second)

    def stop(pipe, number, timestep, values):
        if number == step:
            raise StopError
        return values

    with enable(pipe, AttentionSettings(**CUT, tau=0.3, reuse="freeze")):
        wanted = latents(pipe, name, prompt=8)
    with enable(pipe, AttentionSettings(**CUT, tau=0.3, reuse="freeze")):
        with pytest.raises(StopError):
            latents(pipe, name, callback_on_step_end=stop)
        assert torch.equal(latents(pipe, name, prompt=8), wanted)
