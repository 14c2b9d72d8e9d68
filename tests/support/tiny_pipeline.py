"""A SkyReels-V2 pipeline in diffusers format: real parts, random weights, a few thousand parameters."""

from __future__ import annotations

from pathlib import Path

WORDS = [
    "a",
    "red",
    "green",
    "ball",
    "solves",
    "rolls",
    "light",
    "dark",
    "maze",
    "4x4",
    "5x5",
    "fast",
    "slow",
    ",",
]


def save_tiny_pipeline(folder: Path) -> None:
    """Write it; 96x96 px and 61 frames work as with the embedded model, 32x32 and 13 are quick."""
    import torch
    from diffusers import (
        AutoencoderKLWan,
        SkyReelsV2DiffusionForcingPipeline,
        SkyReelsV2Transformer3DModel,
        UniPCMultistepScheduler,
    )
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    transformer = SkyReelsV2Transformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=8,
        out_channels=8,
        text_dim=16,
        freq_dim=32,
        ffn_dim=32,
        num_layers=2,
        rope_max_seq_len=64,
    )
    vae = AutoencoderKLWan(
        base_dim=4,
        z_dim=8,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[True, True],
        latents_mean=[0.1] * 8,
        latents_std=[0.9] * 8,
        scale_factor_spatial=4,
    )
    tokenizer = word_tokenizer(WORDS)
    text_encoder = UMT5EncoderModel(
        UMT5Config(vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    )
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=4.0
    )
    SkyReelsV2DiffusionForcingPipeline(tokenizer, text_encoder, transformer, vae, scheduler).save_pretrained(
        folder
    )


def word_tokenizer(words: list[str]):  # type: ignore[no-untyped-def]
    """A tokenizer of whole words, as the embedded model has it."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate(["<pad>", "</s>", "<unk>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
