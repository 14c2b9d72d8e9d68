"""MAGI-1's autoencoder: sizes, tiles, positions, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from magi_published import PUBLISHED_VAE_CONFIG, TINY_VAE
from safetensors.torch import save_file
from torch import Tensor

from vidkit.errors import ModelError
from vidkit.models.magi import AutoencoderKLMagi
from vidkit.models.magi.checkpoint import read_autoencoder
from vidkit.models.magi.tiling import Tiles, tiled
from vidkit.models.magi.vit import Attention

CPU = torch.device("cpu")


def made(**changes: Any) -> AutoencoderKLMagi:
    torch.manual_seed(0)
    vae = AutoencoderKLMagi(**{**TINY_VAE, **changes}).eval()
    for name, value in vae.named_parameters():
        if name.endswith(("pos_embed", "cls_token")):
            value.data.normal_(0, 0.1)
    return vae


def clip(frames: int = 8, height: int = 32, width: int = 48, batch: int = 1) -> Tensor:
    return torch.rand(batch, 3, frames, height, width, generator=torch.Generator().manual_seed(3)) * 2 - 1


@torch.no_grad()
def test_sizes_there_and_back() -> None:
    vae = made()
    latents = vae.encode(clip()).latent_dist.mode()
    assert latents.shape == (1, 4, 2, 4, 6)
    assert vae.decode(latents).sample.shape == (1, 3, 8, 32, 48)
    assert vae(clip()).sample.shape == (1, 3, 8, 32, 48)


@torch.no_grad()
def test_a_single_frame_counts_as_four_alike() -> None:
    vae, frame = made(), clip(1)
    alone = vae.encode(frame).latent_dist.mode()
    torch.testing.assert_close(alone, vae.encode(frame.expand(-1, -1, 4, -1, -1)).latent_dist.mode())


@torch.no_grad()
def test_one_tile_that_holds_the_clip_equals_the_whole() -> None:
    vae = made()
    latents = vae.encode(clip()).latent_dist.mode()
    pixels = vae.decode(latents).sample
    vae.enable_tiling(frames=8, height=64, width=64)
    torch.testing.assert_close(vae.encode(clip()).latent_dist.mode(), latents)
    torch.testing.assert_close(vae.decode(latents).sample, pixels)


@torch.no_grad()
def test_tiles_of_what_looks_at_single_tokens_equal_the_whole() -> None:
    """Without attention and positions a tile knows all that the whole does: only the blending is left."""
    vae = made(num_layers=0)
    for name, value in vae.named_parameters():
        if name.endswith("pos_embed"):
            value.data.zero_()
    kernel = vae.decoder.last_layer.weight.data
    centre = kernel[:, :, 1, 1, 1].clone()
    kernel.zero_()
    kernel[:, :, 1, 1, 1] = centre
    video = clip(12, 80, 112)
    latents = vae.encode(video).latent_dist.mode()
    pixels = vae.decode(latents).sample
    vae.enable_tiling(frames=4, height=32, width=32)
    torch.testing.assert_close(vae.encode(video).latent_dist.mode(), latents, rtol=0, atol=1e-5)
    torch.testing.assert_close(vae.decode(latents).sample, pixels, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_tile_is_itself_where_no_other_lies() -> None:
    vae = made()
    latents = torch.randn(1, 4, 2, 4, 7)
    vae.enable_tiling(
        frames=8, height=32, width=32
    )  # columns 0..3 and 3..6: three quarters of 32 is 24 pixels
    pixels = vae.decode(latents).sample
    vae.disable_tiling()
    left = vae.decode(latents[..., :4]).sample
    torch.testing.assert_close(pixels[..., :24], left[..., :24], rtol=0, atol=1e-5)
    right = vae.decode(latents[..., 3:]).sample
    torch.testing.assert_close(pixels[..., 32:], right[..., 8:], rtol=0, atol=1e-5)
    between, seam = pixels[..., 24:32], (left[..., 24:], right[..., :8])
    low, high = torch.minimum(*seam) - 1e-5, torch.maximum(*seam) + 1e-5
    assert bool(((between >= low) & (between <= high)).all())


def test_seams_of_any_size_keep_a_constant() -> None:
    for size, stride, length in ((4, 3, 10), (4, 3, 5), (5, 2, 11), (3, 3, 7), (9, 3, 4)):
        tiles = Tiles((2, size, size), (2, stride, stride), (2, 3, 0.5 if size % 2 == 0 else 1))
        shape = (1, 1, 3, length, length * 2 if size % 2 == 0 else length)

        def stretch(x: Tensor, factor: tuple[float, float, float] = tiles.factor) -> Tensor:
            t, h, w = (round(n * f) for n, f in zip(x.shape[2:], factor, strict=True))
            return torch.full((1, 2, t, h, w), 7.0)

        if tiles.factor[2] == 0.5:
            tiles = Tiles(tiles.size, (2, stride, 2), tiles.factor)
        out = tiled(torch.zeros(shape), tiles, stretch)
        torch.testing.assert_close(out, torch.full_like(out, 7.0))


def test_tiles_that_cut_latents_are_refused() -> None:
    with pytest.raises(ValueError, match="not a whole number of latents"):
        made().enable_tiling(frames=6)
    with pytest.raises(ValueError, match="not a whole number of latents"):
        made().enable_tiling(height=40, overlap=0.25)
    with pytest.raises(ValueError, match="not a whole number of patches"):
        made().encode(clip(6))


@torch.no_grad()
def test_slices_of_a_batch_equal_the_batch() -> None:
    vae, video = made(), clip(batch=2)
    whole = vae.encode(video).latent_dist.mode()
    vae.enable_slicing()
    torch.testing.assert_close(vae.encode(video).latent_dist.mode(), whole, rtol=0, atol=1e-5)


def test_positions_of_another_grid_are_interpolated() -> None:
    encoder = made().encoder
    assert encoder.positions((2, 4, 4)) is encoder.pos_embed
    encoder.pos_embed.data[:, 1:] = (
        torch.arange(4.0).view(1, 1, 1, 4, 1).expand(1, 2, 4, 4, 256).reshape(1, 32, 256)
    )
    wide = encoder.positions((3, 5, 8))
    assert wide.shape == (1, 121, 256)
    assert torch.equal(wide[:, 0], encoder.pos_embed[:, 0])
    rows = wide[0, 1:, 0].view(3, 5, 8)
    assert torch.allclose(rows[0, 0], torch.tensor([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]))
    assert torch.allclose(rows, rows[:1, :1].expand(3, 5, 8))


def test_queries_keys_and_values_are_standardised_before_attention() -> None:
    """So a layer does not know how large its input is, beyond the bias."""
    torch.manual_seed(0)
    attention = Attention(32, 4).eval()
    attention.qkv.bias.data.zero_()
    x = torch.randn(1, 9, 32)
    with torch.no_grad():
        torch.testing.assert_close(attention(x), attention(40 * x), rtol=1e-3, atol=1e-3)


def test_parameters_count_as_published() -> None:
    with torch.device("meta"):
        vae = AutoencoderKLMagi()
    assert sum(p.numel() for p in vae.parameters()) == pytest.approx(614e6, rel=0.001)


class TestCheckpoint:
    """Files in the published layout."""

    def write(self, folder: Path, state: dict[str, Tensor] | None = None, **changes: Any) -> Path:
        folder.mkdir()
        sizes = {**PUBLISHED_VAE_CONFIG["ddconfig"], **changes}
        (folder / "config.json").write_text(json.dumps({**PUBLISHED_VAE_CONFIG, "ddconfig": sizes}))
        save_file(state or made().state_dict(), folder / "diffusion_pytorch_model.safetensors")
        return folder

    @torch.no_grad()
    def test_weights_and_sizes_are_read(self, tmp_path: Path) -> None:
        vae = read_autoencoder(self.write(tmp_path / "vae"), CPU, torch.float32)
        assert vae.config.scaling_factor == 0.18215
        torch.testing.assert_close(vae(clip()).sample, made()(clip()).sample)

    def test_names_are_the_published_ones(self) -> None:
        names = set(made().state_dict())
        assert {
            "encoder.patch_embed.proj.weight",
            "encoder.cls_token",
            "encoder.pos_embed",
            "encoder.blocks.0.attn.qkv.bias",
            "encoder.blocks.0.attn.proj.weight",
            "encoder.blocks.0.norm2.weight",
            "encoder.blocks.0.mlp.fc1.weight",
            "encoder.norm.bias",
            "encoder.last_layer.weight",
            "decoder.proj_in.weight",
            "decoder.blocks.0.mlp.fc2.bias",
            "decoder.last_layer.weight",
        } <= names
        assert not any("norm1" in name for name in names)

    def test_missing_and_extra_tensors_are_listed(self, tmp_path: Path) -> None:
        state = made().state_dict()
        del state["decoder.proj_in.bias"]
        state["decoder.final_norm.weight"] = torch.zeros(4)
        with pytest.raises(ModelError) as caught:
            read_autoencoder(self.write(tmp_path / "vae", state), CPU, torch.float32)
        assert "missing: decoder.proj_in.bias" in caught.value.message
        assert "not known: decoder.final_norm.weight" in caught.value.message

    @pytest.mark.parametrize(("name", "value"), [("use_rope", True), ("ln_in_attn", False)])
    def test_other_kinds_are_refused_by_name(self, tmp_path: Path, name: str, value: bool) -> None:
        with pytest.raises(ModelError, match=f"{name}={value}"):
            read_autoencoder(self.write(tmp_path / "vae", **{name: value}), CPU, torch.float32)

    def test_a_config_of_something_else_is_refused(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path / "vae")
        (folder / "config.json").write_text("{}")
        with pytest.raises(ModelError, match="ddconfig"):
            read_autoencoder(folder, CPU, torch.float32)
        (folder / "config.json").unlink()
        with pytest.raises(ModelError, match="cannot read"):
            read_autoencoder(folder, CPU, torch.float32)


def test_saved_and_read_again(tmp_path: Path) -> None:
    vae = made()
    vae.save_pretrained(tmp_path)
    again = AutoencoderKLMagi.from_pretrained(tmp_path)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in vae.state_dict().items())
