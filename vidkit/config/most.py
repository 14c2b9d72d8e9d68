"""How much of something can be asked for: a number beyond that is a slip, and is told before memory is taken.

A setting counts processes, pixels, frames, tokens, or whatever a run makes; each kind has a most, far above
what anybody runs. Numbers that only bound or draw (a limit, a seed, a cap of pixels) have none, and what a
method of others counts is its own to judge.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from vidkit.config.keyed import KeyedError

_PROCESSES = (1_024, "processes or threads of one machine")
_CALLS = (10_000, "calls at the same time")
_SIDE = (16_384, "pixels of a side: H.264 takes no more")
_FRAMES = (100_000, "frames: an hour at 25 a second is 90,000")
_STEPS = (10_000, "steps")
_TOKENS = (10_000_000, "tokens")
_SECONDS = (100_000, "seconds: a day has 86,400")
_AT_ONCE = (65_536, "at once")
_DRAWS = (1_000_000, "draws of a bootstrap")
_RUNS = (1_000_000, "")

_BY_NAME: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("workers", "decode_workers", "threads"), _PROCESSES),
    **dict.fromkeys(("concurrency", "clients", "attempts"), _CALLS),
    **dict.fromkeys(("height", "width", "size", "patch"), _SIDE),
    **dict.fromkeys(("frames", "base_frames", "overlap_frames", "causal_block_size"), _FRAMES),
    **dict.fromkeys(
        ("steps", "ar_step", "first_iterations", "sample_iterations", "final_iterations"), _STEPS
    ),
    **dict.fromkeys(("warm_iterations", "intervals"), _STEPS),
    **dict.fromkeys(("max_tokens", "step_tokens", "tokens"), _TOKENS),
    "max_sequence_length": (100_000, "tokens of a prompt"),
    **dict.fromkeys(("duration_s", "clip_s"), _SECONDS),
    **dict.fromkeys(("batch", "batches", "batch_size"), _AT_ONCE),
    "resamples": _DRAWS,
    "seeds": (1_000, "levels of each type, difficulty and skin"),
    "fps": (1_000, "frames per second"),
    "top_logprobs": (1_000, "alternatives of a token"),
    "jpeg_quality": (100, "percent"),
    "num_videos": (100_000, "clips of a prompt"),
    "dim": (100_000, "numbers of a feature"),
}
# numbers of which more is only less to do, or the same: bounds, seeds, sizes beyond which something begins
UNBOUNDED = frozenset([
    "seed", "weights_seed", "limit", "max_frames", "min_tokens", "stop_after", "shown_px", "screen_px",
    "area_px", "min_pixels", "max_pixels", "most", "least", "best_least", "max_candidates", "kv_range",
    "clean_kv_range", "kv_budget", "most_skipped", "min_gap", "points", "keep", "dense_layers", "dense_steps",
    "every", "full_every", "warmup",
])  # fmt: skip
_FREE = ("model", "extra", "prices", "options")  # sections of which the model or the server judges


def most_of(key: str) -> tuple[int, str] | None:
    """The most of a setting and what it counts; None: it only bounds.

    Args:
        key: dotted name.
    """
    name = key.rpartition(".")[2].partition("[")[0]
    if name in _BY_NAME:
        return _BY_NAME[name]
    return None if name in UNBOUNDED or name.endswith("_seed") else _RUNS


def refuse_too_many(values: Mapping[str, Any], prefix: str = "", known: Container[str] | None = None) -> None:
    """Refuse whole numbers in settings, at any depth, that are more than can be meant.

    Args:
        values: of a command or a section, by name.
        prefix: dotted name of the section, with a final dot.
        known: dotted names of vidkit's own settings; others are held to the table of names alone. All are
            vidkit's if not given.

    Raises:
        KeyedError: names the first.
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            if name not in _FREE:
                refuse_too_many(value, f"{prefix}{name}.", known)
            continue
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, int) and not isinstance(one, bool):
                _check(f"{prefix}{name}", one, known)


def _check(key: str, value: int, known: Container[str] | None) -> None:
    most = most_of(key)
    if most is _RUNS and known is not None and key not in known:
        return
    if most is not None and value > most[0]:
        what = f" ({most[1]})" if most[1] else ""
        raise KeyedError(
            key, f"{key} must be <= {most[0]}{what}, got {value}", f"give a smaller one: {key}={most[0]}"
        )
