"""`vidkit bench attention`: dense and sparse attention side by side, correctness first."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import torch

from vidkit.bench.attention import Part, Row, SeededShape, Shape, environment, parts_of, record, shapes_for
from vidkit.bench.attention.end_to_end import LOOPS, Loop
from vidkit.bench.attention.rates import DENSITIES
from vidkit.bench.attention.run import ceiling
from vidkit.bench.timing import BUDGET_MS, TURNS
from vidkit.commands.bench.attention_report import AttentionTables, print_checks
from vidkit.commands.bench.common import (
    BenchProgress,
    busy_note,
    command_of,
    folder_for,
    print_files,
    print_plan,
)
from vidkit.config.bench_schema import BenchAttentionSettings
from vidkit.errors import VidkitError
from vidkit.utils.device import device_name, resolve_device, resolve_dtype
from vidkit.utils.quiet import quiet_libraries

_FILES = ("attention.json", "attention.png")
_VERIFY_S = {"cpu": 6.0, "cuda": 60.0}  # seen on two cores; on a GPU kernels compile


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
    sections = [section.value for section in settings.sections]
    shapes = [SeededShape.of(shape, settings.seed) for shape in shapes_for(device, settings.shapes)]
    parts = parts_of(shapes, device, dtype, sections, settings.loops)
    command = command_of("attention", settings)
    folder = folder_for("attention", settings.output, settings.dry_run)
    estimates = _estimates(parts, shapes, device, dtype)
    if settings.dry_run:
        return _plan(estimates, device, command)
    env = environment(device, dtype)
    tables = AttentionTables()
    with BenchProgress([("checks", _VERIFY_S[device.type]), *estimates]) as progress:
        if device.type == "cpu" and busy_note(env):
            progress.note(f"warning: {busy_note(env)}")
        progress.begin("checks")

        def on_part(part: Part) -> None:
            tables.flush()
            progress.begin(f"{part.section} {part.name}")

        def on_row(row: Row) -> None:
            tables.add(row)
            progress.note(f"{row.provider} {'' if row.ms is None else f'{row.ms:.4g} ms'}")

        try:
            with quiet_libraries():
                found = record(
                    folder, list(shapes), device, dtype, env, sections, settings.loops, print_checks,
                    on_part, on_row, benchmark="attention", made_by=command, settings=_plain(settings),
                )  # fmt: skip
        finally:  # what an interruption leaves is shown too
            tables.flush()
            print_files(folder, _FILES)
    _refuse_failed(found, folder / _FILES[0])
    return found


def _refuse_failed(found: dict[str, Any], file: object) -> None:
    failed = [check["name"] for check in found["checks"] if not check["passed"]]
    if failed:
        raise VidkitError(
            f"{len(failed)} of {len(found['checks'])} checks failed, so nothing was measured:"
            f" {', '.join(failed)}",
            f"errors and limits are in {file}",
            exit_code=1,
        )


def _plain(settings: BenchAttentionSettings) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(settings).items() if name != "dry_run"}


def _plan(estimates: list[tuple[str, float]], device: torch.device, command: str) -> dict[str, Any]:
    rows = [("checks", "kernels and executors against their references", _VERIFY_S[device.type])]
    rows += [(name.partition(" ")[0], name.partition(" ")[2], about) for name, about in estimates]
    notes = [
        "random inputs, block lists and weights; times are estimated from a matrix product and one attention"
    ]
    print_plan(f"bench attention on {device_name(device)}", rows, notes, command)
    return {
        "benchmark": "attention",
        "dry_run": True,
        "device": device_name(device),
        "command": command,
        "parts": [{"part": part, "of": of, "about_s": about} for part, of, about in rows],
    }


def _estimates(
    parts: list[Part], shapes: list[SeededShape], device: torch.device, dtype: torch.dtype
) -> list[tuple[str, float]]:
    """Name and rough seconds of each part."""
    peak = 1e12 * (ceiling(device, dtype).tflops or 1.0)
    by_name = {shape.name: shape for shape in shapes}
    found = []
    for part in parts:
        if part.section == "loop":
            about = _loop_s(LOOPS[part.name], peak, device.type == "cuda")
        else:
            about = _shape_s(part.section, by_name[part.name], device, dtype, peak)
        found.append((f"{part.section} {part.name}", about))
    return found


def _shape_s(section: str, shape: Shape, device: torch.device, dtype: torch.dtype, peak: float) -> float:
    if section == "rates":
        return _rates_s(shape, device, dtype, peak)
    # a measurement lasts 0.3 s or six calls; attention reaches a third of the matrix product or so
    call = 3 * shape.dense_flops / peak
    if section == "prediction":
        return 13 * max(0.4, 0.6 * call)
    return 200.0 if section == "launch" else max(0.5, call)


def _rates_s(shape: Shape, device: torch.device, dtype: torch.dtype, peak: float) -> float:
    """Executors in turns with dense attention; compiling on a GPU."""
    turn = BUDGET_MS / 1e3 / TURNS
    if device.type == "cuda":
        call = 3 * shape.dense_flops / peak
        # every measurement warms up for 50 ms; four executors and `auto`
        return 60.0 + 2 * 5 * len(DENSITIES) * TURNS * (0.1 + max(turn, 2 * call))
    q, k, v = shape.qkv(device, dtype)
    attention = torch.nn.functional.scaled_dot_product_attention
    attention(q, k, v)
    start = time.perf_counter()
    attention(q, k, v)
    call = time.perf_counter() - start
    # times of dense attention that gather, auto, masked and the reference take; each call is warmed up
    factors = [f for d in DENSITIES for f in (max(0.25, d), max(0.25, d), 1.9, 0.4 + 3.8 * d)]
    return 1.0 + sum(TURNS * (t + max(turn, t)) for f in factors for t in (call, f * call))


def _loop_s(loop: Loop, peak: float, gpu: bool) -> float:
    width = int(loop.model["num_attention_heads"] * loop.model["attention_head_dim"])
    frames, height, rows = loop.latents
    tokens = frames * height * rows // 4
    layer = tokens * (16 * width**2 + 4 * width * int(loop.model["ffn_dim"])) + 4 * tokens**2 * width
    forward = max(0.05, 2 * int(loop.model["num_layers"]) * layer / peak)
    # dense baselines, bisections of two thresholds, a trace, three policies of three loops (and a profile)
    loops = 4 if gpu else 3
    forwards = (2 + 2 * loops) * (5 if gpu else 1) + 28 + 2 * loop.steps + 3 * (4 + 2 * loops * loop.steps)
    return forwards * forward + (120.0 if gpu else 5.0)
