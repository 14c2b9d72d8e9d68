"""A clip chunk by chunk from a loaded model: pictures are handed on as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vidkit.generation.causal.decoding import ChunkDecoder
from vidkit.generation.causal.loop import ChunkLoop
from vidkit.generation.causal.plan import ChunkPlan, Scene, chunk_plan, scenes
from vidkit.generation.decode import image_tensor
from vidkit.generation.forcing import encoded, rate_index
from vidkit.generation.load import LoadedModel
from vidkit.generation.random_weights import random_embeddings
from vidkit.generation.record import Listener, StepRecord
from vidkit.generation.spec import ModelSpec, Request
from vidkit.hooks.blocks import SkyReelsBlocks, WanBlocks
from vidkit.utils.seeding import derive_seed
from vidkit.utils.timing import PhaseTimer

Take = Callable[[np.ndarray], None]


@dataclass
class Streamed:
    """What a clip made chunk by chunk came to.

    Attributes:
        plan: chunks and steps.
        scenes: prompts by chunk.
        steps: a record each.
        wall_seconds: from the first noise to the last picture handed on.
        first_seconds: until the first chunk's pictures were handed on.
        frames: pictures so far.
        decode_seconds: that the decoder worked, mostly beside the transformer.
        state_bytes: kept from chunk to chunk, at the most.
        flops: executed by the transformer.
        clean_passes: passes without noise that left keys and values.
        chunk_ends: seconds since the first noise when each chunk's latents were done.
    """

    plan: ChunkPlan
    scenes: tuple[Scene, ...]
    steps: list[StepRecord] = field(default_factory=list)
    wall_seconds: float = 0.0
    first_seconds: float = 0.0
    frames: int = 0
    decode_seconds: float = 0.0
    state_bytes: int = 0
    flops: float = 0.0
    clean_passes: int = 0
    chunk_ends: list[float] = field(default_factory=list)
    _first_frames: int = 0

    @classmethod
    def of(cls, spec: ModelSpec, request: Request) -> Streamed:
        """Of a validated request, before anything is made."""
        return cls(chunk_plan(spec, request), scenes(spec, request))

    def took(self, pictures: int, seconds: float) -> None:
        """Pictures were handed on, so many seconds after the first noise."""
        self.frames, self.wall_seconds = self.frames + pictures, seconds
        if not self.first_seconds:
            self.first_seconds, self._first_frames = seconds, pictures

    def report(self) -> dict[str, Any]:
        """For the record."""
        plan = self.plan
        return {
            "chunks": plan.chunks,
            "chunk_latent_frames": plan.chunk,
            "levels": list(plan.levels),
            "window": plan.window,
            "sink": plan.sink,
            "frames_per_second": self.frames / self.wall_seconds if self.wall_seconds else None,
            "steady_frames_per_second": self.steady_rate,
            "wall_seconds": self.wall_seconds,
            "first_seconds": self.first_seconds,
            "decode_seconds": self.decode_seconds,
            "state_bytes": self.state_bytes,
            "executed_flops": self.flops,
            "clean_passes": self.clean_passes,
            "prompts": [{"chunk": scene.chunk, "prompt": scene.text} for scene in self.scenes],
        }

    @property
    def steady_rate(self) -> float | None:
        """Frames per second without the first chunk (compilation, allocation), decoding included."""
        rest = self.wall_seconds - self.first_seconds
        later = self.frames - self._first_frames
        return later / rest if later > 0 and rest > 0 else None


class _Clock:
    """Times steps without stopping other streams of the device."""

    def __init__(self, device: torch.device, made: Streamed, listener: Listener) -> None:
        self._device, self._made, self._listener = device, made, listener
        self.start = self._mark = self.now()

    def now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.current_stream(self._device).synchronize()
        return time.perf_counter()

    def step(self, index: int, told: tuple[float, float]) -> None:
        now = self.now()
        record = StepRecord(index, now - self._mark, told)
        self._mark = now
        self._made.steps.append(record)
        self._listener.step(record)


def stream_clip(
    model: LoadedModel,
    request: Request,
    made: Streamed,
    take: Take,
    listener: Listener,
    timer: PhaseTimer,
    image: Image.Image | None = None,
) -> None:
    """Make a clip; pictures go to `take` while it is made.

    Args:
        model: from `load_pipeline`.
        request: validated, with `causal.chunk` > 0.
        made: its account, `Streamed.of(...)`; after an error it holds what was done so far.
        take: called in another thread with the pictures of each chunk, uint8 [T, H, W, 3], in order.
        listener: hears of phases, steps and pictures.
        timer: gets the seconds of each phase; what is decoded beside the transformer counts once.
        image: first frame of exactly the requested size; None: text to video.

    Raises:
        NotFinite: the latents of a chunk hold NaN or infinity.
    """
    listener.phase("encode")
    with timer.phase("encode"):
        texts = [(scene.chunk, _embedded(model, request, scene)) for scene in made.scenes]
    listener.phase("prepare")
    with timer.phase("prepare"), torch.no_grad():
        device = model.options.device
        given = None
        if image is not None:
            given = encoded(model.pipe.vae, image_tensor(image).unsqueeze(2), device)
        blocks = _blocks(model, texts[0][1].shape[1], request.fps)
        channels, factor = int(model.spec.transformer["in_channels"]), model.spec.spatial_factor
        shape = (channels, request.height // factor, request.width // factor)
        loop = ChunkLoop(blocks, made.plan, texts, shape, request.seed, given)
    listener.steps(made.plan.chunks * made.plan.steps)
    clock = _Clock(device, made, listener)

    def taken(pictures: np.ndarray) -> None:
        take(pictures)
        made.took(len(pictures), time.perf_counter() - clock.start)
        listener.pictures(made.frames, request.frames, made.frames / made.wall_seconds)

    decoder = ChunkDecoder(model.pipe.vae, device, taken)
    with decoder.conveyor as conveyor:
        for latents in loop.chunks(clock.step):
            decoder.push(latents)
            made.chunk_ends.append(clock.now() - clock.start)
            made.state_bytes = max(made.state_bytes, loop.state_bytes)
            made.flops, made.clean_passes = loop.flops, loop.clean_passes
        denoised = time.perf_counter()
        timer.add("denoise", denoised - clock.start)
        listener.phase("decode", "the last chunk")
        conveyor.finish()
        timer.add("decode", time.perf_counter() - denoised)
    made.decode_seconds = conveyor.busy_seconds


def _blocks(model: LoadedModel, text_tokens: int, fps: int) -> SkyReelsBlocks:
    transformer = model.pipe.transformer
    if model.spec.family == "wan":
        return WanBlocks(transformer, text_tokens)
    return SkyReelsBlocks(transformer, rate_index(fps), text_tokens)


def _embedded(model: LoadedModel, request: Request, scene: Scene) -> Tensor:
    """A prompt's states on the device."""
    options = model.options
    if model.is_random:
        name = "prompt" if not scene.chunk else f"prompt of chunk {scene.chunk}"
        seed = derive_seed(request.seed, name)
        return random_embeddings(model.spec, request.max_sequence_length, seed, options.device, options.dtype)
    with torch.no_grad():
        states: Tensor = model.pipe.encode_prompt(
            scene.text, do_classifier_free_guidance=False, max_sequence_length=request.max_sequence_length
        )[0]
    return states.to(options.device, model.pipe.transformer.dtype)
