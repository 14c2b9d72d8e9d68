"""The search of `vidkit tune` over clips whose quality and speed are known."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

import pytest

from vidkit.bench.tuning.figure import pareto
from vidkit.bench.tuning.report import table_of
from vidkit.bench.tuning.scores import Verdict, score_of
from vidkit.bench.tuning.search import Cause, Outcome, Search
from vidkit.bench.tuning.setting import REFERENCE, Ladder, Setting
from vidkit.config.tune_schema import SweepSettings

STEPS = [Setting(steps=n) for n in (8, 6, 4)]
SPARSE = [Setting(attention=("xattention", tau)) for tau in (0.9, 0.8)]
CACHE = [Setting(cache=("change", "share", value)) for value in (0.5, 0.25)]
LADDERS = [
    Ladder("steps", tuple(STEPS)),
    Ladder("attention", tuple(SPARSE)),
    Ladder("cache", tuple(CACHE)),
]


@dataclass
class KnownClips:
    """Clips by the numbers: speed and PSNR of a setting are those of its parts."""

    speed: dict[str, float]
    psnr: dict[str, float]
    spread: float = 0.2  # dB from clip to clip
    lost: dict[str, int] = field(default_factory=dict)  # first clips that a setting loses
    failing: tuple[str, ...] = ()
    made: list[tuple[str, str, int]] = field(default_factory=list)

    def measure(self, name, settings, clips) -> None:
        self.made += [(name, one.name, clip) for clip in clips for one in settings]

    def rows(self, setting):
        if setting.name in self.failing:
            return [{"failed": "no memory"}]
        clips = sorted({clip for _, name, clip in self.made if name == setting.name})
        parts = [Setting(**{axis: getattr(setting, axis)}).name for axis in setting.axes]
        speed = self.speed.get(setting.name) or math.prod(self.speed[part] for part in parts)
        psnr = self.psnr.get(setting.name) or -10 * math.log10(
            sum(10 ** (-self.psnr[part] / 10) for part in parts)
        )
        return [
            {
                "clip": clip,
                "seconds": 10 / speed,
                "loop_seconds": 8 / speed,
                "psnr": psnr + self.spread * (-1) ** clip,
                "solved": clip >= self.lost.get(setting.name, 0),
                "ratio": speed * (1 + 0.01 * (-1) ** (clip + len(setting.name))),
            }
            for clip in clips
        ]

    def references(self):
        return {clip: {"solved": True} for clip in range(100)}


def named(settings: list[Setting], values: list[float]) -> dict[str, float]:
    return {one.name: value for one, value in zip(settings, values, strict=True)}


SPEED = named(STEPS, [1.2, 1.6, 2.4]) | named(SPARSE, [1.5, 2.0]) | named(CACHE, [1.3, 1.8])
PSNR = named(STEPS, [35, 31, 27]) | named(SPARSE, [36, 33]) | named(CACHE, [34, 31])


def swept(clips: KnownClips, **settings) -> tuple[Search, object]:
    sweep = SweepSettings(**{"psnr": 28.0, "clips": 8, "finalists": 2, **settings})
    search = Search(LADDERS, sweep, clips)
    return search, search.run()


def reasons(outcome: Outcome) -> dict[Setting, str]:
    return {one.setting: one.why for one in outcome.pruned}


def test_the_fastest_combination_above_the_floor_is_chosen_and_told_against_fewer_steps() -> None:
    clips = KnownClips(SPEED, PSNR)
    _, outcome = swept(clips)
    assert outcome.chosen.name == "xattention tau 0.8 + cache change share 0.25"  # 3.6x at 28.9 dB
    assert outcome.fewer_steps == STEPS[1]
    assert outcome.gain is not None and outcome.gain.low > 1
    assert outcome.gain.mean == pytest.approx(3.6 / 1.6, rel=0.03)


def test_the_full_product_is_not_measured_and_what_is_left_out_has_a_reason() -> None:
    clips = KnownClips(SPEED, PSNR)
    _, outcome = swept(clips)
    measured = {name for _, name, _ in clips.made}
    pruned = reasons(outcome)
    assert len(measured) <= 7 + 4 < 3 * 3 * 4 - 1
    assert pruned and all(pruned.values())
    assert not measured & {one.setting.name for one in outcome.pruned if one.cause is not Cause.unneeded}


def test_a_stronger_change_is_not_tried_once_a_milder_one_misses_the_floor() -> None:
    clips = KnownClips(SPEED, PSNR | {SPARSE[0].name: 20.0})
    _, outcome = swept(clips)
    assert SPARSE[1].name not in {name for _, name, _ in clips.made}
    assert reasons(outcome)[SPARSE[1]] == "stronger than xattention tau 0.9, which comes to 20.0 dB"


def test_what_a_milder_change_misses_by_lost_mazes_is_said() -> None:
    clips = KnownClips(SPEED, PSNR, lost={SPARSE[0].name: 8})
    _, outcome = swept(clips, first_clips=8)
    assert reasons(outcome)[SPARSE[1]] == "stronger than xattention tau 0.9, which loses 8 of 8 mazes"


def test_where_nothing_beats_fewer_steps_it_is_said() -> None:
    slow = SPEED | named(SPARSE, [0.8, 0.9]) | named(CACHE, [0.9, 0.95])
    _, outcome = swept(KnownClips(slow, PSNR))
    assert outcome.chosen == STEPS[1]
    assert outcome.reason == "nothing beats fewer steps"


def test_a_setting_as_fast_as_fewer_steps_within_the_spread_does_not_beat_them() -> None:
    alike = SPEED | named(SPARSE, [1.5, 1.605]) | named(CACHE, [0.9, 0.95])
    _, outcome = swept(KnownClips(alike, PSNR), combinations=0)
    assert outcome.chosen == STEPS[1]
    assert outcome.reason.startswith("nothing beats fewer steps: ")


def test_a_mean_above_the_floor_is_not_enough() -> None:
    wide = KnownClips(SPEED, PSNR | {SPARSE[1].name: 28.5}, spread=3.0)
    search, outcome = swept(wide, combinations=0)
    score = search.score(SPARSE[1])
    assert score.psnr.mean > 28 and score.verdict is Verdict.unclear
    assert outcome.chosen != SPARSE[1]


def test_the_table_shows_no_share_of_mazes_that_the_reference_never_solved() -> None:
    _, outcome = swept(KnownClips(SPEED, PSNR), combinations=0)
    some, none = (dataclasses.replace(one, solved=0) for one in outcome.scores[:2])
    scores = dataclasses.replace(some, kept_of=4), dataclasses.replace(none, kept_of=0)
    shown = table_of(dataclasses.replace(outcome, scores=scores), SweepSettings(), 1.0)
    assert [row[shown.headings.index("mazes lost")] for row in shown.rows] == ["0 of 4", "-", "-"]


def test_where_the_reference_solves_no_maze_nothing_is_known_of_losses() -> None:
    class Unsolved(KnownClips):
        def references(self):
            return {clip: {"solved": False} for clip in range(100)}

    search, outcome = swept(Unsolved(SPEED, PSNR))
    assert {score.verdict for score in outcome.scores} <= {Verdict.unclear, Verdict.misses}
    assert outcome.chosen == REFERENCE and "The reference solves no maze itself" in outcome.reason
    rows = [{**row, "solved": None} for row in search.clips.rows(STEPS[0])]
    plain = score_of(STEPS[0], rows, {n: {"solved": None} for n in range(100)}, search.sweep)
    assert plain.verdict is Verdict.holds  # of clips without mazes the PSNR decides


def test_lost_mazes_count_by_the_bound_of_their_share() -> None:
    both = "xattention tau 0.8 + cache change share 0.25"
    lossy = KnownClips(SPEED, PSNR, lost={SPARSE[1].name: 3, both: 3})
    search, outcome = swept(lossy)
    search.clips.measure("more", [SPARSE[1]], range(8))
    score = search.score(SPARSE[1])
    assert (score.lost, score.kept_of, score.verdict) == (3, 8, Verdict.unclear)
    assert outcome.chosen.name not in (SPARSE[1].name, both)


def test_where_nothing_holds_the_floor_the_reference_is_kept() -> None:
    _, outcome = swept(KnownClips(SPEED, {name: 20.0 for name in PSNR}))
    assert outcome.chosen == REFERENCE and outcome.fewer_steps is None
    assert "the config is the reference" in outcome.reason


def test_milder_fewer_steps_are_tried_until_some_hold() -> None:
    clips = KnownClips(SPEED, PSNR | {STEPS[2].name: 27.9, STEPS[1].name: 28.1}, spread=1.0)
    _, outcome = swept(clips)
    assert outcome.fewer_steps == STEPS[0]  # the means of the others are too near to the floor


def test_a_setting_that_cannot_run_is_told_and_its_stronger_ones_left_out() -> None:
    _, outcome = swept(KnownClips(SPEED, PSNR, failing=(CACHE[0].name,)))
    failed = next(score for score in outcome.scores if score.setting == CACHE[0])
    assert failed.verdict is Verdict.failed and failed.why == "no memory"
    assert reasons(outcome)[CACHE[1]].endswith("which cannot run: no memory")


def test_fewer_steps_are_always_measured_on_all_clips() -> None:
    clips = KnownClips(SPEED, PSNR)
    swept(clips)
    assert {clip for _, name, clip in clips.made if name == STEPS[1].name} == set(range(8))


def test_the_front_leaves_out_what_is_beaten_in_both() -> None:
    clips = KnownClips(SPEED, PSNR)
    clips.measure("x", [STEPS[0], SPARSE[0], SPARSE[1]], range(3))
    sweep = SweepSettings()
    scores = [score_of(one, clips.rows(one), clips.references(), sweep) for one in (STEPS[0], *SPARSE)]
    assert [score.setting for score in pareto(scores)] == [SPARSE[0], SPARSE[1]]
