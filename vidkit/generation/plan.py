"""How many forwards a request takes, from its schedule alone."""

from __future__ import annotations

from vidkit.generation.causal.plan import chunk_plan
from vidkit.generation.spec import ModelSpec, Request
from vidkit.models.block_schedule import Window, block_rows, plan_windows
from vidkit.models.magi.schedule import ChunkRow, chunk_rows


def forcing_lengths(spec: ModelSpec, request: Request) -> tuple[int | None, int | None]:
    """Window and overlap in latent frames; (None, None) if one window holds the clip."""
    if request.base_frames is None or request.frames <= request.base_frames:
        return None, None
    overlap = None if request.overlap_frames is None else spec.latent_frames(request.overlap_frames)
    return spec.latent_frames(request.base_frames), overlap


def windows(spec: ModelSpec, request: Request) -> list[Window]:
    """Windows of the clip, in latent frames; one for everything but long diffusion-forcing clips."""
    frames = spec.latent_frames(request.frames) + request.references
    if spec.family != "skyreels_df" or request.by_chunks:
        return [Window(0, frames, 0, 0)]
    base, overlap = forcing_lengths(spec, request)
    return plan_windows(frames, base, overlap, request.block_size)


def window_rows(spec: ModelSpec, request: Request) -> list[tuple[Window, int]]:
    """Every window with its number of denoising steps (rows of the schedule)."""
    found: list[tuple[Window, int]] = []
    if request.by_chunks:
        plan = chunk_plan(spec, request)
        return [(window, plan.steps * plan.chunks) for window in windows(spec, request)]
    if spec.is_magi:
        return [(window, len(magi_rows(spec, request))) for window in windows(spec, request)]
    for window in windows(spec, request):
        if request.has_video and not spec.takes_control:
            # what diffusers leaves out of a schedule that begins from a clip
            found.append((window, max(1, min(int(request.steps * request.strength), request.steps))))
            continue
        if spec.family != "skyreels_df" or request.ar_step == 0:
            found.append((window, request.steps))
            continue
        blocks = window.frames // request.block_size
        prefix = window.prefix or int(request.has_image)
        ready = min(prefix // request.block_size, blocks - 1)
        found.append((window, len(block_rows(request.steps, blocks, request.ar_step, ready))))
    return found


def pass_tokens(spec: ModelSpec, request: Request) -> tuple[int, int]:
    """Tokens of the longest pass through the layers, and tokens that it attends to."""
    if request.by_chunks:
        plan = chunk_plan(spec, request)
        own, seen = plan.chunk, plan.window
    else:
        own = seen = max(window.frames for window in windows(spec, request))

    def tokens(frames: int) -> int:
        return spec.tokens(spec.pixel_frames(frames), request.height, request.width)

    return tokens(own), tokens(seen)


def magi_rows(spec: ModelSpec, request: Request) -> list[ChunkRow]:
    """The schedule of a MAGI-1 clip; a first frame is less than a chunk, so no chunk is given as a whole."""
    return chunk_rows(request.frames // spec.chunk_frames, request.steps, request.magi.window)


def forward_count(spec: ModelSpec, request: Request) -> int:
    """Denoising steps of the whole clip; each is one forward a guidance branch."""
    return sum(rows for _, rows in window_rows(spec, request))
