"""What is to be made, and what all passes know of where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from vidkit.config.magi_schema import MagiSettings
from vidkit.models.magi.schedule import ChunkRow, levels, reach, step_size
from vidkit.models.magi.transformer import MagiText


@dataclass(frozen=True)
class MagiClip:
    """What is to be made.

    Attributes:
        noise: `[1, C, F, h, w]`, fp32, of whole chunks.
        texts: of each chunk.
        given: leading latent frames that are known, `[1, C, n, h, w]`; None: none.
        steps: N of every chunk.
        guidance: to the text.
        shift: of the noise levels.
        settings: window, ranges, guidance to the history.
        kv_budget: chunks' worth of keys and values that finished chunks are squeezed to; None: all is kept.
    """

    noise: Tensor
    texts: Sequence[MagiText]
    given: Tensor | None
    steps: int
    guidance: float
    shift: float
    settings: MagiSettings
    kv_budget: int | None = None


@dataclass
class ClipState:
    """Where a clip stands.

    Attributes:
        clip: what is to be made.
        frames: latent frames of a chunk.
        distilled: which kind of model.
        latents: as they are now.
        levels: t before each step and after the last.
    """

    clip: MagiClip
    frames: int
    distilled: bool
    latents: Tensor = field(init=False)
    levels: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.latents = self.clip.noise.clone()
        self.levels = levels(self.clip.steps, self.clip.shift, self.distilled)
        # one object each: a forward embeds it once
        self.null = MagiText()
        # a distilled model is told of a caption even where its text is the null caption
        self.finished = MagiText(guided=self.distilled)

    @property
    def settings(self) -> MagiSettings:
        """Window, ranges, guidance to the history."""
        return self.clip.settings

    @property
    def given(self) -> int:
        """Leading latent frames that are known."""
        return 0 if self.clip.given is None else self.clip.given.shape[2]

    def chunks(self, row: ChunkRow) -> list[int]:
        """Absolute numbers of a step's chunks."""
        return [one.chunk for one in row.steps]

    def at(self, row: ChunkRow) -> list[float]:
        """Their levels t."""
        return [self.levels[one.step] for one in row.steps]

    def ranges(self, row: ChunkRow) -> list[int | None]:
        """How many chunks each one sees."""
        return [reach(one.step, self.clip.steps, self.settings.kv_range) for one in row.steps]

    def step_size(self, step: int) -> float | None:
        """What a distilled model is told; None for others."""
        return step_size(self.clip.steps, step) if self.distilled else None

    def stays(self, row: ChunkRow) -> tuple[int, ...]:
        """Chunks whose keys and values of this step stay, because no clean ones follow."""
        if self.settings.clean_refresh or not self.settings.kv_cache:
            return ()
        return tuple(one.chunk for one in row.steps if one.step == self.clip.steps - 1)

    def place(self, chunk: int) -> slice:
        """Latent frames of a chunk."""
        return slice(chunk * self.frames, (chunk + 1) * self.frames)

    def place_given(self) -> None:
        """Put given frames where they belong."""
        if self.clip.given is not None:
            self.latents[:, :, : self.given] = self.clip.given
