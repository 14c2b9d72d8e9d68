"""The order of the sweep: one change at a time, then several at once, then the best on all clips.

The full product of the axes is not measured. A stronger change of a method is left out once a milder one
misses the floor. Of settings with several changes, those are tried that their single changes predict to be
the fastest above the floor (squared errors add up, speed-ups multiply). What is left out is listed with its
reason. All decisions follow from the rows, so that a killed sweep resumes where it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from vidkit.bench.tuning.scores import Score, Verdict, faster_by, score_of
from vidkit.bench.tuning.setting import REFERENCE, Ladder, Setting
from vidkit.bench.tuning.space import combinations
from vidkit.config.tune_schema import SweepSettings
from vidkit.utils.plain import counted
from vidkit.utils.statistics import MeanInterval

COMBINATIONS, FINALS = "several changes", "finals"


class Clips(Protocol):
    """Makes clips, in turns with the reference, and keeps what they came to."""

    def measure(self, name: str, settings: Sequence[Setting], clips: Sequence[int]) -> None:
        """Make the clips that are not there yet."""

    def rows(self, setting: Setting) -> list[dict[str, object]]:
        """All rows of a setting."""

    def references(self) -> dict[int, dict[str, object]]:
        """The reference's row of each clip."""


class Cause(StrEnum):
    """Why a setting was left out, for the summary."""

    stronger = "stronger than one that misses the floor"
    below = "predicted below the floor"
    slower = "predicted to be slower"
    unneeded = "slower than a finalist that holds the floor"
    impossible = "not possible here"


class Pruned(NamedTuple):
    """A setting that was left out, with its cause and a sentence."""

    setting: Setting
    cause: Cause
    why: str


@dataclass(frozen=True)
class Outcome:
    """What the sweep came to.

    Attributes:
        chosen: the setting; the reference where nothing holds the floor.
        reason: in a sentence.
        fewer_steps: the fastest setting of fewer steps alone that holds the floor; None: none does.
        gain: how many times as fast as that; None without one, or where it is the same.
        scores: of everything that was measured.
        pruned: what was left out, or tried on the first clips alone.
    """

    chosen: Setting
    reason: str
    fewer_steps: Setting | None
    gain: MeanInterval | None
    scores: tuple[Score, ...]
    pruned: tuple[Pruned, ...]


@dataclass
class Search:
    """One sweep.

    Args:
        ladders: changes of one axis each.
        sweep: floor and sizes.
        clips: makes them.
        problem: why a setting cannot run here; None if it can.
        begin: hears the name of a stage.
    """

    ladders: Sequence[Ladder]
    sweep: SweepSettings
    clips: Clips
    problem: Callable[[Setting], str | None] = lambda setting: None
    begin: Callable[[str], None] = lambda name: None
    _measured: dict[Setting, None] = field(default_factory=dict)
    _pruned: dict[Setting, Pruned] = field(default_factory=dict)

    def run(self) -> Outcome:
        """Measure and choose."""
        self._single_changes()
        self._several_changes()
        self._finals()
        return self._outcome()

    def score(self, setting: Setting) -> Score:
        """Of the clips so far."""
        return score_of(setting, self.clips.rows(setting), self.clips.references(), self.sweep)

    def _single_changes(self) -> None:
        for level in range(max(len(ladder.settings) for ladder in self.ladders)):
            wave = []
            for ladder in self.ladders:
                if level >= len(ladder.settings) or ladder.settings[level] in self._pruned:
                    continue
                setting = ladder.settings[level]
                left_out = self._why_not(ladder, level)
                if left_out is None:
                    wave.append(setting)
                else:
                    self._prune(ladder.settings[level:], *left_out)
            self._measure(stage_name(level), wave, range(self.sweep.first_clips))

    def _why_not(self, ladder: Ladder, level: int) -> tuple[Cause, str] | None:
        if level:
            milder = self.score(ladder.settings[level - 1])
            if milder.verdict in (Verdict.misses, Verdict.failed):
                missed = _missed(milder, self.sweep.psnr)
                return Cause.stronger, f"stronger than {milder.setting.name}, which {missed}"
        problem = self.problem(ladder.settings[level])
        return None if problem is None else (Cause.impossible, problem)

    def _several_changes(self) -> None:
        if not self.sweep.combinations:
            return
        best: dict[str, list[Setting]] = {}
        for score in self._by_speed():
            (axis,) = score.setting.axes
            if len(best.setdefault(axis, [])) < 2 and score.speed.mean > 1:
                best[axis].append(score.setting)
        found = []
        for setting in combinations(best):
            speed, psnr = self._predicted(setting)
            problem = self.problem(setting)
            if problem is not None:
                self._prune([setting], Cause.impossible, problem)
            elif psnr < self.sweep.psnr:
                self._prune([setting], Cause.below, f"its single changes predict {psnr:.1f} dB")
            else:
                found.append((speed, setting))
        found.sort(key=lambda pair: (-pair[0], pair[1].name))
        for speed, setting in found[self.sweep.combinations :]:
            why = f"those that are tried are predicted to be faster than its {speed:.2f}x"
            self._prune([setting], Cause.slower, why)
        chosen = [setting for _, setting in found[: self.sweep.combinations]]
        self._measure(COMBINATIONS, chosen, range(self.sweep.first_clips))

    def _predicted(self, setting: Setting) -> tuple[float, float]:
        """Speed and PSNR of several changes: speed-ups multiply, squared errors add up."""
        parts = [self.score(one) for one in self._measured if _is_part(one, setting)]
        speed = math.prod(part.speed.mean for part in parts)
        error = sum(10 ** (-part.psnr.mean / 10) for part in parts)
        return speed, -10 * math.log10(error)

    def _finals(self) -> None:
        """All clips for the fastest that may hold the floor, until one of them and fewer steps alone do."""
        waiting = [score.setting for score in self._by_speed() if score.speed.mean > 1]
        naive = [setting for setting in waiting if setting.axes == ("steps",)]
        others = [setting for setting in waiting if setting.axes != ("steps",)]
        number, done_naive, done_others = 0, not naive, not others
        while not (done_naive and done_others):
            wave = [] if done_others else others[: self.sweep.finalists]
            others = others[len(wave) :]
            wave += [] if done_naive else naive[:1]
            naive = naive[0 if done_naive else 1 :]
            number += 1
            name = FINALS if number == 1 else f"{FINALS} {number}"
            self._measure(name, wave, range(self.sweep.first_clips, self.sweep.clips))
            held = [setting for setting in wave if self.score(setting).verdict is Verdict.holds]
            done_naive |= not naive or any(setting.axes == ("steps",) for setting in held)
            done_others |= not others or any(setting.axes != ("steps",) for setting in held)
        self._prune(others, Cause.unneeded, "tried on the first clips alone: faster ones hold the floor")

    def _prune(self, settings: Sequence[Setting], cause: Cause, why: str) -> None:
        self._pruned |= {setting: Pruned(setting, cause, why) for setting in settings}

    def _by_speed(self) -> list[Score]:
        """Measured settings that may hold the floor, the fastest first."""
        scores = [self.score(setting) for setting in self._measured]
        kept = [score for score in scores if score.verdict in (Verdict.holds, Verdict.unclear)]
        return sorted(kept, key=lambda score: -score.speed.mean)

    def _measure(self, name: str, settings: Sequence[Setting], clips: Sequence[int]) -> None:
        if settings:
            self.begin(name)
            self.clips.measure(name, settings, clips)
            self._measured |= dict.fromkeys(settings)

    def _outcome(self) -> Outcome:
        scores = [self.score(setting) for setting in self._measured]
        scores.sort(key=lambda score: -score.speed.mean if score.clips else math.inf)
        held = [
            score
            for score in scores
            if score.verdict is Verdict.holds and score.clips >= self.sweep.clips and score.speed.low > 1
        ]
        naive = next((score.setting for score in held if score.setting.axes == ("steps",)), None)
        chosen, reason = self._choice([score.setting for score in held], naive)
        gain = None
        if naive is not None and chosen not in (naive, REFERENCE):
            gain = self._faster(chosen, naive)
        return Outcome(chosen, reason, naive, gain, tuple(scores), tuple(self._pruned.values()))

    def _choice(self, held: list[Setting], naive: Setting | None) -> tuple[Setting, str]:
        floor = f"{self.sweep.psnr:g} dB"
        if not held:
            scores = [self.score(setting) for setting in self._measured]
            judged = all(score.kept_of or score.solved is None for score in scores if score.clips)
            reason = (
                f"nothing is faster than the reference and holds the floor of {floor} on"
                f" {self.sweep.clips} clips, intervals included: the config is the reference"
            )
            unknown = "The reference solves no maze itself, so the loss of mazes cannot be measured"
            return REFERENCE, reason if judged else f"{reason}. {unknown}"
        fastest = held[0]
        alike = [one for one in held if one == fastest or not self._faster(fastest, one).low > 1]
        if naive is not None and naive in alike:
            others = [one for one in alike if one != naive]
            told = f": {fastest.name} is not faster beyond the spread" if fastest != naive else ""
            return naive, "nothing beats fewer steps" + (told if others else "")
        chosen = max(alike, key=lambda one: self.score(one).psnr.mean)
        told = "" if chosen == fastest else f", as fast as {fastest.name} within the spread and closer"
        return chosen, f"the fastest that holds the floor of {floor}{told}"

    def _faster(self, one: Setting, other: Setting) -> MeanInterval:
        return faster_by(self.clips.rows(one), self.clips.rows(other))


def stage_name(level: int) -> str:
    """Of a round of single changes."""
    return f"single changes, level {level + 1}"


def _is_part(one: Setting, whole: Setting) -> bool:
    return len(one.axes) == 1 and getattr(one, one.axes[0]) == getattr(whole, one.axes[0])


def _missed(score: Score, floor: float) -> str:
    if score.verdict is Verdict.failed:
        return f"cannot run: {score.why}"
    if score.psnr.high < floor:
        return f"comes to {score.psnr.mean:.1f} dB"
    return f"loses {score.lost} of {counted(score.kept_of, 'maze')}"
