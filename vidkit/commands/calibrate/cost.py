"""What a calibration would compute, for `vidkit calibrate --dry-run`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidkit.config.calibrate_schema import CalibrateSettings
from vidkit.generation.cost import estimate_cost
from vidkit.generation.plan import forward_count
from vidkit.generation.resolve import ResolvedRun
from vidkit.utils.jsonl_log import read_log
from vidkit.utils.plain import counted, duration

if TYPE_CHECKING:
    from vidkit.attention.calibration import CalibrationPlan


@dataclass(frozen=True)
class CalibrationCost:
    """What a calibration would compute; FLOPs are an estimate that counts attention as dense.

    Attributes:
        probes: in all, those of the rounding floor included.
        seconds: FLOPs left at half the rate of a matrix product on the device, measured now.
        device_flops: that rate, FLOP/s.
    """

    dense_runs: int
    steps: int
    probes: int
    floor_probes: int
    probes_on_disk: int
    flops: float
    seconds: float
    device_flops: float
    device: str
    table: str
    work: str


def dry_run(
    settings: CalibrateSettings, run: ResolvedRun, plan: CalibrationPlan, table: Path, work: Path
) -> CalibrationCost:
    """Count and print what a calibration would compute; loads no weights.

    Args:
        settings: of the command.
        run: one clip of the pool.
        plan: what would be measured.
        table: the file that would be written.
        work: folder of measurements; probes that lie there are not counted into the time.
    """
    from vidkit.attention.calibration import assign_prompts, choose_steps

    spec, request = run.spec, run.request
    pool = len(plan.prompts) - plan.held_out
    used = {p for row in assign_prompts(spec.layers, spec.heads, pool, plan.seed) for p in row}
    probed = choose_steps(plan.steps, plan.dense_steps, plan.intervals, plan.seed)
    floor_probes = spec.layers * len(probed)
    probes = spec.layers * spec.heads * len(plan.candidates) * len(probed) + floor_probes
    cost = estimate_cost(spec, request, with_encoders=False)
    runs = len(used) + plan.held_out
    forwards: float = (runs + int(plan.target_reuse is not None)) * cost.forwards
    # a probe of a layer runs the blocks from it to the end; held-out inputs run dense, by table and at tau
    forwards += probes * (spec.layers + 1) / (2 * spec.layers) + len(probed) * (len(used) + 3 * plan.held_out)
    flops = forwards * (cost.attention_flops + cost.linear_flops) / cost.forwards
    log = work / "probes.jsonl"
    on_disk = sum("head" in row for row in read_log(log))
    rate, device = _device_rate(settings)
    left = flops * (1 - min(on_disk, probes) / probes)
    made = CalibrationCost(
        runs, forward_count(spec, request), probes, floor_probes, on_disk, flops, left / (rate / 2), rate,
        device, str(table), str(work),
    )  # fmt: skip
    print("\n".join(_cost_lines(settings, run, made, probed)))
    return made


def _cost_lines(
    settings: CalibrateSettings, run: ResolvedRun, cost: CalibrationCost, probed: list[int]
) -> list[str]:
    taus = ", ".join(f"{tau:g}" for tau in settings.candidates)
    return [
        f"model       {run.table_model} ({run.spec.layers} layers x {run.spec.heads} heads)",
        f"predictor   {settings.attention.predictor}, thresholds {taus}",
        f"dense runs  {cost.dense_runs}, each of {counted(cost.steps, 'step')},"
        f" {settings.held_out} of them held out",
        f"probes      {cost.probes} at steps {', '.join(map(str, probed))} ({cost.probes_on_disk} on disk),"
        f" {cost.floor_probes} of them of the rounding floor",
        f"FLOPs       about {cost.flops / 1e12:,.2f} TFLOP in all (estimate)",
        f"time        about {duration(cost.seconds)} on {cost.device}: half of the"
        f" {cost.device_flops / 1e12:,.3g} TFLOP/s that a matrix product reached there just now (estimate)",
        f"table       {cost.table}",
        f"work        {cost.work}",
    ]


def _device_rate(settings: CalibrateSettings) -> tuple[float, str]:
    """FLOP/s of a large matrix product in the dtype of the run, best of three, and the device's name."""
    import time

    import torch

    from vidkit.utils.device import device_name, resolve_device, resolve_dtype
    from vidkit.utils.timing import synchronize

    device = resolve_device(settings.device)
    size = 1024 if device.type == "cpu" else 8192
    a = torch.randn(size, size, device=device, dtype=resolve_dtype(settings.dtype.value, device))
    best = float("inf")
    for _ in range(3):
        synchronize(device)
        start = time.perf_counter()
        a @ a
        synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best, device_name(device)
