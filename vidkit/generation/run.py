"""One clip from a loaded model: encode, denoise, decode, and the record of it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vidkit.caching import flops
from vidkit.generation.causal.run import Streamed, Take, stream_clip
from vidkit.generation.decode import decode_latents, image_tensor
from vidkit.generation.forcing import ForcingOptions
from vidkit.generation.load import LoadedModel, image_pipeline, set_sampler, video_pipeline
from vidkit.generation.not_finite import NotFinite, check_finite
from vidkit.generation.plan import forcing_lengths, forward_count
from vidkit.generation.random_weights import random_embeddings
from vidkit.generation.record import Listener, RunRecord, Silent, StepRecord, StepReporter
from vidkit.generation.spec import Request
from vidkit.utils.device import device_name
from vidkit.utils.memory import read_peak, reset_peak
from vidkit.utils.seeding import derive_seed
from vidkit.utils.timing import PhaseTimer, synchronize

NOT_FINITE = "the latents hold NaN or infinity: the frames are meaningless (try dtype=bf16 or dtype=fp32)"


@dataclass(frozen=True)
class Generation:
    """Frames, uint8 [T, H, W, 3], and the record of how they were made."""

    frames: np.ndarray
    record: RunRecord


def generate(
    model: LoadedModel,
    request: Request,
    image: Image.Image | None = None,
    listener: Listener | None = None,
    reporters: Sequence[StepReporter] = (),
    last_image: Image.Image | None = None,
    video: Sequence[Image.Image] = (),
    *,
    decode: bool = True,
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
        video: frames of a clip to begin from; empty: from noise.
        decode: False: latents alone are made, and there are no frames.

    Raises:
        NotFinite: a loop of ours met NaN or infinity on its way; `result` is the record of the steps so far.
    """
    if request.by_chunks:
        parts: list[np.ndarray] = []
        record = generate_stream(model, request, parts.append, image, listener)
        return Generation(np.concatenate(parts), record)
    listener = listener or Silent()
    device = model.options.device
    timer = PhaseTimer(device)
    reset_peak(device)
    if not model.spec.is_magi:  # its loop takes Euler steps itself
        set_sampler(model.pipe, request.sampler, request.shift)
    listener.phase("encode")
    with timer.phase("encode"):
        prompt, negative = _embeddings(model, request)
    watch = _StepWatch(model, listener, timer, forward_count(model.spec, request), reporters)
    try:
        with watch:
            latents = _denoise(model, request, image, prompt, negative, watch, last_image, video)
    except NotFinite as error:
        record = _record(model, request, timer, tuple(watch.records))
        error.result = dataclasses.replace(record, warnings=(error.message,))
        raise
    warnings = () if bool(torch.isfinite(latents).all()) else (NOT_FINITE,)
    for text in warnings:
        listener.warning(text)
    listener.phase("decode", f"{request.frames} frames")
    with timer.phase("decode"):
        frames = decode_latents(model.pipe, latents) if decode else np.empty((0, 0, 0, 3), np.uint8)
    record = _record(model, request, timer, tuple(watch.records))
    return Generation(frames, dataclasses.replace(record, warnings=warnings))


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
    if not model.spec.is_magi:  # its loop takes Euler steps itself
        set_sampler(model.pipe, request.sampler, request.shift)
    prompt, negative = _embeddings(model, request)
    timer = PhaseTimer(model.options.device)
    with _StepWatch(model, listener, timer, forward_count(model.spec, request), ()) as watch:
        return _denoise(model, request, image, prompt, negative, watch)


def _embeddings(model: LoadedModel, request: Request) -> tuple[Tensor, Tensor | None]:
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
    image: Image.Image | None,
    prompt: Tensor,
    negative: Tensor | None,
    watch: _StepWatch,
    last_image: Image.Image | None = None,
    video: Sequence[Image.Image] = (),
) -> Tensor:
    generator = torch.Generator("cpu").manual_seed(request.seed)
    common: dict[str, Any] = {
        "prompt_embeds": prompt,
        "negative_prompt_embeds": negative,
        "height": request.height,
        "width": request.width,
        "num_frames": request.frames,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "generator": generator,
    }
    if model.spec.is_magi:
        made: Tensor = model.pipe.denoise(
            prompt_embeds=prompt,
            image=None if image is None else image_tensor(image),
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
        first = None if image is None else image_tensor(image)
        latents: Tensor = model.pipe.denoise(
            **common, image=first, fps=request.fps, options=options, callback=watch.step
        )
        return latents
    pipe = model.pipe
    if request.guidance_2 is not None:
        common["guidance_scale_2"] = request.guidance_2
    if image is not None:
        pipe = model.pipe if model.spec.needs_image else image_pipeline(model)
        common |= {"image": image} if last_image is None else {"image": image, "last_image": last_image}
    elif video:
        pipe = video_pipeline(model)
        del common["num_frames"]
        common |= {"video": list(video), "strength": request.strength}
    output = pipe(
        **common,
        output_type="latent",
        callback_on_step_end=watch.stock_step,
        callback_on_step_end_tensor_inputs=["latents"],
        max_sequence_length=request.max_sequence_length,
    )
    frames: Tensor = output.frames
    return frames


class _StepWatch:
    """Times every denoising step; what comes before the first forward counts as the phase 'prepare'."""

    def __init__(
        self,
        model: LoadedModel,
        listener: Listener,
        timer: PhaseTimer,
        total: int,
        reporters: Sequence[StepReporter],
    ) -> None:
        self.records: list[StepRecord] = []
        self._transformer = model.pipe.transformer
        self._listener, self._timer, self._total = listener, timer, total
        self._reporters = reporters
        self._mark = 0.0
        self._started = False

    def __enter__(self) -> _StepWatch:
        self._listener.phase("prepare")
        # plain forward hooks: the stock loops have no callback before their first step, and a loop over
        # blocks never calls the transformer as a whole
        first = [self._transformer, getattr(self._transformer, "patch_embedding", None)]
        self._hooks = [m.register_forward_pre_hook(self._first_forward) for m in first if m is not None]
        self._mark = self._now()
        return self

    def __exit__(self, *exception: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def step(self, index: int, timestep: tuple[float, float]) -> None:
        now = self._now()
        reported: dict[str, Any] = {}
        for reporter in self._reporters:
            reported.update(reporter.step_report())
        record = StepRecord(index, now - self._mark, timestep, **reported)
        self._mark = self._now()
        self._timer.add("denoise", record.seconds)
        self.records.append(record)
        self._listener.step(record)

    def stock_step(self, pipe: Any, index: int, timestep: Tensor, tensors: dict[str, Any]) -> dict[str, Any]:
        level = float(timestep)
        self.step(index, (level, level))
        latents = tensors["latents"]
        check_finite(latents, latents.shape[2], [0], index)
        return tensors

    def _first_forward(self, module: Any, arguments: Any) -> None:
        if not self._started:
            self._started = True
            now = self._now()
            self._timer.add("prepare", now - self._mark)
            self._mark = now
            self._listener.steps(self._total)

    def _now(self) -> float:
        synchronize(self._timer.device)
        return time.perf_counter()


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
