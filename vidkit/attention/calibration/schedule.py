"""Which steps are probed, and which prompt each head is probed on."""

from __future__ import annotations

import hashlib
import itertools
import random

from vidkit.errors import ConfigError


def choose_steps(steps: int, dense_steps: int = 0, intervals: int = 4, seed: int = 0) -> list[int]:
    """One random sparse step from each of equal intervals of the trajectory.

    50 steps and 4 intervals give [0, 11], [12, 24], [25, 36], [37, 49]. Steps of the dense warm-up are never
    drawn; where it covers a whole interval (short runs), the sparse steps alone are divided instead.

    Raises:
        ConfigError: no sparse step at all.
    """
    if steps < 1 or intervals < 1 or dense_steps >= steps:
        raise ConfigError(
            f"no sparse steps to probe: {steps} steps, the first {dense_steps} dense, {intervals} intervals"
        )
    rng = random.Random(seed)
    edges = [steps * i // intervals for i in range(intervals + 1)]
    if edges[1] <= dense_steps:
        edges = [dense_steps + (steps - dense_steps) * i // intervals for i in range(intervals + 1)]
    ranges = [range(max(a, dense_steps), b) for a, b in itertools.pairwise(edges)]
    return [rng.choice(r) for r in ranges if len(r)]


def assign_prompts(layers: int, heads: int, prompts: int, seed: int = 0) -> list[list[int]]:
    """Prompt index of each head, `[L][H]`: a hash of (layer, head, seed), the same on every machine."""
    if prompts < 1:
        raise ConfigError("calibration needs at least one prompt")

    def pick(layer: int, head: int) -> int:
        digest = hashlib.sha256(f"{layer},{head},{seed}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % prompts

    return [[pick(layer, head) for head in range(heads)] for layer in range(layers)]
