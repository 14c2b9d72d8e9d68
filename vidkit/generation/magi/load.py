"""MAGI-1 from the published files, from a folder saved by diffusers, or with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkit.generation.load_options import LoadOptions, unread
from vidkit.generation.magi.captions import read_learned_tokens
from vidkit.generation.magi.files import find_files, is_published
from vidkit.generation.magi.pipeline import MagiPipeline
from vidkit.generation.random_weights import random_model
from vidkit.generation.spec import ModelSpec
from vidkit.models.magi.autoencoder import AutoencoderKLMagi
from vidkit.models.magi.checkpoint import read_autoencoder, read_transformer
from vidkit.models.magi.transformer import MagiTransformer3DModel
from vidkit.utils.seeding import derive_seed


def random_magi(spec: ModelSpec, options: LoadOptions) -> MagiPipeline:
    """The whole model but the text encoder, seeded random values."""
    seed, place = options.weights_seed, options.first_place
    transformer = random_model(
        MagiTransformer3DModel, spec.transformer, derive_seed(seed, "transformer"), place, options.dtype
    )
    vae = random_model(AutoencoderKLMagi, spec.vae, derive_seed(seed, "vae"), place, options.vae_dtype)
    return _piped(None, None, transformer, vae)


def read_magi(spec: ModelSpec, folder: Path, options: LoadOptions) -> MagiPipeline:
    """A model from its folder.

    Raises:
        ModelError: files missing, unreadable, or of other shapes.
    """
    if is_published(folder):
        return _read_published(spec, folder, options)
    try:
        transformer = MagiTransformer3DModel.from_pretrained(
            folder, subfolder="transformer", dtype=options.dtype, local_files_only=True
        )
        vae = AutoencoderKLMagi.from_pretrained(
            folder, subfolder="vae", dtype=options.vae_dtype, local_files_only=True
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise unread(folder, error) from error
    pipe = _piped(*_text_parts(folder / "tokenizer", folder / "text_encoder", options), transformer, vae)
    _give_learned_tokens(pipe, spec, folder / "special_tokens.npz")
    return pipe


def _read_published(spec: ModelSpec, folder: Path, options: LoadOptions) -> MagiPipeline:
    files, place = find_files(folder, spec.variant, spec.is_distilled), options.first_place
    transformer = read_transformer(files.transformer, spec.transformer, place, options.dtype)
    vae = read_autoencoder(files.vae, place, options.vae_dtype)
    pipe = _piped(*_text_parts(files.text_encoder, files.text_encoder, options), transformer, vae)
    if files.learned_tokens is not None:
        _give_learned_tokens(pipe, spec, files.learned_tokens)
    return pipe


def _give_learned_tokens(pipe: MagiPipeline, spec: ModelSpec, path: Path) -> None:
    if path.is_file():
        pipe.learned_tokens = read_learned_tokens(path, int(spec.transformer["text_dim"]))


def _text_parts(tokenizer: Path, encoder: Path, options: LoadOptions) -> tuple[Any, Any]:
    from transformers import AutoTokenizer, T5EncoderModel

    try:
        return (
            AutoTokenizer.from_pretrained(tokenizer, local_files_only=True),
            T5EncoderModel.from_pretrained(encoder, dtype=options.dtype, local_files_only=True),
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError) as error:
        raise unread(encoder, error) from error


def _piped(tokenizer: Any, text_encoder: Any, transformer: Any, vae: Any) -> MagiPipeline:
    # the released weights were used with tiles of 12 frames of 256 x 256 pixels, and quality rests on it
    vae.enable_tiling()
    return MagiPipeline(tokenizer, text_encoder, transformer, vae)
