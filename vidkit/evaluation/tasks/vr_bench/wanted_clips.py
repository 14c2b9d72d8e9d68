"""The clips that VR-Bench wants of a video model: of a set's levels, or of mazes the embedded model draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.evaluation.clip_source import ClipOrder, ClipSource, WantedClip
from vidkit.evaluation.own_run import OwnResult
from vidkit.evaluation.tasks.vr_bench.embedded_clips import EmbeddedClips, EmbeddedOptions
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile, load_level, read_set
from vidkit.evaluation.tasks.vr_bench.scoring_options import ScoringOptions
from vidkit.evaluation.tasks.vr_bench.scoring_run import score_videos
from vidkit.mazes.dataset.prompts import video_prompt
from vidkit.mazes.drawing.clip import resized
from vidkit.mazes.state_file import read_state
from vidkit.utils.seeding import derive_seed

_SHOWN = 5  # levels in a message


@dataclass(frozen=True)
class WantedOptions(ScoringOptions):
    """`benchmark.NAME=VALUE` of clips that are made from a set."""

    prompt: str = ""  # prompt for every level; empty: the rules in the words of the skin


def wanted_clips(order: ClipOrder) -> ClipSource:
    """What a model is to make.

    Raises:
        ConfigError: the embedded model is asked for what it does not know.
    """
    if order.is_embedded:
        if order.run.data is not None:
            raise ConfigError(
                f"'{order.model}' knows the mazes that it draws itself, not those of a set",
                "leave --data out, or give the folder of a pipeline trained on sets",
            )
        options: EmbeddedOptions = order.run.read_options(EmbeddedOptions)
        return EmbeddedClips(order, options)
    return SetClips(order, order.run.read_options(WantedOptions))


@dataclass
class SetClips:
    """First frames of a set's levels.

    Args:
        order: what the model can make.
        options: which levels, and how they are scored.
    """

    order: ClipOrder
    options: WantedOptions
    levels: Sequence[LevelFile] = field(init=False)

    def __post_init__(self) -> None:
        data = self.order.run.needs_data("a set of levels")
        self.levels = read_set(data, self.options.picked)[: self.order.run.limit]
        self._refuse_long()

    def _refuse_long(self) -> None:
        """Refuse levels whose solution such a clip cannot show, before hours are spent on them."""
        needed = {level.id: 2 * len(read_state(level.state).routes.first) + 1 for level in self.levels}
        long = [name for name, frames in needed.items() if frames > self.order.frames]
        if long:
            listed = ", ".join(long[:_SHOWN]) + (", ..." if len(long) > _SHOWN else "")
            raise ConfigError(
                f"{len(long)} of {len(self.levels)} levels need more frames than {self.order.frames}: "
                f"{listed}",
                f"generate.frames={max(needed.values())} or more, or fewer levels: "
                "benchmark.difficulties=[easy]",
            )

    def describe(self) -> Mapping[str, Any]:
        """The set and the words."""
        return {"data": str(self.order.run.data), "prompt": self.options.prompt}

    def clips(self) -> Iterator[WantedClip]:
        """Every level, sample by sample, so that a run that is stopped has seen all levels first."""
        for sample in range(self.order.samples):
            for level in self.levels:
                yield self._clip(level, sample)

    def _clip(self, file: LevelFile, sample: int) -> WantedClip:
        size = (self.order.height, self.order.width)

        def image() -> NDArray[np.uint8]:
            return np.asarray(resized(load_level(file).shown, size), np.uint8)

        prompt = self.options.prompt or video_prompt(file.type, load_level(file).level.skin)
        path = f"{file.type}/{file.skin}/{file.name}/{sample}.mp4"
        return WantedClip(path, prompt, derive_seed(self.order.run.seed, file.id, str(sample)), image)

    def verdict(self, clip: WantedClip, frames: NDArray[np.uint8]) -> None:
        """The files alone count."""

    def result(self, verdicts: Mapping[str, Mapping[str, Any]]) -> OwnResult:
        """Score the files."""
        own = {entry.name for entry in fields(ScoringOptions)}
        plain = {name: getattr(self.options, name) for name in own}
        plain["name"] = plain["name"] or self.order.model
        return score_videos(replace(self.order.run, options=plain))
