"""Settings of each row of the quality table, found on mazes of their own: table, delta, tau, budget."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.attention import AttentionPolicy, ThresholdTable, enable
from vidkit.attention.calibration import CalibrationPlan, TraceReuse, calibrate, choose_delta, resolve
from vidkit.attention.calibration.drift_threshold import simulate_reuse
from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.predictors import MaskPredictor, make_predictor
from vidkit.attention.presets import embedded_masks
from vidkit.attention.reuse import Never, ReusePolicy, make_reuse
from vidkit.attention.shipped import shipped_table
from vidkit.attention.stats import summarize
from vidkit.bench.attention_quality import (
    METHODS,
    Match,
    MethodSpec,
    WatchingPredictor,
    diagnosis_of,
    match_density,
    matched_interval,
)
from vidkit.bench.attention_quality.clips import Clip, ClipMaker
from vidkit.config.bench_quality_schema import BenchAttentionQualitySettings
from vidkit.errors import DataError
from vidkit.utils.files import write_text_atomic
from vidkit.utils.strict_json import load_json

log = logging.getLogger(__name__)

TAU_SLOPE, BUDGET_SLOPE = 2.0, -1.0  # guesses of d density / d value
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Setup:
    """What the rows of one predictor at one number of steps run with.

    Attributes:
        values: tau, or the table's budget, of each row.
        matches: how each was found.
        delta: drift threshold of both TMR rows.
        interval: steps between masks of the interval row.
        target: density of `base` on the tuning mazes, which the others are matched to.
    """

    family: str
    steps: int
    dense_steps: int
    delta: float
    target_reuse: float
    interval: int
    target: float
    values: dict[str, float]
    matches: dict[str, Match]
    table: ThresholdTable
    diagnosis: dict[str, Any]


class SetupMaker:
    """Calibrates and matches; everything it finds is kept in the work folder and found again.

    Args:
        maker: of clips.
        settings: of the benchmark.
        work: folder.
        fingerprint: of the weights, stored in tables.
        tell: hears what begins.
    """

    def __init__(
        self,
        maker: ClipMaker,
        settings: BenchAttentionQualitySettings,
        work: Path,
        fingerprint: str | None,
        tune: Sequence[Clip],
        pool: Sequence[Clip],
        tell: Tell,
    ) -> None:
        self.maker, self.settings, self.work, self.fingerprint = maker, settings, work, fingerprint
        self.tune, self.pool, self.tell = list(tune), list(pool), tell

    def predictor(self, family: str) -> MaskPredictor:
        """The predictor with the benchmark's blocks."""
        s, demo = self.settings, embedded_masks()
        block = (s.svg2_block or demo["cluster_block"]) if family == "svg2" else (s.block or demo["block_q"])
        keep = demo["always_keep"] if s.always_keep is None else [str(rule) for rule in s.always_keep]
        blocks = {"block_q": block, "block_k": block, "always_keep": tuple(keep)}
        if family == "svg2":
            clusters = {name: getattr(s, name) or demo[name] for name in ("query_clusters", "key_clusters")}
            return make_predictor("svg2", **blocks, **clusters)
        return make_predictor("xattention", **blocks, stride=s.stride or demo["stride"])

    def _executor(self) -> ExecutorChooser:
        """Figures here are those of the masks, whoever computes; `masked` takes blocks of any size."""
        name = self.settings.executor.value
        return ExecutorChooser("masked" if name == "auto" and self.maker.device.type == "cuda" else name)

    def policy(self, setup_or: Setup | dict[str, Any], spec: MethodSpec, value: float) -> AttentionPolicy:
        """Policy of a row; `setup_or` has table, delta, interval, family and dense_steps."""
        known = setup_or if isinstance(setup_or, dict) else vars(setup_or)
        table = resolve(known["table"], value) if spec.calibrated else None
        return AttentionPolicy(
            self.predictor(known["family"]),
            reuse_of(spec.reuse, known["delta"], known["interval"]),
            tau=self.settings.tau if spec.calibrated else value,
            table=table,
            table_path="calibrated",
            executor=self._executor(),
            dense_steps=known["dense_steps"],
            seed=self.settings.seed,
        )

    def make(self, family: str, steps: int) -> Setup:
        """Find or make the setup of one predictor at one number of steps."""
        path = self.work / f"setup-{family}-{steps}.json"
        table = self._table(family, steps)
        if path.is_file():
            try:
                kept = load_json(path.read_text(encoding="utf-8"), str(path))
                kept["matches"] = {name: Match(**match) for name, match in kept["matches"].items()}
                return Setup(**kept, table=table)
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise DataError(
                    f"'{path}' is damaged: {error}", "delete it; it will be made again"
                ) from error
        known: dict[str, Any] = {
            "family": family,
            "steps": steps,
            "dense_steps": dense_steps_of(steps),
            "table": table,
        }
        self.tell(f"{family}, {steps} steps: the shared threshold's density, and drift")
        known |= self._trace(family, steps)
        known |= self._matches(known, steps)
        known["diagnosis"] = self._diagnose(family, steps)
        setup = Setup(**known)
        row = {k: v for k, v in vars(setup).items() if k != "table"}
        row["matches"] = {name: asdict(match) for name, match in setup.matches.items()}
        write_text_atomic(path, json.dumps(row, indent=1) + "\n")
        return setup

    def density(self, policy: AttentionPolicy, steps: int) -> float:
        """Density of the sparse layers over the tuning mazes."""
        return float(self._run(policy, self.tune, steps)["sparse_density"])

    def _run(self, policy: AttentionPolicy, clips: Sequence[Clip], steps: int) -> dict[str, Any]:
        rows = []
        for start in range(0, len(clips), self.settings.batch):
            with enable(self.maker.pipe, policy) as handle:
                self.maker.latents(clips[start : start + self.settings.batch], steps)
                rows += handle.rows()
        return summarize(rows)

    def _trace(self, family: str, steps: int) -> dict[str, Any]:
        trace = TraceReuse()
        policy = AttentionPolicy(
            self.predictor(family),
            trace,
            tau=self.settings.tau,
            dense_steps=dense_steps_of(steps),
            executor=self._executor(),
            seed=self.settings.seed,
        )
        target = self.density(policy, steps)
        sparse = steps - dense_steps_of(steps)
        most = simulate_reuse(trace, make_reuse("tmr", delta=float("inf")))
        wanted = self.settings.reuse_share * most
        delta, reuse = choose_delta(trace, wanted) if most > 0 else (0.0, 0.0)
        return {
            "target": target,
            "delta": delta,
            "target_reuse": reuse,
            "interval": matched_interval(reuse, sparse),
        }

    def _matches(self, known: dict[str, Any], steps: int) -> dict[str, Any]:
        target = known["target"]
        matches = {"base": Match(self.settings.tau, target, 1, True)}
        for spec in METHODS:
            if spec.name == "base":
                continue
            self.tell(f"{known['family']}, {steps} steps: matching the density of {spec.name}")
            if spec.calibrated:
                S = known["table"].S
                low, high = (_mean_of(pick, S) for pick in (min, max))
                start, slope = min(max(1 - target, low), high - 1e-6), BUDGET_SLOPE
                bounds = (low, high - 1e-6)
            else:
                start, slope, bounds = self.settings.tau, TAU_SLOPE, (0.05, 1.0)

            def density(value: float, spec: MethodSpec = spec) -> float:
                return self.density(self.policy(known, spec, value), steps)

            matches[spec.name] = match_density(density, start, target, slope, *bounds)
        return {"matches": matches, "values": {name: match.value for name, match in matches.items()}}

    def _diagnose(self, family: str, steps: int) -> dict[str, Any]:
        self.tell(f"{family}, {steps} steps: masks against drift")
        watch = WatchingPredictor(self.predictor(family))
        policy = AttentionPolicy(
            watch,
            Never(),
            tau=self.settings.tau,
            dense_steps=dense_steps_of(steps),
            executor=self._executor(),
            seed=self.settings.seed,
        )
        self._run(policy, self.tune[: self.settings.batch][:4], steps)
        return diagnosis_of(watch.rows)

    def _table(self, family: str, steps: int) -> ThresholdTable:
        """The table of these steps: from the work folder, the shipped one, or calibrated here."""
        path = self.work / f"table-{family}-{steps}.json"
        if path.is_file():
            return ThresholdTable.load(path)
        ships = shipped_table("maze", self.predictor(family), self.settings.tau, self.fingerprint).table
        fits = ships is not None and ships.candidates == self.settings.candidates
        if ships is not None and fits and ships.meta.get("denoising_steps") == steps:
            self.tell(f"{family}, {steps} steps: the table that ships with the model")
            return ships
        plan = CalibrationPlan(
            candidates=list(self.settings.candidates),
            prompts=[clip.key for clip in self.pool],
            held_out=1,
            steps=steps,
            dense_steps=dense_steps_of(steps),
            shared_tau=self.settings.tau,
            target_reuse=None,
            seed=self.settings.seed,
        )
        self.tell(f"{family}, {steps} steps: calibrating")
        meta = {"fingerprint": self.fingerprint, "denoising_steps": steps}
        every = max(1, len(plan.candidates) * 4)

        def progress(at: Any) -> None:
            if at.done % every == 0 or at.done == at.total:
                self.tell(f"{family}, {steps} steps: probe {at.done} of {at.total}, {at.eta_s:.0f} s left")

        table = calibrate(
            self.maker.pipe.transformer,
            lambda n: self.maker.latents([self.pool[n]], steps),
            self.predictor(family),
            plan,
            "maze",
            self.work / f"probes-{family}-{steps}",
            meta,
            progress,
        )
        table.save(path)
        return table


def dense_steps_of(steps: int) -> int:
    """A tenth of the steps runs dense (HEART: 5 of 50), at least one."""
    return max(1, round(steps / 10))


def reuse_of(name: str, delta: float, interval: int) -> ReusePolicy:
    """Reuse policy of a row."""
    if name == "tmr":
        return make_reuse("tmr", delta=delta)
    return make_reuse("interval", interval=interval) if name == "interval" else make_reuse(name)


def _mean_of(pick: Callable[[Sequence[float]], float], S: list[list[list[float]]]) -> float:
    values = [pick(head) for layer in S for head in layer]
    return sum(values) / len(values)
