"""The sections of `vidkit bench agents` in which models answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.bench.running import Part, Tell
from vidkit.config.bench_agents_schema import AgentsSection, BenchAgentsSettings
from vidkit.errors import ConfigError
from vidkit.utils.paths import expanded

if TYPE_CHECKING:
    from vidkit.bench.agents.pair_gates import Scored

MODELS = frozenset(set(AgentsSection) - {AgentsSection.schedule, AgentsSection.latency})
_PAIR = "the embedded pair on drawn scenes of splits it was not trained on"
INPUTS = {
    "gates": _PAIR,
    "pair": _PAIR + "; answers, times and shares are measured",
    "groups": _PAIR + "; engines in turn, medians over rounds",
    "replay": _PAIR + "; what they said is replayed with the seconds their passes take on one processor",
    "load": _PAIR + "; Poisson arrivals",
    "shapes": "random weights of real shapes: seconds are measured, alpha, beta and depth are set",
}
GATES = {
    "margin": "margin (ours), K = 64",
    "paper": "separability, K = 64",
    "min_prob": "min_prob",
    "log_mean": "log_mean",
    "entropy": "entropy",
    "blend": "blend (ours)",
}
_QUESTION_S = {"cpu": 0.2, "cuda": 0.001}  # both models, all crops; on two quiet cores, on an H200


def model_part(section: AgentsSection, settings: BenchAgentsSettings) -> Part:
    """A section as a part of the run.

    Raises:
        ConfigError: a gate that does not exist.
    """
    asked = settings.pair
    if asked.gate not in GATES:
        raise ConfigError(f"pair.gate={asked.gate} is unknown", f"one of {', '.join(GATES)}")
    question_s = _QUESTION_S[_kind(settings)]
    first = asked.calibrate * question_s / 4
    if section is AgentsSection.gates:
        what = f"{asked.calibrate} + {asked.test} questions, {asked.splits} divisions"
        return Part("gates", what, first + asked.test * question_s, partial(_gates, settings))
    if section is AgentsSection.pair:
        what = f"{asked.timed} questions, 12 engines"
        return Part("pair", what, first + asked.timed * 7.25 * question_s, partial(_pair, settings))
    if section is AgentsSection.groups:
        count = len(asked.mixes) + len(asked.subsets)
        what = f"{asked.timed} questions, {count} groups, {asked.rounds} rounds"
        about = first + count * asked.rounds * 2 * asked.timed * question_s
        return Part("groups", what, about, partial(_groups, settings))
    if section is AgentsSection.replay:
        what = f"{asked.test} questions, {len(asked.mixes) + len(asked.subsets)} groups"
        return Part("replay", what, first + asked.test * question_s + 60, partial(_replay, settings))
    if section is AgentsSection.load:
        streams = 2 * len(asked.loads) + len(asked.faster)
        what = f"{asked.timed} questions, {streams} streams"
        return Part("load", what, first + 1.5 * asked.stream_s * streams, partial(_load, settings))
    shapes = settings.shapes
    what = f"{shapes.queries} queries, {shapes.small} and {shapes.large}"
    return Part("shapes", what, 60 + 4.0 * shapes.queries, partial(_shapes, settings))


def _kind(settings: BenchAgentsSettings) -> str:
    from vidkit.utils.device import resolve_device

    return resolve_device(settings.device).type


def _models(settings: BenchAgentsSettings) -> tuple[Any, Any]:
    import torch

    from vidkit.agents.pair.folder import NAMES, WEIGHTS, load_model
    from vidkit.utils.device import resolve_device

    folder = Path(settings.pair.folder or WEIGHTS)
    device = resolve_device(settings.device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    small, large = (load_model(folder / f"{name}.safetensors", device) for name in NAMES)
    return small, large


def _calibrated(settings: BenchAgentsSettings, small: Any, tell: Tell, gate: str = "blend") -> Scored:
    """Drafts to calibrate on; those that a blend was fitted on are left out where it is the gate."""
    from vidkit.agents.pair.column_store import stored_columns
    from vidkit.bench.agents.pair_gates import score_all

    asked = settings.pair
    columns = stored_columns(_kept(settings), small, None, asked.calibrate, "calibrate", tell)
    rest, _ = score_all(columns)
    return rest if gate == "blend" else score_all(columns, rest.blend)[0]


def _kept(settings: BenchAgentsSettings) -> Path | None:
    folder = settings.pair.columns
    return None if folder is None else expanded(folder)


def _gates(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    from vidkit.agents.pair.column_store import stored_columns
    from vidkit.bench.agents.pair_gates import gate_rows, score_all, size_rows, template_rows

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, tell)
    columns = stored_columns(_kept(settings), small, large, asked.test, "test", tell)
    test, _ = score_all(columns, calibrate.blend)
    yield from gate_rows(calibrate, test, asked.risk, asked.delta, asked.splits, settings.seed)
    yield from template_rows(test)
    yield from size_rows(test)


def _pair(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    from vidkit.bench.agents.pair_runs import engine_rows, timed_set

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, tell)
    timed = timed_set(small, large, asked.timed, asked.batch, asked.workers)
    for row in engine_rows(timed, calibrate, asked.loss, asked.delta):
        tell(row["engine"])
        yield row


def _groups(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    import numpy as np

    from vidkit.bench.agents.pair_groups import group_rows, groups_in
    from vidkit.bench.agents.pair_runs import timed_set

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, tell, asked.gate)
    timed = timed_set(small, large, asked.timed, asked.batch, asked.workers)
    questions = {"needs": np.array(timed.needs, dtype=float), "kind": np.array(timed.kinds)}
    for group in groups_in(questions, calibrate.columns, asked.mixes, asked.subsets, settings.seed):
        tell(f"group {group.name}, {len(group.places)} questions")
        yield from group_rows(
            timed, calibrate, group, GATES[asked.gate], asked.loss, asked.delta, asked.rounds
        )


def _replay(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    from vidkit.agents.pair.column_store import stored_columns
    from vidkit.agents.pair.costs import relative_costs
    from vidkit.bench.agents.pair_gates import score_all
    from vidkit.bench.agents.pair_passes import measure_passes
    from vidkit.bench.agents.pair_replay_rows import ReplayWork, replay_rows

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, tell, asked.gate)
    columns = stored_columns(_kept(settings), small, large, asked.test, "test", tell)
    test, _ = score_all(columns, calibrate.blend)
    tell("seconds of the passes")
    passes = measure_passes(small, large, asked.batch, asked.rounds)
    work = ReplayWork(
        GATES[asked.gate],
        asked.loss,
        asked.delta,
        asked.batch,
        asked.workers,
        tuple(asked.loads),
        asked.stream,
        losses=tuple(asked.losses),
    )
    costs = relative_costs(small, large)
    for row in replay_rows(test, calibrate, passes, costs, asked.mixes, asked.subsets, work, settings.seed):
        tell(f"group {row['group']}" if "group" in row else f"pass: {row['pass']}")
        yield row


def _load(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    from vidkit.bench.agents.pair_groups import asked_in, rows_of
    from vidkit.bench.agents.pair_load import load_rows
    from vidkit.bench.agents.pair_runs import part_of, timed_set

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, tell, asked.gate)
    timed = timed_set(small, large, asked.timed, asked.batch, asked.workers)
    if asked.mix is not None:
        group = asked_in(timed.needs, calibrate.columns, asked.mix, settings.seed)
        timed, calibrate = part_of(timed, group.places.tolist()), rows_of(calibrate, group.own)
    yield from load_rows(
        timed,
        calibrate,
        GATES[asked.gate],
        asked.loss,
        asked.delta,
        asked.loads,
        asked.faster,
        settings.seed,
        asked.stream_s,
    )


def _shapes(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    import torch

    from vidkit.bench.agents.qwen_shapes import TINY, Work, shape_rows
    from vidkit.utils.device import resolve_device

    asked = settings.shapes
    work = TINY if asked.small == "tiny" else Work(depth=asked.depth, step=asked.step)
    device = torch.device(resolve_device(settings.device))
    yield from shape_rows(
        (asked.small, asked.large),
        device,
        work,
        asked.queries,
        asked.alpha,
        asked.beta,
        asked.together,
        settings.seed,
        tell,
    )
