"""`vidkit bench agents`: the funnel's schedules against the bound, and models at work in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from typing import Any

from vidkit.bench.agents.schedules import Point, Times, latency_rows, schedule_rows
from vidkit.bench.progress import BenchProgress
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, Tell, run_parts
from vidkit.bench.tables import TextTable
from vidkit.commands.bench.agents_models import INPUTS, MODELS, model_part
from vidkit.commands.bench.agents_tables import show_models
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.config.bench_agents_schema import AgentsSection, BenchAgentsSettings
from vidkit.errors import ConfigError

_INPUT = "scripted stages: times and shares are set, the clock jumps; no model is asked"
_ROW_S = {"schedule": 0.1, "latency": 0.2}


def run(settings: BenchAgentsSettings) -> dict[str, Any]:
    """Run every schedule.

    Returns:
        The record, as it lies in `agents.json`; of a dry run, the plan.

    Raises:
        ConfigError: a device was asked for that nothing runs on, or a gate that does not exist.
    """
    if settings.device not in ("auto", "cpu") and not set(settings.sections) & MODELS:
        raise ConfigError(
            f"device={settings.device}: this benchmark does not use a device", "leave --device out"
        )
    command = command_of("agents", settings)
    folder = folder_for("agents", settings.output, settings.dry_run)
    parts = [
        model_part(section, settings) if section in MODELS else _part(section, settings)
        for section in dict.fromkeys(settings.sections)
    ]
    if settings.dry_run:
        notes = dict.fromkeys(INPUTS.get(part.name, _INPUT) for part in parts)
        return plan_of("agents", parts, list(notes), command, _device(settings))
    record = BenchRecord(
        "agents",
        folder,
        [],
        made_by=command,
        settings=dataclasses.asdict(settings),
        environment=environment(("numpy", "torch", "transformers"), settings.seed, device=_device(settings)),
        force=settings.force,
        inputs={part.name: INPUTS.get(part.name, _INPUT) for part in parts},
    )
    record.found = {"sections": {part.name: {"rows": []} for part in parts}}
    with BenchProgress([(part.name, part.planned_s) for part in parts]) as progress:
        try:
            run_parts(parts, record, progress, partial(_take, record), partial(_show, record))
        finally:
            print_files(folder, [record.file.name])
    return record.content()


def _device(settings: BenchAgentsSettings) -> str | None:
    if not set(settings.sections) & MODELS:
        return None
    from vidkit.utils.device import resolve_device

    device = resolve_device(settings.device)
    if device.type == "cpu":
        return None
    import torch

    return torch.cuda.get_device_name(device)


def _part(section: AgentsSection, settings: BenchAgentsSettings) -> Part:
    points = [
        Point(alpha, beta, workers, batch)
        for workers in settings.workers
        for batch in settings.batches
        for beta in settings.betas
        for alpha in settings.alphas
    ]
    times = Times(settings.screen_s, settings.draft_s, settings.agent_s)
    count, seed = settings.queries, settings.seed
    if section is AgentsSection.schedule:
        what, rows = f"{len(points)} schedules", partial(schedule_rows, points, times, count, seed)
        return Part("schedule", what, _ROW_S["schedule"] * len(points), partial(_rows, rows))
    drawn = dataclasses.replace(times, jitter=settings.jitter)
    widest = [point for point in points if point.batch == max(settings.batches)]
    loaded = partial(latency_rows, widest, drawn, settings.loads, count, seed)
    total = len(widest) * len(settings.loads)
    return Part("latency", f"{total} streams of queries", _ROW_S["latency"] * total, partial(_rows, loaded))


def _rows(rows: Any, tell: Tell) -> Iterator[dict[str, Any]]:
    yield from rows()


def _take(record: BenchRecord, part: Part, row: dict[str, Any]) -> str:
    record.found["sections"][part.name]["rows"].append(row)
    return ""


def _show(record: BenchRecord, part: Part) -> None:
    rows = record.found["sections"][part.name]["rows"]
    if not rows:
        return
    if part.name in INPUTS:
        show_models(part.name, rows, INPUTS[part.name])
        return
    table = _schedules(rows) if part.name == "schedule" else _latencies(rows)
    table.caption = _INPUT
    table.show()


def _schedules(rows: list[dict[str, Any]]) -> TextTable:
    table = TextTable(
        ("alpha", "beta", "agents", "batch", "ours", "of bound", "whole", "published", "agents", "speedup"),
        f"seconds for {rows[0]['queries']} queries; bound: with the agents' work shared out evenly, and with"
        " whole agents; the published schedule runs its agents one by one",
        left=0,
    )
    for row in rows:
        shares = (f"{row['alpha']:g}", f"{row['beta']:g}", str(row["workers"]), str(row["batch"]))
        of_bound = (f"{row['share_of_bound']:.1%}", f"{row['share_of_tight_bound']:.1%}")
        seconds = (f"{row['published_s']:.1f}", f"{row['agents_s']:.1f}")
        table.add(*shares, f"{row['ours_s']:.1f}", *of_bound, *seconds, f"{row['speedup']:.2f}x")
    return table


def _latencies(rows: list[dict[str, Any]]) -> TextTable:
    table = TextTable(
        ("alpha", "beta", "agents", "batch", "load", "funnel p50", "p95", "p99", "agents p50", "p95", "p99"),
        "seconds from arrival to answer, Poisson arrivals at a share of what the agents alone can take",
        left=0,
    )
    for row in rows:
        shares = (f"{row['alpha']:g}", f"{row['beta']:g}", str(row["workers"]), str(row["batch"]))
        waits = [f"{row[f'{who}_p{p}_s']:.2f}" for who in ("funnel", "agents") for p in (50, 95, 99)]
        table.add(*shares, f"{row['load']:.0%}", *waits)
    return table
