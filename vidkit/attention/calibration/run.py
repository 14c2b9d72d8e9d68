"""A whole calibration: dense runs, probes, table, joint error, delta. Killable at any point."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from vidkit.attention.apply import enable, model_size
from vidkit.attention.calibration.bands import BAND_WEIGHTS, CUTOFF
from vidkit.attention.calibration.calibrator import Calibrator, ProbeProgress, log_header
from vidkit.attention.calibration.drift_threshold import TraceReuse, choose_delta
from vidkit.attention.calibration.floor import warn_at_floor
from vidkit.attention.calibration.probe_log import ProbeLog
from vidkit.attention.calibration.schedule import assign_prompts, choose_steps
from vidkit.attention.calibration.table import joint_error, make_table
from vidkit.attention.policy import AttentionPolicy
from vidkit.attention.predictors import MaskPredictor
from vidkit.attention.thresholds import ThresholdTable
from vidkit.errors import ConfigError, DataError, OutputError
from vidkit.hooks.snapshots import Snapshot, capture_snapshots, load_snapshots, save_snapshots
from vidkit.utils.files import atomic_path

log = logging.getLogger(__name__)


@dataclass
class CalibrationPlan:
    """What to measure.

    Attributes:
        candidates: thresholds, ascending.
        prompts: pool; the last `held_out` of them are never probed.
        held_out: prompts kept for the joint error; 0 leaves it out.
        steps: denoising steps of a generation.
        dense_steps: warm-up of the policy that will use the table.
        intervals: of the trajectory; one random step of each is probed.
        budget: minimum mean sparsity, None: that of `shared_tau` on every head.
        shared_tau: uncalibrated threshold to compare with.
        target_reuse: share of masks that `tmr_auto` should reuse; None leaves delta out.
        weights: of the error bands.
        seed: decides steps, prompts and the predictor's starts.
    """

    candidates: list[float] = field(default_factory=lambda: [0.85, 0.9, 0.95])
    prompts: list[str] = field(default_factory=list)
    held_out: int = 1
    steps: int = 50
    dense_steps: int = 0
    intervals: int = 4
    budget: float | None = None
    shared_tau: float = 0.9
    target_reuse: float | None = 0.7
    weights: dict[str, float] = field(default_factory=lambda: dict(BAND_WEIGHTS))
    seed: int = 0


def calibrate(
    transformer: Any,
    generate: Callable[[int], object],
    predictor: MaskPredictor,
    plan: CalibrationPlan,
    model: str,
    work: str | Path,
    meta: Mapping[str, Any] | None = None,
    progress: Callable[[ProbeProgress], None] | None = None,
    stage: Callable[[str], None] | None = None,
    store: torch.device | None = None,
) -> ThresholdTable:
    """Calibrate one transformer.

    Args:
        transformer: of the pipeline; dense.
        generate: runs one whole generation for an index into `plan.prompts` (latents suffice, nothing is
            decoded).
        predictor: whose masks the table will serve.
        plan: what to measure.
        model: name the table is for.
        work: folder of intermediate files: `snapshots.pt` (dense inputs) and `probes.jsonl`; a run that finds
            them resumes where they end.
        meta: further fields of the table (revision, transformer, resolution, frames, shift, guidance).
        progress: called after every probe.
        stage: told what begins: dense runs, probes, joint error, reuse.
        store: where block inputs are kept between probes, None: on the model's device.

    Returns:
        The table, with E, S, the rounding floor (`floor`), the joint error on held-out prompts (`joint`) and
        delta in its fields.
    """
    _check_prompts(plan)
    tell = stage or (lambda text: log.info("%s", text))
    work, pool = Path(work), len(plan.prompts) - plan.held_out
    layers, heads = model_size(transformer)
    assignment = assign_prompts(layers, heads, pool, plan.seed)
    steps = choose_steps(plan.steps, plan.dense_steps, plan.intervals, plan.seed)
    identity = {"model": model, "prompts_sha": prompts_sha(plan.prompts), **(meta or {})}
    log_path = work / "probes.jsonl"
    if log_path.exists():  # a log of something else is refused before the dense runs
        header = log_header(
            predictor, plan.candidates, (layers, heads), steps, plan.weights, plan.seed, identity
        )
        ProbeLog(log_path, header).close()
    used = sorted({p for row in assignment for p in row})
    wanted = [*used, *range(pool, len(plan.prompts))]
    snapshots = _snapshots(transformer, generate, wanted, steps, work / "snapshots.pt", identity, tell)
    probed = [s for s in snapshots if s.prompt < pool]
    taus = len(plan.candidates)
    tell(f"probing {layers} layers x {heads} heads x {taus} thresholds, and each layer's floor")
    run = Calibrator(
        transformer,
        predictor,
        plan.candidates,
        probed,
        assignment,
        log_path,
        identity,
        plan.weights,
        store,
        plan.seed,
    )
    measured = run.run(progress)
    table = make_table(measured, plan.candidates, predictor.describe(), model, plan.budget, plan.shared_tau, {
        **(meta or {}), "steps": plan.steps, "dense_steps": plan.dense_steps, "probed_steps": steps,
        "weights": plan.weights, "bands": {"cutoff": CUTOFF, "order": "temporal, spatial"}, "seed": plan.seed,
        "prompts_sha": identity["prompts_sha"], "assignment": assignment,
    })  # fmt: skip
    warn_at_floor(table)
    if plan.held_out:
        tell("measuring the joint error on held-out prompts")
        held_out = [s for s in snapshots if s.prompt >= pool]
        table.meta["joint"] = asdict(
            joint_error(transformer, predictor, table, held_out, plan.weights, plan.seed)
        )
    if plan.target_reuse is not None:
        tell("tracing one generation for the reuse threshold")
        table.meta.update(_delta(transformer, generate, predictor, table, plan, used[0]))
    return table


def _check_prompts(plan: CalibrationPlan) -> None:
    if len(plan.prompts) <= plan.held_out or plan.held_out < 0:
        raise ConfigError(
            f"{len(plan.prompts)} prompts cannot leave {plan.held_out} out of the probes",
            "give more prompts, or keep fewer out",
        )


def _snapshots(
    transformer: Any,
    generate: Callable[[int], object],
    prompts: Sequence[int],
    steps: list[int],
    path: Path,
    identity: dict[str, Any],
    tell: Callable[[str], None],
) -> list[Snapshot]:
    """Dense inputs from disk where they fit, else from dense runs, saved after each prompt."""
    kept: list[Snapshot] = []
    mark, ours = path.with_suffix(".txt"), repr(sorted(identity.items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    found = _mark_of(path, mark)
    if found == ours and path.exists():
        try:
            kept = [s for s in load_snapshots(path) if s.step in steps]
        except DataError as error:
            log.warning("%s; the dense runs are repeated", error.message)
    elif found != ours:
        path.unlink(missing_ok=True)  # of another model; gone before the mark says otherwise
        with atomic_path(mark) as temporary:
            temporary.write_text(ours)
    for n, prompt in enumerate(prompts, 1):
        if {s.step for s in kept if s.prompt == prompt} >= set(steps):
            continue
        tell(f"dense run {n} of {len(prompts)}")
        kept = [s for s in kept if s.prompt != prompt]
        kept += capture_snapshots(transformer, generate, [prompt], steps)
        save_snapshots(path, kept)
    return sorted((s for s in kept if s.prompt in prompts), key=lambda s: (s.prompt, s.step))


def _mark_of(path: Path, mark: Path) -> str:
    """What says whose inputs lie there; empty: nothing lies there.

    Raises:
        OutputError: a file that no calibration wrote.
    """
    text = mark.read_text(errors="replace") if mark.is_file() and not mark.is_symlink() else ""
    for place in (mark, path):
        if os.path.lexists(place) and (place.is_symlink() or not text.startswith("[('")):
            raise OutputError(
                f"'{place}' already exists, and no calibration wrote it", "choose another folder: work=FOLDER"
            )
    return text


def _delta(
    transformer: Any,
    generate: Callable[[int], object],
    predictor: MaskPredictor,
    table: ThresholdTable,
    plan: CalibrationPlan,
    prompt: int,
) -> dict[str, Any]:
    """Delta that reaches the target reuse on a traced run, as fields of the table."""
    trace = TraceReuse()
    policy = AttentionPolicy(
        predictor,
        trace,
        table=table,
        table_path="the fresh table",
        dense_steps=plan.dense_steps,
        seed=plan.seed,
    )
    with enable(transformer, policy):
        generate(prompt)
    assert plan.target_reuse is not None
    try:
        delta, reuse = choose_delta(trace, plan.target_reuse)
    except ConfigError as error:
        log.warning("no delta in the table: %s", error.message)
        return {}
    return {"delta": delta, "delta_reuse": reuse, "target_reuse": plan.target_reuse}


def prompts_sha(prompts: Sequence[str]) -> str:
    """Hash of the prompt pool, order included."""
    return hashlib.sha256("\n".join(prompts).encode()).hexdigest()
