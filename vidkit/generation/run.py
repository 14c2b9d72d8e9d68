"""One clip from a loaded model: encode, denoise, decode, and the record of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vidkit.caching import flops
from vidkit.generation.causal.run import Streamed, Take, stream_clip
from vidkit.generation.decode import (
    decode_latents,
    decoded_parts,
    decoded_sound,
    image_tensor,
    streams,
)
from vidkit.generation.forcing import ForcingOptions
from vidkit.generation.load import LoadedModel, image_pipeline, set_sampler, video_pipeline
from vidkit.generation.not_finite import NotFinite
from vidkit.generation.plan import forcing_lengths, forward_count
from vidkit.generation.random_weights import random_embeddings
from vidkit.generation.record import Listener, RunRecord, Silent, StepRecord, StepReporter
from vidkit.generation.spec import Request
from vidkit.generation.step_watch import StepWatch
from vidkit.generation.stock import stock_of
from vidkit.generation.stock.base import Given, Latents
from vidkit.utils.device import device_name
from vidkit.utils.memory import read_peak, reset_peak
from vidkit.utils.seeding import derive_seed
from vidkit.utils.timing import PhaseTimer
from vidkit.video.sound import Sound

NOT_FINITE = "the latents hold NaN or infinity: the frames are meaningless (try dtype=bf16 or dtype=fp32)"


_NONE = np.empty((0, 0, 0, 3), np.uint8)


@dataclass(frozen=True)
class Generation:
    """A clip.

    Attributes:
        frames: uint8 [T, H, W, 3].
        record: of how they were made.
        sound: None: the model makes none, or it was not wanted.
    """

    frames: np.ndarray
    record: RunRecord
    sound: Sound | None = None


def generate(
    model: LoadedModel,
    request: Request,
    image: Image.Image | None = None,
    listener: Listener | None = None,
    reporters: Sequence[StepReporter] = (),
    last_image: Image.Image | None = None,
    video: Sequence[Image.Image] = (),
    *,
    mask: Sequence[Image.Image] = (),
    references: Sequence[Image.Image] = (),
    decode: bool = True,
    take: Take | None = None,
) -> Generation:
    """Make one clip.

    The same request, seed and device give the same frames; noise is drawn on the host, so two devices start
    from the same noise.

    Args:
        model: from `load_pipeline`; policies enabled on its transformer act here.
        request: validated (`vidkit.generation.validate.check_request`).
        image: first frame of exactly the requested size; None: text to video.
        listener: hears of phases and steps.
        reporters: policies that act inside the forwards; each step's record takes what they report.
        last_image: last frame, likewise; None: free.
        video: frames of a clip to begin from, or of a control clip; empty: from noise.
        mask: white where a control clip is made anew, a picture a frame.
        references: images of what is to be seen.
        decode: False: latents alone are made, and there are no frames.
        take: called with the pictures, uint8 [T, H, W, 3], in order of time and as they are decoded; the
            result then has none. None: the result has them all.

    Raises:
        NotFinite: a loop of ours met NaN or infinity on its way; `result` is the record of the steps so far.
    """
    if request.by_chunks:
        parts: list[np.ndarray] = []
        record = generate_stream(model, request, take or parts.append, image, listener)
        return Generation(np.concatenate(parts) if parts else _NONE, record)
    listener = listener or Silent()
    device = model.options.device
    timer = PhaseTimer(device)
    reset_peak(device)
    _set_sampler(model, request)
    listener.phase("encode")
    with timer.phase("encode"):
        prompts = _embeddings(model, request)
    given = Given(image, last_image, video, mask, references)
    watch = StepWatch(model, listener, timer, forward_count(model.spec, request), reporters)
    try:
        with watch:
            made = _denoise(model, request, prompts, given, watch)
    except NotFinite as error:
        record = _record(model, request, timer, tuple(watch.records))
        error.result = dataclasses.replace(record, warnings=(error.message,))
        raise
    finite = all(bool(torch.isfinite(latents).all()) for latents in made if latents is not None)
    warnings = () if finite else (NOT_FINITE,)
    for text in warnings:
        listener.warning(text)
    listener.phase("decode", f"{request.frames} frames")
    sound = None
    with timer.phase("decode"):
        if decode and made.sound is not None:
            sound = decoded_sound(model.pipe, made.sound)
        frames = _decoded(model, made.video, take) if decode else _NONE
    record = _record(model, request, timer, tuple(watch.records))
    return Generation(frames, dataclasses.replace(record, warnings=warnings), sound)


def generate_stream(
    model: LoadedModel,
    request: Request,
    take: Take,
    image: Image.Image | None = None,
    listener: Listener | None = None,
) -> RunRecord:
    """Make one clip chunk by chunk; its pictures are handed on while it is made.

    Args:
        model: from `load_pipeline`.
        request: validated, with `causal.chunk` > 0.
        take: called in another thread with each chunk's pictures, uint8 [T, H, W, 3], in order of time.
        image: first frame of exactly the requested size; None: text to video.
        listener: hears of phases, steps and pictures.

    Raises:
        NotFinite: the latents of a chunk hold NaN or infinity; `result` is the record of the steps so far.
    """
    timer = PhaseTimer(model.options.device)
    reset_peak(model.options.device)
    made = Streamed.of(model.spec, request)
    try:
        stream_clip(model, request, made, take, listener or Silent(), timer, image)
    except NotFinite as error:
        record = _record(model, request, timer, tuple(made.steps))
        error.result = dataclasses.replace(record, warnings=(error.message,))
        raise
    record = _record(model, request, timer, tuple(made.steps))
    return dataclasses.replace(record, stream=made.report())


def make_latents(
    model: LoadedModel, request: Request, image: Image.Image | None = None, listener: Listener | None = None
) -> Tensor:
    """The denoising loop of `generate` alone: latents, nothing decoded.

    Args:
        model: from `load_pipeline`; policies enabled on its transformer act here.
        request: validated.
        image: first frame of exactly the requested size; None: text to video.
        listener: hears of phases and steps.
    """
    listener = listener or Silent()
    _set_sampler(model, request)
    prompts = _embeddings(model, request)
    timer = PhaseTimer(model.options.device)
    with StepWatch(model, listener, timer, forward_count(model.spec, request), ()) as watch:
        return _denoise(model, request, prompts, Given(image), watch).video


def comes_in_parts(model: LoadedModel, request: Request) -> bool:
    """Whether a clip's pictures are decoded part by part, so that they can be written meanwhile."""
    spec = model.spec
    factor = spec.spatial_factor
    size = (spec.latent_frames(request.frames), request.height // factor, request.width // factor)
    return streams(model.pipe.vae, (1, 1, *size), model.options.device)


def _decoded(model: LoadedModel, latents: Tensor, take: Take | None) -> np.ndarray:
    """Every picture, or none where somebody takes them."""
    if take is None:
        return decode_latents(model.pipe, latents)
    for pictures in decoded_parts(model.pipe, latents):
        take(pictures)
    return _NONE


def _set_sampler(model: LoadedModel, request: Request) -> None:
    stock = stock_of(model.spec.family)
    if stock is not None:
        stock.set_sampler(model.pipe, request)
    elif not model.spec.is_magi:  # its loop takes Euler steps itself
        set_sampler(model.pipe, request.sampler, request.shift)


def _embeddings(model: LoadedModel, request: Request) -> dict[str, Any]:
    """Encoded prompts, or what stands for them, as the loop takes them."""
    stock = stock_of(model.spec.family)
    if stock is not None:
        return stock.encode(model, request)
    prompt, negative = _umt5_states(model, request)
    return {"prompt_embeds": prompt, "negative_prompt_embeds": negative}


def _umt5_states(model: LoadedModel, request: Request) -> tuple[Tensor, Tensor | None]:
    device, dtype = model.options.device, model.options.dtype
    if model.is_random:
        names = ("prompt",) if model.spec.is_magi else ("prompt", "negative prompt")[: request.branches]
        made = [
            random_embeddings(
                model.spec, request.max_sequence_length, derive_seed(request.seed, name), device, dtype
            )
            for name in names
        ]
        return made[0], made[1] if len(made) > 1 else None
    if model.spec.is_magi:
        return model.pipe.encode(request.prompt, request.max_sequence_length), None
    with torch.no_grad():
        prompt, negative = model.pipe.encode_prompt(
            request.prompt,
            request.negative_prompt or "",
            do_classifier_free_guidance=request.branches == 2,
            max_sequence_length=request.max_sequence_length,
        )
    return prompt, negative


def _denoise(
    model: LoadedModel,
    request: Request,
    prompts: dict[str, Any],
    given: Given,
    watch: StepWatch,
) -> Latents:
    stock = stock_of(model.spec.family)
    if stock is not None:
        return stock.denoise(model, request, prompts, given, watch.latents_step)
    return Latents(_own_loop(model, request, prompts, given, watch))


def _own_loop(
    model: LoadedModel,
    request: Request,
    prompts: dict[str, Any],
    given: Given,
    watch: StepWatch,
) -> Tensor:
    generator = torch.Generator("cpu").manual_seed(request.seed)
    common: dict[str, Any] = {
        **prompts,
        "height": request.height,
        "width": request.width,
        "num_frames": request.frames,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "generator": generator,
    }
    first = None if given.image is None else image_tensor(given.image)
    if model.spec.is_magi:
        made: Tensor = model.pipe.denoise(
            prompt_embeds=prompts["prompt_embeds"],
            image=first,
            height=request.height,
            width=request.width,
            num_frames=request.frames,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            shift=request.shift,
            generator=generator,
            settings=request.magi,
            text_limit=request.max_sequence_length,
            kv_budget=request.kv_budget,
            callback=watch.step,
        )
        return made
    if model.spec.family == "skyreels_df":
        base, overlap = forcing_lengths(model.spec, request)
        options = ForcingOptions(
            base=base,
            overlap=overlap,
            ar_step=request.ar_step,
            block_size=request.block_size,
            causal_attention=request.causal_attention,
            active_only=request.active_only,
            clean_refresh=request.clean_refresh,
            kv_budget=request.kv_budget,
            exact_corrector=request.exact_corrector,
            addnoise=request.addnoise_condition,
        )
        latents: Tensor = model.pipe.denoise(
            **common, image=first, fps=request.fps, options=options, callback=watch.step
        )
        return latents
    pipe = model.pipe
    if request.guidance_2 is not None:
        common["guidance_scale_2"] = request.guidance_2
    if given.image is not None:
        pipe = model.pipe if model.spec.needs_image else image_pipeline(model)
        common["image"] = given.image
        if given.last_image is not None:
            common["last_image"] = given.last_image
    elif given.video:
        pipe = video_pipeline(model)
        del common["num_frames"]
        common |= {"video": list(given.video), "strength": request.strength}
    output = pipe(
        **common,
        output_type="latent",
        callback_on_step_end=watch.stock_step,
        callback_on_step_end_tensor_inputs=["latents"],
        max_sequence_length=request.max_sequence_length,
    )
    frames: Tensor = output.frames
    return frames


def _record(
    model: LoadedModel, request: Request, timer: PhaseTimer, steps: tuple[StepRecord, ...]
) -> RunRecord:
    options = model.options
    peak = read_peak(options.device)
    return RunRecord(
        labels=model.labels,
        seed=request.seed,
        device=str(options.device),
        device_name=device_name(options.device),
        dtype=str(options.dtype).removeprefix("torch."),
        prompt=request.prompt,
        tokens=model.spec.tokens(request.frames, request.height, request.width),
        phase_seconds={"load": model.load_seconds, **timer.seconds},
        steps=steps,
        peak_host_bytes=peak.host_bytes,
        peak_device_bytes=peak.device_bytes,
        blocks=_blocks(model, request),
    )


def _blocks(model: LoadedModel, request: Request) -> dict[str, Any] | None:
    """What was executed of a clip made block by block, beside its baselines."""
    executed = getattr(model.pipe, "block_report", None)
    if executed is None:
        return None
    return {**executed, "baselines": dict(flops(model.spec, request, request.mode).baselines)}
