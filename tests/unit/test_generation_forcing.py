"""The diffusion-forcing loop against the stock pipelines of diffusers, and where it differs on purpose."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.generation.decode import image_tensor
from vidkit.generation.forcing import DiffusionForcingPipeline, ForcingOptions
from vidkit.generation.load import set_sampler

SIZE, FRAMES, STEPS = 32, 29, 4  # 8 latent frames


@pytest.fixture(scope="module")
def pipe(tiny_model: Path) -> Any:
    made = DiffusionForcingPipeline.from_pretrained(tiny_model, local_files_only=True)
    made.set_progress_bar_config(disable=True)
    set_sampler(made, "unipc", 4.0)
    return made


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return Image.effect_noise((SIZE, SIZE), 90).convert("RGB")


def embeds(pipe: Any, text: str = "a red ball") -> Tensor:
    with torch.no_grad():
        return pipe.encode_prompt(text, max_sequence_length=8, do_classifier_free_guidance=False)[0]


def denoise(
    pipe: Any,
    image: Image.Image | Tensor | None = None,
    guidance: float = 1.0,
    frames: int = FRAMES,
    **options: Any,
) -> Tensor:
    return pipe.denoise(
        prompt_embeds=embeds(pipe),
        negative_prompt_embeds=embeds(pipe, "dark"),
        image=image_tensor(image) if isinstance(image, Image.Image) else image,
        height=SIZE,
        width=SIZE,
        num_frames=frames,
        num_inference_steps=STEPS,
        guidance_scale=guidance,
        fps=24,
        generator=torch.Generator().manual_seed(7),
        options=ForcingOptions(**options),
    )


def stock(pipe: Any, image: Image.Image | None = None, guidance: float = 1.0, **options: Any) -> Tensor:
    from diffusers import (
        SkyReelsV2DiffusionForcingImageToVideoPipeline,
        SkyReelsV2DiffusionForcingPipeline,
        SkyReelsV2DiffusionForcingVideoToVideoPipeline,
    )

    cls = SkyReelsV2DiffusionForcingPipeline
    if image is not None:
        cls = SkyReelsV2DiffusionForcingImageToVideoPipeline
    elif "video" in options:
        cls = SkyReelsV2DiffusionForcingVideoToVideoPipeline
    pipe.transformer._set_ar_attention(1)
    made = cls(**pipe.components)
    made.set_progress_bar_config(disable=True)
    given = {} if image is None else {"image": image}
    return made(
        **given,
        prompt=None,
        prompt_embeds=embeds(pipe),
        negative_prompt_embeds=embeds(pipe, "dark"),
        height=SIZE,
        width=SIZE,
        num_inference_steps=STEPS,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(7),
        output_type="latent",
        **{"num_frames": FRAMES, **options},
    ).frames


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_text_to_video_equals_the_stock_pipeline(pipe: Any, guidance: float) -> None:
    torch.testing.assert_close(
        denoise(pipe, guidance=guidance), stock(pipe, guidance=guidance), atol=1e-5, rtol=1e-5
    )


def test_image_to_video_equals_the_stock_pipeline(pipe: Any, picture: Image.Image) -> None:
    torch.testing.assert_close(denoise(pipe, picture), stock(pipe, picture), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("active", [False, True], ids=["all-blocks", "active-blocks"])
def test_block_causal_equals_the_stock_pipeline(pipe: Any, active: bool) -> None:
    options = {"active_only": active, "clean_refresh": active}
    ours = denoise(pipe, ar_step=2, block_size=2, causal_attention=True, **options)
    theirs = stock(pipe, ar_step=2, causal_block_size=2)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("frames", [45, 41], ids=["whole-windows", "a-short-last-window"])
def test_long_video_by_windows_equals_the_stock_pipeline(pipe: Any, frames: int) -> None:
    ours = denoise(pipe, frames=frames, base=8, overlap=4)
    theirs = stock(pipe, num_frames=frames, base_num_frames=29, overlap_history=13)
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_long_block_causal_video_equals_the_stock_pipeline(pipe: Any) -> None:
    ours = denoise(pipe, frames=45, base=8, overlap=4, ar_step=2, block_size=2, causal_attention=True)
    schedule = {"ar_step": 2, "causal_block_size": 2}
    theirs = stock(pipe, num_frames=45, base_num_frames=29, overlap_history=13, **schedule)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("frames", [29, 45], ids=["one-window", "two-windows"])
@pytest.mark.parametrize(
    "blocks", [{}, {"ar_step": 2, "block_size": 2, "causal_attention": True}], ids=["together", "blocks"]
)
def test_extension_of_a_clip_equals_the_stock_pipeline(
    pipe: Any, blocks: dict[str, Any], frames: int
) -> None:
    clip = torch.rand(17, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(5))
    given = (clip[-13:] * 2 - 1).movedim(1, 0).unsqueeze(0)
    ours = denoise(pipe, given, frames=frames, base=8, overlap=4, **blocks)
    names = {"ar_step": "ar_step", "block_size": "causal_block_size"}
    schedule = {name: blocks[ours] for ours, name in names.items() if ours in blocks}
    theirs = stock(pipe, video=clip, num_frames=frames, base_num_frames=29, overlap_history=13, **schedule)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_given_clip_shorter_than_a_block_is_refused(pipe: Any) -> None:
    with pytest.raises(ConfigError, match="2 latent frames, less than a block of 4"):
        denoise(pipe, torch.zeros(1, 3, 5, SIZE, SIZE), ar_step=2, block_size=4)


def test_unipc_integrates_a_constant_velocity_with_an_exact_corrector_alone(pipe: Any) -> None:
    weight, bias = pipe.transformer.proj_out.weight, pipe.transformer.proj_out.bias
    kept = weight.detach().clone(), bias.detach().clone()
    weight.data.zero_()
    bias.data.fill_(0.25)
    try:
        exact = denoise(pipe, exact_corrector=True)
        published = denoise(pipe)
    finally:
        weight.data.copy_(kept[0])
        bias.data.copy_(kept[1])
    noise = torch.randn((1, 8, 8, 8, 8), generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(exact, noise - 0.25, atol=1e-5, rtol=0)
    # what the stock pipelines do: 7 % too far in 4 steps
    assert ((noise - published) / 0.25).mean() == pytest.approx(1.0736, abs=1e-3)


def test_a_block_size_alone_leaves_attention_bidirectional(pipe: Any) -> None:
    denoise(pipe, ar_step=2, block_size=2, causal_attention=True)  # must not leak into the next run
    both_ways = denoise(pipe, ar_step=2, block_size=2)
    assert pipe.transformer.config.num_frame_per_block == 1
    causal = denoise(pipe, ar_step=2, block_size=2, causal_attention=True)
    assert not torch.allclose(both_ways, causal, atol=1e-3)


@pytest.mark.parametrize(("ar_step", "block_size"), [(0, 1), (2, 1), (2, 4)])
def test_the_first_frame_stays_as_given(
    pipe: Any, picture: Image.Image, ar_step: int, block_size: int
) -> None:
    made = denoise(pipe, picture, ar_step=ar_step, block_size=block_size)
    with torch.no_grad():
        given = pipe._encode_image(image_tensor(picture))
    torch.testing.assert_close(made[:, :, :1], given)
    assert not torch.allclose(made[:, :, 1:2], given, atol=0.1)


def test_long_clips_keep_the_frames_of_the_window_before(pipe: Any) -> None:
    short = denoise(pipe, frames=29)
    long = denoise(pipe, frames=45, base=8, overlap=4)
    assert long.shape[2] == 12
    torch.testing.assert_close(long[:, :, :8], short)
    assert torch.isfinite(long).all()


def test_noise_on_given_frames_follows_the_seed(pipe: Any, picture: Image.Image) -> None:
    torch.manual_seed(1)
    first = denoise(pipe, picture, addnoise=20)
    torch.manual_seed(2)
    assert torch.equal(first, denoise(pipe, picture, addnoise=20))
    assert not torch.allclose(first, denoise(pipe, picture), atol=1e-4)


class Oracle(torch.nn.Module):
    """Answers with the true velocity noise - x0 of a clip it knows."""

    dtype, device = torch.float32, torch.device("cpu")

    def __init__(self, clip: Tensor) -> None:
        super().__init__()
        self.clip = clip
        self.config = SimpleNamespace(in_channels=clip.shape[1])

    def cache_context(self, name: str, **where: int) -> AbstractContextManager[None]:
        return nullcontext()

    def _set_ar_attention(self, size: int) -> None:
        return

    def forward(self, hidden_states: Tensor, timestep: Tensor, **others: object) -> tuple[Tensor]:
        level = timestep.float().clamp(min=1).view(1, 1, -1, 1, 1) / 1000
        return ((hidden_states - self.clip) / level,)


@pytest.mark.parametrize(("ar_step", "block_size"), [(0, 1), (2, 2)], ids=["together", "blocks"])
@pytest.mark.parametrize("sampler", ["unipc", "dpmpp", "euler"])
def test_the_true_velocity_is_integrated_to_the_clip(
    pipe: Any, sampler: str, ar_step: int, block_size: int
) -> None:
    clip = torch.randn(1, 8, 8, 8, 8, generator=torch.Generator().manual_seed(3))
    known = pipe.transformer
    set_sampler(pipe, sampler, 4.0)
    pipe.transformer = Oracle(clip)
    try:
        made = denoise(pipe, ar_step=ar_step, block_size=block_size)
    finally:
        pipe.transformer = known
        set_sampler(pipe, "unipc", 4.0)
    # the model is told whole timesteps, so its level is off by up to 1/1000
    torch.testing.assert_close(made, clip, atol=0.02, rtol=0)
