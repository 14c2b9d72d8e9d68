"""Requests that cannot be served: the exact words, and no torch needed to say them."""

import dataclasses
import json
from pathlib import Path

import pytest

from vidkit.errors import ConfigError, ModelError
from vidkit.generation.folder import check_folder, local_folder
from vidkit.generation.spec import ModelSpec, Request, spec_from_folder
from vidkit.generation.validate import check_request, nearest_multiples

TRANSFORMER = {"num_attention_heads": 2, "attention_head_dim": 12, "num_layers": 2, "in_channels": 16}
WAN = ModelSpec("wan1_3b", "wan", TRANSFORMER, {})
I2V = ModelSpec("wan_i2v", "wan", {**TRANSFORMER, "in_channels": 36}, {})
MAZE = ModelSpec(
    "maze",
    "skyreels_df",
    {**TRANSFORMER, "rope_max_seq_len": 64},
    {"dim_mult": [1, 2, 4], "temperal_downsample": [True, True]},
)
CLIP = Request(height=480, width=832, frames=81)
SMALL = Request(height=96, width=96, frames=61)
CASES = {
    "width": (WAN, CLIP, {"width": 850}, "width=850 does not fit 'wan1_3b': sizes must be multiples of 16",
              "nearest valid: width=848 or width=864"),
    "both": (MAZE, SMALL, {"height": 100, "width": 3},
             "height=100, width=3 does not fit 'maze': sizes must be multiples of 8",
             "nearest valid: height=96 or height=104; width=8"),
    "frames": (WAN, CLIP, {"frames": 80}, "frames=80 does not fit 'wan1_3b': it must be 4k+1",
               "nearest valid: frames=77 or frames=81"),
    "blocks": (MAZE, SMALL, {"ar_step": 5, "causal_block_size": 5},
               "frames=61 leaves a window of 16 latent frames, which causal_block_size=5 does not divide",
               "nearest valid: frames=57 or frames=77"),
    "last-window": (MAZE, SMALL, {"ar_step": 5, "causal_block_size": 4, "base_frames": 29,
                                  "overlap_frames": 13, "frames": 49},
                    "frames=49 leaves a window of 5 latent frames, which causal_block_size=4 does not divide",
                    "nearest valid: frames=45 or frames=61"),
    "no-block-size": (MAZE, SMALL, {"ar_step": 5}, "ar_step=5 needs blocks, but causal_block_size is not set",
                      "set causal_block_size=5 (or another divisor of the latent frames)"),
    "overlap": (MAZE, SMALL, {"base_frames": 29, "overlap_frames": 16},
                "overlap_frames=16 does not fit 'maze': it must be 4k+1",
                "nearest valid: overlap_frames=13 or overlap_frames=17"),
    "wide-overlap": (MAZE, SMALL, {"base_frames": 29, "overlap_frames": 29},
                     "windows of 8 latent frames cannot share 8 with the one before",
                     "make overlap_frames smaller than base_frames, such as overlap_frames=17"),
    "no-overlap": (MAZE, SMALL, {"base_frames": 29},
                   "a clip of 16 latent frames needs several windows of 8, and overlap_frames gives 0 shared"
                   " latent frames", "set overlap_frames=17 (or 37), smaller than base_frames"),
    "forcing-on-wan": (WAN, CLIP, {"ar_step": 5},
                       "ar_step is for diffusion-forcing models, and 'wan1_3b' is not one",
                       "leave it out, or use --config skyreels_df_1_3b_540p"),
    "image-missing": (I2V, CLIP, {}, "'wan_i2v' is an image-to-video model and no first frame was given",
                      "add image=PATH"),
    "image-unwanted": (WAN, CLIP, {"has_image": True},
                       "'wan1_3b' is a text-to-video model and takes no first frame",
                       "leave image= out, or use --config wan14b_i2v_720p"),
    "positions": (MAZE, SMALL, {"width": 1024}, "width=1024 is too large for 'maze': 128 positions of 64",
                  "make width smaller"),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "request_", "changes", "message", "hint"), CASES.values(), ids=CASES)
def test_a_request_that_does_not_fit(
    spec: ModelSpec, request_: Request, changes: dict[str, object], message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as error:
        check_request(spec, dataclasses.replace(request_, **changes))
    assert (error.value.message, error.value.hint) == (message, hint)


@pytest.mark.parametrize("spec", [WAN, MAZE], ids=["wan", "maze"])
def test_hinted_values_are_valid(spec: ModelSpec) -> None:
    request = SMALL if spec is MAZE else CLIP
    for frames in (*nearest_multiples(62, 4, 1), 1):
        check_request(spec, dataclasses.replace(request, frames=frames))


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        local_folder(f"{tmp_path}/no/model")
    assert error.value.message == f"model folder '{tmp_path}/no/model' does not exist"
    assert local_folder("Wan-AI/Wan2.1-T2V-1.3B-Diffusers") is None


def damaged(model: Path, target: Path, part: str, change) -> Path:
    """A copy of a model folder, its files linked, with one of them changed."""
    import shutil

    shutil.copytree(model, target)
    change(target / part)
    return target


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


FOLDER_CASES = {
    "no-index": ("model_index.json", Path.unlink, "the model folder lacks '{}'"),
    "bad-index": ("model_index.json", lambda path: path.write_text("{"), "cannot read '{}' as JSON"),
    "no-config": ("vae/config.json", Path.unlink, "the model folder lacks '{}'"),
    "cut-weights": ("transformer/diffusion_pytorch_model.safetensors", cut, "the weights '{}' are damaged: "),
    "lfs-pointer": (
        "vae/diffusion_pytorch_model.safetensors",
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid\n"),
        "the weights '{}' are damaged: this is a Git LFS pointer, not the file itself",
    ),
    "text-weights": (
        "text_encoder/model.safetensors",
        lambda path: path.write_text("x" * 40),
        "the weights '{}' are damaged: 40 bytes, the header is cut off",
    ),
}


@pytest.mark.parametrize(("part", "change", "message"), FOLDER_CASES.values(), ids=FOLDER_CASES)
def test_a_damaged_folder_is_named_by_file(tiny_model: Path, tmp_path: Path, part, change, message) -> None:
    folder = damaged(tiny_model, tmp_path / "model", part, change)
    with pytest.raises(ModelError) as error:
        check_folder(folder, "skyreels_df")
    assert error.value.message.startswith(message.format(folder / part))


def test_missing_weights_and_shards(tiny_model: Path, tmp_path: Path) -> None:
    weights = "transformer/diffusion_pytorch_model.safetensors"
    folder = damaged(tiny_model, tmp_path / "model", weights, Path.unlink)
    with pytest.raises(ModelError, match="has no weights in"):
        check_folder(folder, "skyreels_df")
    index = folder / "transformer/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"x": "model-00002-of-00002.safetensors"}}))
    with pytest.raises(ModelError) as error:
        check_folder(folder, "skyreels_df")
    assert (
        error.value.message
        == f"the model folder lacks '{folder}/transformer/model-00002-of-00002.safetensors'"
    )


def test_a_folder_of_another_family(tiny_model: Path) -> None:
    with pytest.raises(ModelError) as error:
        check_folder(tiny_model, "wan")
    assert error.value.message == (
        f"'{tiny_model}' holds a SkyReelsV2DiffusionForcingPipeline, but this config is for the family 'wan'"
    )


def test_a_folder_beats_the_config(tiny_model: Path) -> None:
    spec = spec_from_folder(WAN, tiny_model)
    assert (spec.dim, spec.layers, spec.spatial_factor, spec.temporal_factor) == (24, 2, 4, 4)
    assert spec.tokens(61, 96, 96) == 16 * 12 * 12
