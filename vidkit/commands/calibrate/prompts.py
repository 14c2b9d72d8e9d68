"""The pool of clips that a calibration runs: lines of a file, fresh mazes, or noise for random weights."""

from __future__ import annotations

import dataclasses

from vidkit.config.calibrate_schema import CalibrateSettings
from vidkit.config.schema import GenerateSettings, Weights
from vidkit.errors import ConfigError
from vidkit.generation.first_frame import MAZE
from vidkit.generation.prompt import read_prompts
from vidkit.utils.paths import expanded
from vidkit.utils.seeding import derive_seed

DEFAULT_COUNT = 4  # mazes, or clips of random weights


def clips_of(settings: CalibrateSettings) -> list[GenerateSettings]:
    """Settings of one generation for each clip of the pool.

    Raises:
        ConfigError: no prompts, or too few.
        DataError: a file that cannot be read, or a line that is there twice.
    """
    prompts = _prompts(settings)
    if len(prompts) <= settings.held_out:
        raise ConfigError(
            f"{len(prompts)} prompts cannot leave held_out={settings.held_out} out of the probes",
            "give more prompts, or keep fewer out",
        )
    return [_clip(settings, number, prompt) for number, prompt in enumerate(prompts)]


def _clip(settings: CalibrateSettings, number: int, prompt: str) -> GenerateSettings:
    names = {field.name for field in dataclasses.fields(GenerateSettings)}
    shared = {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if field.name in names - {"seed", "output", "dry_run", "attention", "maze"}
    }
    maze = dataclasses.replace(settings.maze, seed=None)
    image = MAZE if settings.prompts == MAZE else None
    seed = derive_seed(settings.seed, "clip", str(number))
    return GenerateSettings(**shared, maze=maze, image=image, prompt=prompt, seed=seed)


def _prompts(settings: CalibrateSettings) -> list[str]:
    random = settings.model.weights is Weights.random
    if settings.prompts == MAZE or (settings.prompts is None and random):
        return [""] * (settings.prompt_count or DEFAULT_COUNT)  # a maze brings its caption
    if settings.prompts is None:
        raise ConfigError("no prompts were given", "add prompts=FILE, one prompt per line")
    found = read_prompts(expanded(settings.prompts))
    wanted = settings.prompt_count
    if wanted is not None and wanted > len(found):
        raise ConfigError(
            f"prompt_count={wanted}, but '{settings.prompts}' holds {len(found)} prompts",
            "add prompts to the file, or lower prompt_count",
        )
    return found[:wanted]
