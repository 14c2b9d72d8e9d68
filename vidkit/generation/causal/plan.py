"""What a chunk-by-chunk clip is made of: noise levels, chunks, and prompts by chunk. No torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vidkit.errors import ConfigError
from vidkit.generation.spec import ModelSpec, Request

_PROMPT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(?:(s)\s*)?:\s*(\S.*)", re.DOTALL)
PROMPT_HINT = 'write causal.prompts=["5s: a cat looks up"], or a frame: ["80: a cat looks up"]'


@dataclass(frozen=True)
class ChunkPlan:
    """How every chunk is made.

    Attributes:
        frames: latent frames of the clip.
        chunk: latent frames of a chunk, m.
        levels: noise level of each step, 1 pure noise, falling; the model is told 1000 times that.
        renoise: new noise after every step but the last; false: Euler steps.
        window: latent frames that a chunk sees, sink and itself included.
        sink: first latent frames of the clip that are always seen.
        moving_sink: their positions stay next to those of the window.
        refresh: a new prompt remakes the keys and values that are kept.
    """

    frames: int
    chunk: int
    levels: tuple[float, ...]
    renoise: bool = True
    window: int = 21
    sink: int = 0
    moving_sink: bool = False
    refresh: bool = True

    @property
    def chunks(self) -> int:
        """Chunks of the clip."""
        return self.frames // self.chunk

    @property
    def steps(self) -> int:
        """N of every chunk."""
        return len(self.levels)

    def first(self, chunk: int) -> int:
        """First latent frame of a chunk."""
        return chunk * self.chunk

    def seen(self, chunk: int) -> int:
        """Latent frames that a chunk attends to, itself included."""
        return min(self.first(chunk) + self.chunk, self.window)

    def gone_over(self, chunk: int) -> list[range]:
        """Earlier frames that a chunk sees, in passes of neighbouring frames of one chunk each."""
        end = self.first(chunk)
        sink = min(self.sink, end)
        recent = max(end - (self.window - self.sink - self.chunk), sink)
        passes: list[range] = []
        for frame in (*range(sink), *range(recent, end)):
            last = passes[-1] if passes else range(0)
            if last and frame == last.stop and frame // self.chunk == last.start // self.chunk:
                passes[-1] = range(last.start, frame + 1)
            else:
                passes.append(range(frame, frame + 1))
        return passes


@dataclass(frozen=True)
class Scene:
    """A prompt, and the first chunk that is made under it."""

    chunk: int
    text: str


def noise_levels(steps: int, timesteps: Sequence[float], shift: float, warp: bool) -> tuple[float, ...]:
    """Noise levels of a chunk's steps, 1 first.

    Self-Forcing's 1000, 750, 500, 250 at shift 5 become 1, .9375, .8333, .625; CausVid's 1000, 757, 522 are
    told as they are.

    Args:
        steps: N, where no timesteps are given: 1000, 1000 (N-1)/N, ...
        timesteps: 1000 noise .. 0 clean; empty: equal parts.
        shift: s of u -> s u / (1 + (s - 1) u).
        warp: apply the shift.
    """
    parts = [t / 1000 for t in timesteps] or [1 - n / steps for n in range(steps)]
    return tuple(shift * u / (1 + (shift - 1) * u) if warp else u for u in parts)


def chunk_plan(spec: ModelSpec, request: Request) -> ChunkPlan:
    """The plan of a validated request."""
    causal, frames = request.causal, spec.latent_frames(request.frames)
    return ChunkPlan(
        frames=frames,
        chunk=causal.chunk,
        levels=noise_levels(request.steps, causal.timesteps, request.shift, causal.warp),
        renoise=causal.renoise,
        window=min(causal.window or frames, frames),
        sink=causal.sink,
        moving_sink=causal.moving_sink,
        refresh=causal.switch.value == "refresh",
    )


def prompt_of(entry: str) -> tuple[str, str, str]:
    """The time of a later prompt as digits, its unit (`s`, or empty: frames), and the text.

    Raises:
        ConfigError: it is not written so.
    """
    match = _PROMPT.fullmatch(entry.strip())
    if match is None:
        raise ConfigError(
            f"causal.prompts has '{entry:.200}', which is not of the form 'TIME: TEXT'", PROMPT_HINT
        )
    return match[1], match[2] or "", match[3]


def scenes(spec: ModelSpec, request: Request) -> tuple[Scene, ...]:
    """The prompts in order, the first for chunk 0.

    A later one begins with the chunk that shows its time.

    Raises:
        ConfigError: a prompt without time, before the one before it, or after the clip's end.
    """
    causal = request.causal
    found = [Scene(0, request.prompt)]
    for entry in causal.prompts:
        number, unit, text = prompt_of(entry)
        if not unit and "." in number:
            raise ConfigError(f"causal.prompts: frame {number} is not a whole number", PROMPT_HINT)
        frame = round(float(number) * request.fps) if unit else int(number)
        place = f"{number}{unit or ' (frame)'}"
        if frame >= request.frames:
            end = f"{request.frames} frames, {request.frames / request.fps:g} s"
            raise ConfigError(
                f"causal.prompts: {place} lies after the clip's end ({end})",
                f"name a frame below {request.frames}, or a time before {request.frames / request.fps:g}s",
            )
        chunk = _latent_frame(spec, frame) // causal.chunk
        if chunk <= found[-1].chunk:
            raise ConfigError(
                f"causal.prompts: {place} lies in chunk {chunk}, which is made under the prompt before it",
                f"name rising times, {spec.temporal_factor * causal.chunk} frames (a chunk) apart or more",
            )
        found.append(Scene(chunk, text))
    return tuple(found)


def _latent_frame(spec: ModelSpec, frame: int) -> int:
    """The latent frame that holds a pixel frame."""
    return (frame + spec.temporal_factor - 1) // spec.temporal_factor
