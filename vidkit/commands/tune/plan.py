"""How long a sweep will take at most, stage by stage, from FLOPs and one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.bench.tables import TextTable, say
from vidkit.bench.tuning.search import COMBINATIONS, FINALS, stage_name
from vidkit.bench.tuning.setting import Ladder
from vidkit.bench.tuning.space import Checker
from vidkit.config.tune_schema import TuneSettings
from vidkit.generation.cost import estimate_cost
from vidkit.generation.resolve import ResolvedRun
from vidkit.utils.plain import duration

_REACHED = {"cpu": 0.35, "cuda": 0.35}  # share of the matrix product's rate that a clip reaches


@dataclass(frozen=True)
class Stage:
    """A round of clips.

    Attributes:
        clips: at most, those of the reference included.
    """

    name: str
    settings: int
    clips: int
    planned_s: float


def stages_of(settings: TuneSettings, model: ResolvedRun, ladders: Sequence[Ladder]) -> list[Stage]:
    """All rounds, each as long as it can be; imports torch."""
    sweep, seconds = settings.tune, clip_seconds(model)
    found = []

    def add(name: str, count: int, clips: int) -> None:
        made = (count + 1) * clips
        found.append(Stage(name, count, made, made * seconds))

    for level in range(max(len(ladder.settings) for ladder in ladders)):
        count = sum(len(ladder.settings) > level for ladder in ladders)
        add(stage_name(level), count, sweep.first_clips)
    if sweep.combinations:
        add(COMBINATIONS, sweep.combinations, sweep.first_clips)
    add(FINALS, sweep.finalists + 1, sweep.clips - sweep.first_clips)
    return found


def clip_seconds(model: ResolvedRun) -> float:
    """About how long a clip of the reference takes; imports torch."""
    from vidkit.bench.attention.run import ceiling

    options = model.options.load_options()
    cost = estimate_cost(model.spec, model.request, model.options.expected_dtype)
    rate = 1e12 * (ceiling(options.device, options.dtype).tflops or 1.0)
    return cost.total_flops / (rate * _REACHED[options.device.type])


def dry_run(
    settings: TuneSettings, model: ResolvedRun, ladders: Sequence[Ladder], folder: Path, check: Checker
) -> dict[str, Any]:
    """Say what would be tried and how long it takes at most."""
    left_out = {one.name: check.problem(one) for ladder in ladders for one in ladder.settings}
    able = [Ladder(x.axis, tuple(s for s in x.settings if not left_out[s.name])) for x in ladders]
    stages = stages_of(settings, model, [ladder for ladder in able if ladder.settings])
    table = TextTable(("stage", "settings", "clips at most", "about at most"), f"tune {model.spec.name}")
    for stage in stages:
        table.add(stage.name, str(stage.settings), str(stage.clips), duration(max(1.0, stage.planned_s)))
    total = sum(stage.planned_s for stage in stages)
    table.add("all", "", str(sum(stage.clips for stage in stages)), duration(max(1.0, total)))
    table.show()
    for ladder in able:
        if ladder.settings:
            say(f"{ladder.axis:<9} {', '.join(one.name for one in ladder.settings)}")
    for name, why in left_out.items():
        if why:
            say(f"left out  {name}: {why}")
    say("note      times are estimates from one matrix product; what misses the floor early shortens them")
    say(f"folder    {folder}")
    return {
        "dry_run": True,
        "stages": [vars(stage) for stage in stages],
        "planned_s": total,
        "left_out": {name: why for name, why in left_out.items() if why},
        "folder": str(folder),
    }
