"""A model ready to generate: from a diffusers folder, from the hub, or with random weights."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    SkyReelsV2Transformer3DModel,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
    WanVideoToVideoPipeline,
)

from vidkit.errors import ConfigError, ModelError
from vidkit.generation.checkpoint import fill_transformer
from vidkit.generation.folder import HUB_HINT
from vidkit.generation.forcing import DiffusionForcingPipeline
from vidkit.generation.load_options import LoadOptions as LoadOptions
from vidkit.generation.load_options import unread
from vidkit.generation.loaded import LoadedModel as LoadedModel
from vidkit.generation.lora import add_loras
from vidkit.generation.magi.load import random_magi, read_magi
from vidkit.generation.quantize import check_quantize, quantize_blocks
from vidkit.generation.random_weights import random_image_embeddings, random_model
from vidkit.generation.samplers import set_sampler as set_sampler
from vidkit.generation.spec import RANDOM_LABEL, ModelSpec
from vidkit.generation.stock import stock_of
from vidkit.generation.wan import WanImagePipeline
from vidkit.utils.network import check_hub
from vidkit.utils.quiet import quiet_libraries, root_cause
from vidkit.utils.seeding import derive_seed


def load_pipeline(spec: ModelSpec, folder: Path | None, options: LoadOptions) -> LoadedModel:
    """Load a model, or build it with random weights.

    Args:
        spec: shapes; those of the folder, if there is one.
        folder: local diffusers folder; None: random weights, no text encoder, no image encoder.
        options: device, dtypes, offload.

    Raises:
        ModelError: the weights do not fit their configs or cannot be read.
        ConfigError: offload without an accelerator, 8 bits where the device has none.
    """
    check_quantize(options.quantize, options.device, options.offload)
    if options.offload != "none" and options.device.type == "cpu":
        raise ConfigError(
            f"model.offload={options.offload} needs an accelerator, but the device is the CPU",
            "set model.offload=none",
        )
    start = time.perf_counter()
    with quiet_libraries():
        pipe = _pipeline(spec, folder, options)
    pipe.set_progress_bar_config(disable=True)
    if options.vae_tiling:
        pipe.vae.enable_tiling()
    if options.vae_slicing:
        pipe.vae.enable_slicing()
    if options.offload == "none":
        pipe.to(options.device)
    with quiet_libraries():
        add_loras(pipe, options.loras, spec.name)
        _quantize(pipe, options)
    _offload(pipe, options)
    labels: tuple[str, ...] = (RANDOM_LABEL,) if folder is None else ()
    labels += (f"linear layers in {options.quantize}",) if options.quantize != "none" else ()
    return LoadedModel(pipe, spec, options, labels, time.perf_counter() - start)


def download(path: str, revision: str | None = None, patterns: list[str] | None = None) -> Path:
    """Fetch a model from the hub, or find it in the local cache.

    Args:
        path: hub id.
        revision: branch, tag or commit.
        patterns: files that are wanted; None: those of a diffusers pipeline.

    Raises:
        ModelError: the hub cannot be reached, or has no such model.
    """
    check_hub()
    from diffusers import DiffusionPipeline
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        with quiet_libraries(progress=True):
            if patterns is not None:
                return Path(snapshot_download(path, revision=revision, allow_patterns=patterns))
            return Path(DiffusionPipeline.download(path, revision=revision))
    except (OSError, ValueError) as error:
        causes = (error, error.__cause__, error.__context__)
        if any(isinstance(cause, RepositoryNotFoundError) for cause in causes):
            raise ModelError(f"the hub has no model '{path}', or it is private", HUB_HINT) from error
        cause = root_cause(error)[:160]
        why = f" ({cause})" if cause else ""
        raise ModelError(f"cannot fetch '{path}': the hub is not reachable{why}", HUB_HINT) from error


def _pipeline(spec: ModelSpec, folder: Path | None, options: LoadOptions) -> Any:
    if spec.is_magi:
        return random_magi(spec, options) if folder is None else read_magi(spec, folder, options)
    stock = stock_of(spec.family)
    if stock is not None and folder is None:
        return stock.random_pipeline(spec, options)
    return _random_pipeline(spec, options) if folder is None else _read_pipeline(spec, folder, options)


def image_pipeline(model: LoadedModel) -> Any:
    """The model's own parts as an image-to-video pipeline (Wan2.2-TI2V does both)."""
    pipe = model.pipe
    return WanImagePipeline(
        pipe.tokenizer,
        pipe.text_encoder,
        pipe.vae,
        pipe.scheduler,
        transformer=pipe.transformer,
        transformer_2=pipe.transformer_2,
        boundary_ratio=model.spec.boundary_ratio,
        expand_timesteps=model.spec.expand_timesteps,
    )


def video_pipeline(model: LoadedModel) -> Any:
    """The model's own parts as a pipeline that begins from a clip."""
    pipe = model.pipe
    return WanVideoToVideoPipeline(
        pipe.tokenizer, pipe.text_encoder, pipe.transformer, pipe.vae, pipe.scheduler
    )


def _pipeline_class(spec: ModelSpec) -> type[Any]:
    stock = stock_of(spec.family)
    if stock is not None:
        return stock.pipeline_class()
    if spec.family == "skyreels_df":
        return DiffusionForcingPipeline
    return WanImagePipeline if spec.needs_image else WanPipeline


def _random_pipeline(spec: ModelSpec, options: LoadOptions) -> Any:
    transformer_class = WanTransformer3DModel if spec.family == "wan" else SkyReelsV2Transformer3DModel
    seed = options.weights_seed
    place = options.first_place
    transformer = random_model(
        transformer_class, spec.transformer, derive_seed(seed, "transformer"), place, options.dtype
    )
    vae = random_model(AutoencoderKLWan, spec.vae, derive_seed(seed, "vae"), place, options.vae_dtype)
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True)
    parts = {"transformer": transformer, "vae": vae, "scheduler": scheduler}
    if spec.family == "wan":
        parts |= {"boundary_ratio": spec.boundary_ratio, "expand_timesteps": spec.expand_timesteps}
    if spec.transformer_2:
        parts["transformer_2"] = random_model(
            transformer_class, spec.transformer_2, derive_seed(seed, "transformer_2"), place, options.dtype
        )
    pipe = _pipeline_class(spec)(tokenizer=None, text_encoder=None, **parts)
    if spec.needs_image and spec.transformer.get("image_dim"):
        pipe.fixed_image_embeds = random_image_embeddings(
            spec, derive_seed(seed, "image"), torch.device("cpu"), options.dtype
        )
    return pipe


def _read_pipeline(spec: ModelSpec, folder: Path, options: LoadOptions) -> Any:
    stock = stock_of(spec.family)
    vae_class = AutoencoderKLWan if stock is None else stock.vae_class()
    try:
        vae = vae_class.from_pretrained(
            folder, subfolder="vae", dtype=options.vae_dtype, local_files_only=True
        )
        parts = {"vae": vae}
        if options.checkpoint is not None:
            parts["transformer"] = _from_checkpoint(spec, options.checkpoint, options)
        return _pipeline_class(spec).from_pretrained(
            folder, **parts, dtype=options.dtype, local_files_only=True
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise unread(folder, error) from error


def _from_checkpoint(spec: ModelSpec, path: Path, options: LoadOptions) -> Any:
    """A transformer of the folder's shapes with the weights of a file."""
    transformer = random_model(
        WanTransformer3DModel, spec.transformer, options.weights_seed, options.first_place, options.dtype
    )
    fill_transformer(transformer, path)
    return transformer


def _quantize(pipe: Any, options: LoadOptions) -> None:
    if options.quantize == "none":
        return
    for name in ("transformer", "transformer_2"):
        transformer = getattr(pipe, name, None)
        if transformer is not None:
            quantize_blocks(transformer.to(options.device), options.quantize)
            if options.offload != "none":
                transformer.to("cpu")


def _offload(pipe: Any, options: LoadOptions) -> None:
    device = options.device
    if options.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif options.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    elif options.offload == "group":
        pipe.enable_group_offload(
            onload_device=device,
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=True,
        )
