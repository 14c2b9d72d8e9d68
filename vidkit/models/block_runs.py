"""Which blocks pass the layers in a row of the schedule, and which they see. Integers only, no torch.

Three switches, kept apart: what a block sees (`attention`), whether blocks that stay as they are pass the
layers all the same (`active_only`), and whether a finished block passes once more so that its keys and values
are those of the clean latents (`clean_refresh`). The loop runs what this says and the FLOP model counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vidkit.errors import ConfigError
from vidkit.models.block_schedule import Row


class BlockAttention(StrEnum):
    """What a block sees."""

    bidirectional = "bidirectional"  # all blocks of the window
    block_causal = "block_causal"  # itself and earlier blocks


@dataclass(frozen=True)
class ForcingMode:
    """How the blocks of a window are executed.

    Attributes:
        attention: what a block sees.
        active_only: only blocks that a row changes pass the layers; the others' keys and values stay those
            of the last time they did.
        clean_refresh: with active_only, a finished block passes once more, at its clean level.
    """

    attention: BlockAttention = BlockAttention.bidirectional
    active_only: bool = False
    clean_refresh: bool = False

    @property
    def name(self) -> str:
        """As `of` reads it."""
        parts = [
            self.attention.value,
            *(["active"] if self.active_only else []),
            *(["refresh"] if self.clean_refresh else []),
        ]
        return "+".join(parts)

    @classmethod
    def of(cls, mode: ForcingMode | str) -> ForcingMode:
        """A mode by name: `bidirectional` or `block_causal`, then `+active` and `+refresh`; or a baseline's.

        Raises:
            ConfigError: another name.
        """
        if isinstance(mode, ForcingMode):
            return mode
        mode = mode.replace("-", "_")
        if mode in BASELINES:
            return BASELINES[mode]
        attention, *switches = mode.split("+")
        if attention not in [a.value for a in BlockAttention] or not set(switches) <= {"active", "refresh"}:
            raise ConfigError(
                f"there is no mode '{mode}'",
                "use bidirectional or block_causal, then +active and +refresh if wanted; or one of "
                + ", ".join(BASELINES),
            )
        return cls(BlockAttention(attention), "active" in switches, "refresh" in switches)


BASELINES: dict[str, ForcingMode] = {
    "dense_original": ForcingMode(),  # what SkyReels-V2's own pipeline runs
    "block_causal_dense": ForcingMode(BlockAttention.block_causal),
    "block_causal_active": ForcingMode(BlockAttention.block_causal, active_only=True),
}


@dataclass(frozen=True)
class BlockRun:
    """One block passes the layers.

    Attributes:
        block: index within the window.
        seen: it attends to the blocks [0, seen).
        active: the row changes its latents; otherwise only its keys and values are wanted.
    """

    block: int
    seen: int
    active: bool


def block_runs(rows: Sequence[Row], mode: ForcingMode) -> Iterator[list[BlockRun]]:
    """For every row, the blocks that pass the layers, in order of time.

    Without active_only those are all blocks of the row. With it:
    - blocks that the row changes;
    - in the first row, blocks that are ready (a prefix): later blocks see them. Where attention is
      bidirectional, blocks that wait pass too: earlier blocks see them;
    - with clean_refresh, blocks that the row before finished, if anything is still to be denoised.
    """
    before: Row | None = None
    for row in rows:
        last = row.stop
        found = []
        for block in range(row.start, row.stop):
            if mode.active_only and not _runs(row, before, block, mode):
                continue
            seen = block + 1 if mode.attention is BlockAttention.block_causal else last
            found.append(BlockRun(block, seen, row.update[block]))
        yield found
        before = row


def _runs(row: Row, before: Row | None, block: int, mode: ForcingMode) -> bool:
    if row.update[block]:
        return True
    if before is None:
        waits = row.level[block] < 0
        return not waits or mode.attention is BlockAttention.bidirectional
    return mode.clean_refresh and before.update[block]
