"""`vidkit bench attention`: dense and sparse attention side by side, correctness first."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from vidkit.bench.attention import (
    Check,
    Measurement,
    Row,
    SeededShape,
    checked,
    measurements_of,
    plot,
    shapes_for,
)
from vidkit.bench.attention.planning import VERIFY_S, planned
from vidkit.bench.attention.report import INPUTS, findings
from vidkit.bench.progress import BenchProgress, busy_note
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, run_parts
from vidkit.commands.bench.attention_report import AttentionTables, print_checks
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.config.bench_schema import BenchAttentionSettings
from vidkit.utils.device import device_name, resolve_device, resolve_dtype
from vidkit.utils.quiet import quiet_libraries

_PACKAGES = ("torch", "triton", "diffusers", "flash-attn-4")
_PLOT = "attention.png"


def run(settings: BenchAttentionSettings) -> dict[str, Any]:
    """Check and measure.

    Returns:
        The record, as it lies in `attention.json`; of a dry run, the plan.

    Raises:
        ConfigError: unknown shape, loop or device.
        VidkitError: a check failed, exit code 1; nothing was measured.
    """
    device = resolve_device(settings.device)
    dtype = resolve_dtype(settings.dtype.value, device)
    shapes = [SeededShape.of(shape, settings.seed) for shape in shapes_for(device, settings.shapes)]
    sections = [section.value for section in settings.sections]
    measurements = measurements_of(shapes, device, dtype, sections, settings.loops)
    command = command_of("attention", settings)
    folder = folder_for("attention", settings.output, settings.dry_run)
    with quiet_libraries():
        parts = _parts(measurements, planned(measurements, shapes, device, dtype), device, dtype)
        if settings.dry_run:
            notes = [
                "random inputs, block lists and weights;"
                " times are extrapolated from one measured call and forward pass"
            ]
            return plan_of("attention", parts, notes, command, device_name(device))
        where = environment(
            _PACKAGES, settings.seed, device_name(device), str(dtype).removeprefix("torch.")
        ) | {"cuda": torch.version.cuda if device.type == "cuda" else None}
        record = BenchRecord(
            "attention",
            folder,
            [_PLOT],
            made_by=command,
            settings=dataclasses.asdict(settings),
            environment=where,
            force=settings.force,
            inputs={one.section: INPUTS[one.section] for one in measurements},
        )
        return _measured(parts, record, device)


def _parts(
    measurements: list[Measurement], about: list[float], device: torch.device, dtype: torch.dtype
) -> list[Part]:
    checks = "kernels and executors against their references"
    parts = [Part("checks", checks, VERIFY_S[device.type], lambda tell: checked(device, dtype))]
    return parts + [
        Part(f"{one.section} {one.name}", one.name, seconds, one.rows)
        for one, seconds in zip(measurements, about, strict=True)
    ]


def _measured(parts: list[Part], record: BenchRecord, device: torch.device) -> dict[str, Any]:
    tables, rows, checks = AttentionTables(), list[Row](), list[Check]()
    record.found = findings(rows, checks)

    def take(part: Part, finding: Row | list[Check]) -> str:
        if isinstance(finding, Row):
            rows.append(finding)
            tables.add(finding)
        else:
            checks.extend(finding)
            print_checks(finding)
        record.found = findings(rows, checks)
        if not isinstance(finding, Row) or finding.ms is None:
            return ""
        return f"{finding.provider} {finding.ms:.4g} ms"

    def finish() -> None:
        plot(record.folder / _PLOT, rows, record.environment)

    with BenchProgress([(part.name, part.planned_s) for part in parts]) as progress:
        if device.type == "cpu" and busy_note(record.environment):
            progress.note(f"warning: {busy_note(record.environment)}")
        try:
            run_parts(parts, record, progress, take, lambda part: tables.flush(), finish)
        finally:  # what an interruption leaves is shown too
            print_files(record.folder, (record.file.name, _PLOT))
    return record.content()
