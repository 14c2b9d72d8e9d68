"""`vidkit bench attention-quality`: what sparse attention does to the embedded model's clips."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.commands.bench.common import command_of, folder_for, print_files, print_plan
from vidkit.config.bench_quality_schema import BenchAttentionQualitySettings
from vidkit.utils.files import write_text_atomic

if TYPE_CHECKING:
    from vidkit.bench.attention_quality.measuring import QualityProgress
    from vidkit.bench.attention_quality.setup import Setup
    from vidkit.generation.load import LoadedModel

ROWS_A_FAMILY, DENSE_ROWS = 6, 2
PROBES = 12 * (4 * 3 + 1) * 4  # layers, heads and thresholds with the rounding floor, step intervals
FORWARD_FLOPS = 100e9  # of the embedded model, 2,304 tokens
PACKAGES = ("torch", "diffusers", "transformers", "triton", "numpy")


def run(settings: BenchAttentionQualitySettings) -> dict[str, Any]:
    """Measure and write `attention_quality.json` and `attention_quality.png`; the record is returned.

    Raises:
        VidkitError: anything the user can put right; what was measured stays in the work folder.
    """
    command = command_of("attention-quality", settings)
    if settings.dry_run:
        return _dry_run(settings, command)
    output = folder_for("attention-quality", settings.output)
    work = Path(settings.work).expanduser() if settings.work else output / "work"
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.bench.attention_quality.measuring import QualityRun
        from vidkit.bench.attention_quality.report import differences_of, plot, print_tables, rows_of
    model, fingerprint = load(settings)
    environment = _environment(model)
    measured = QualityRun(model, settings, work, fingerprint, _Printer())
    complete = False
    try:
        measured.run()
        complete = True
    finally:  # what an interruption leaves is shown too
        measured.log.close()
        results, setups = measured.results(), measured.made
        record: dict[str, Any] = {
            "benchmark": "attention-quality",
            "made_by": command,
            "complete": complete,
            "environment": environment,
            "weights": fingerprint,
            "settings": {k: v for k, v in asdict(settings).items() if k != "dry_run"},
            "rows": rows_of(results, setups),
            "differences": differences_of(results),
            "setups": [_setup(setup) for setup in setups],
        }
        if results:
            text = json.dumps(record, indent=1, default=str)
            write_text_atomic(output / "attention_quality.json", text + "\n")
            plot(record, output / "attention_quality.png")
            print_tables(record)
            print_files(output, ("attention_quality.json", "attention_quality.png"))
    return record


def _setup(setup: Setup) -> dict[str, Any]:
    """What a row ran with, without the table itself."""
    values = {name: value for name, value in vars(setup).items() if name not in ("table", "matches")}
    meta = setup.table.meta
    return values | {
        "matches": {name: asdict(match) for name, match in setup.matches.items()},
        "joint": meta.get("joint"),
        "calibration_seconds": meta.get("calibration_seconds"),
    }


def load(settings: BenchAttentionQualitySettings) -> tuple[LoadedModel, str | None]:
    """The embedded model and the fingerprint of its transformer; fp32 unless a dtype is set."""
    from vidkit.generation.folder import check_folder, embedded_folder
    from vidkit.generation.load import LoadOptions, load_pipeline
    from vidkit.generation.spec import ModelSpec, spec_from_folder
    from vidkit.utils.device import resolve_device, resolve_dtype
    from vidkit.utils.fingerprint import weights_fingerprint

    folder = embedded_folder() if settings.model_path is None else Path(settings.model_path).expanduser()
    check_folder(folder, "skyreels_df")
    device = resolve_device(settings.device)
    dtype = "fp32" if settings.dtype.value == "auto" else settings.dtype.value
    spec = spec_from_folder(ModelSpec("maze", "skyreels_df", {}, {}, {}, {}), folder)
    options = LoadOptions(device=device, dtype=resolve_dtype(dtype, device))
    return load_pipeline(spec, folder, options), weights_fingerprint(folder / "transformer")


def _environment(model: LoadedModel) -> dict[str, Any]:
    import torch

    from vidkit.utils.device import device_name
    from vidkit.utils.provenance import provenance

    device = model.options.device
    name = None if device.type == "cpu" else device_name(device)
    dtype = str(model.options.dtype).removeprefix("torch.")
    return {**provenance(PACKAGES, name), "dtype": dtype, "threads": torch.get_num_threads()}


def _dry_run(settings: BenchAttentionQualitySettings, command: str) -> dict[str, Any]:
    """Count what would be computed; seconds from one matrix product on the device."""
    from vidkit.bench.attention.run import ceiling
    from vidkit.utils.device import device_name, resolve_device, resolve_dtype

    device = resolve_device(settings.device)
    dtype = resolve_dtype("fp32" if settings.dtype.value == "auto" else settings.dtype.value, device)
    rate = 1e12 * (ceiling(device, dtype).tflops or 1.0) * (0.5 if device.type == "cpu" else 0.05)
    clips, families = len(settings.sizes) * settings.mazes, len(settings.families)
    rows, steps = DENSE_ROWS + ROWS_A_FAMILY * families, sum(settings.steps)
    # clips of a row decode too; matching takes about three runs a row; a probe is half a forward
    forwards = {
        "clips": clips * rows * (steps + 1.5 * len(settings.steps)),
        "matching": settings.tune_mazes * 3 * ROWS_A_FAMILY * families * steps,
        "tables": families * (0.5 * PROBES * len(settings.steps) + (settings.calibrate_mazes + 2) * steps),
    }
    about = {
        "clips": f"{clips} mazes, {rows} rows, steps {settings.steps}",
        "matching": f"{settings.tune_mazes} mazes, tau or budget of {ROWS_A_FAMILY - 1} rows a predictor",
        "tables": f"{PROBES} probes a predictor and number of steps, less those on disk",
    }
    seconds = {name: count * FORWARD_FLOPS / rate for name, count in forwards.items()}
    parts = [(name, about[name], seconds[name]) for name in forwards]
    notes = ["times are estimates from one matrix product; a killed run resumes"]
    print_plan(f"bench attention-quality on {device_name(device)}", parts, notes, command)
    return {
        "benchmark": "attention-quality", "dry_run": True, "device": device_name(device), "command": command,
        "parts": [{"part": part, "of": of, "about_s": about_s} for part, of, about_s in parts],
    }  # fmt: skip


class _Printer:
    """Progress on stderr: a line for each thing that begins, and for each twentieth of the clips."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console, self._note, self._share = Console(stderr=True), "", -1

    def __call__(self, at: QualityProgress) -> None:
        from vidkit.utils.plain import duration

        share = 20 * at.done // max(at.total, 1)
        if at.note == self._note and share == self._share:
            return
        self._note, self._share = at.note, share
        left = "" if at.eta_s is None else f"  clips: {duration(at.eta_s)} left"
        self._console.print(f"{at.done}/{at.total}  {at.note}{left}", highlight=False)
