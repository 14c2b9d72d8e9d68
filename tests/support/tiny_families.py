"""Configs of the families that run on diffusers' own pipelines, cut down to a second on a CPU."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import pytest

from vidkit.config.compose import compose
from vidkit.generation.load import load_pipeline
from vidkit.generation.policies import Policies
from vidkit.generation.record import Silent
from vidkit.generation.resolve import resolve
from vidkit.generation.speed import SpeedRun

COMMON = ["model.weights=random", "contact_sheet=false", "crf=0", "steps=3"]
TINY = {
    "cogvideox_5b": [
        *("height=32", "width=32", "frames=9"),
        *(
            f"model.transformer.{x}"
            for x in ("num_layers=2", "num_attention_heads=2", "attention_head_dim=32")
        ),
        *(f"model.transformer.{x}" for x in ("sample_width=4", "sample_height=4", "text_embed_dim=16")),
        *("model.transformer.max_text_seq_length=16", "max_sequence_length=16"),
        *("model.vae.block_out_channels=[8,8,8,8]", "model.vae.layers_per_block=1"),
        "model.vae.norm_num_groups=4",
    ],
    "hunyuan1_5_720p": [
        *("height=64", "width=64", "frames=9", "max_sequence_length=24"),
        *(
            f"model.transformer.{x}"
            for x in ("num_layers=2", "num_attention_heads=2", "attention_head_dim=32")
        ),
        *("model.transformer.num_refiner_layers=1", "model.transformer.rope_axes_dim=[8,12,12]"),
        *(
            f"model.transformer.{x}"
            for x in ("text_embed_dim=16", "text_embed_2_dim=12", "image_embed_dim=8")
        ),
        *("model.vae.block_out_channels=[8,8,16,16,32]", "model.vae.layers_per_block=1"),
    ],
    "ltx2_720p": [
        *("height=64", "width=96", "frames=17", "max_sequence_length=128"),
        *(
            f"model.transformer.{x}"
            for x in ("num_layers=2", "num_attention_heads=2", "attention_head_dim=32")
        ),
        *("model.transformer.cross_attention_dim=64", "model.transformer.caption_channels=16"),
        *(f"model.transformer.audio_{x}" for x in ("num_attention_heads=2", "attention_head_dim=16")),
        "model.transformer.audio_cross_attention_dim=32",
        *(f"model.parts.connectors.{x}" for x in ("caption_channels=16", "text_proj_in_factor=3")),
        *(
            f"model.parts.connectors.{stream}_connector_{x}"
            for stream in ("video", "audio")
            for x in ("num_attention_heads=2", "attention_head_dim=8")
        ),
        *("model.vae.block_out_channels=[16,32,64,128]", "model.vae.decoder_block_out_channels=[16,32,64]"),
        *("model.vae.layers_per_block=[1,1,1,1,1]", "model.vae.decoder_layers_per_block=[1,1,1,1]"),
        *("model.parts.vocoder.hidden_channels=32", "model.parts.audio_vae.ch_mult=[1,1,1]"),
        "model.parts.audio_vae.num_res_blocks=1",
    ],
    "wan_vace_1_3b_480p": [
        *("height=32", "width=32", "frames=9", "max_sequence_length=16", "model.vae.base_dim=4"),
        *(
            f"model.transformer.{x}"
            for x in ("num_layers=3", "num_attention_heads=2", "attention_head_dim=24")
        ),
        *("model.transformer.ffn_dim=32", "model.transformer.vace_layers=[0,2]"),
        "model.transformer.text_dim=16",
    ],
}


def tiny_words(config: str, output: Path, *more: str) -> list[str]:
    """Words of a command that makes a clip in about a second."""
    words = ["generate", "-c", config, *COMMON, *TINY[config], *more]
    return [*words, "--output", str(output), "--device", "cpu", "--seed", "1"]


@functools.cache
def composed(config: str, *more: str) -> Any:
    """Settings of a small clip; composing them takes longer than the clip, so each is composed once."""
    return dataclasses.replace(
        compose("generate", config, [*COMMON, *TINY[config], *more, "seed=1"]), device="cpu"
    )


def loaded(models: dict[str, Any], config: str) -> Any:
    """The model of a config; loaded once."""
    if config not in models:
        asked = resolve(composed(config))
        models[config] = load_pipeline(asked.spec, None, asked.options.load_options())
    return models[config]


def made(models: dict[str, Any], config: str, *more: str, **changes: Any) -> tuple[Any, Any]:
    """Latents and record of a clip; words for its settings, and fields of them that are changed."""
    asked = resolve(dataclasses.replace(composed(config, *more), **changes))
    model, policies, speed = loaded(models, config), Policies.of(asked), SpeedRun()
    policies.check(asked)
    with speed.on(model, asked.request), pytest.MonkeyPatch.context() as patch:
        patch.setattr("vidkit.generation.run.decode_latents", lambda pipe, latents: latents.numpy())
        clip = policies.generate(model, asked, speed, Silent())
    return clip.frames, clip.record
