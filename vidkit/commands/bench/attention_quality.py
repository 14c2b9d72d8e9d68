"""`vidkit bench attention-quality`: what sparse attention does to the embedded model's clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.bench.progress import BenchProgress
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, Tell, run_parts
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.config.bench_quality_schema import BenchAttentionQualitySettings
from vidkit.errors import OutputError
from vidkit.utils.files import check_writable
from vidkit.utils.paths import expanded

if TYPE_CHECKING:
    import torch

    from vidkit.bench.attention_quality.measuring import QualityRun
    from vidkit.bench.attention_quality.setup import Setup
    from vidkit.generation.load import LoadedModel

_PLOT = "attention_quality.png"
ROWS_A_FAMILY, DENSE_ROWS = 6, 2
PROBES = 12 * (4 * 3 + 1) * 4  # layers, heads and thresholds with the rounding floor, step intervals
FORWARD_FLOPS = 100e9  # of the embedded model, 2,304 tokens
_PACKAGES = ("torch", "diffusers", "transformers", "triton", "numpy")


def run(settings: BenchAttentionQualitySettings) -> dict[str, Any]:
    """Measure and write `attention_quality.json` and `attention_quality.png`; the record is returned.

    Raises:
        VidkitError: anything the user can correct; what was measured stays in the work folder.
    """
    command = command_of("attention-quality", settings)
    if settings.dry_run:
        return _dry_run(settings, command)
    output = folder_for("attention-quality", settings.output)
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.bench.attention_quality.measuring import LOG, QualityRun
    work = _work_folder(settings, output, LOG)
    model, fingerprint = load(settings)
    record = BenchRecord(
        "attention-quality",
        output,
        [_PLOT],
        made_by=command,
        settings=asdict(settings),
        environment=_environment(model, settings.seed),
        force=settings.force,
        inputs={"clips": "mazes of the embedded model that it never saw, each with noise of its own"},
    )
    record.found = {"weights": fingerprint, "rows": [], "differences": [], "setups": []}
    parts = _planned(settings, model.options.device, model.options.dtype)
    with BenchProgress([(part.name, part.planned_s) for part in parts]) as progress:
        measured = QualityRun(model, settings, work, fingerprint, progress.note)
        parts = [replace(part, measure=partial(_steps, measured, part.name)) for part in parts]
        finish = partial(_finish, record, measured)
        try:
            run_parts(parts, record, progress, lambda part, said: str(said), lambda part: None, finish)
        finally:
            measured.log.close()
        print_files(output, (record.file.name, _PLOT))
    return record.content()


def _work_folder(settings: BenchAttentionQualitySettings, output: Path, log: str) -> Path:
    """The folder from which a killed run resumes.

    Raises:
        OutputError: it cannot be written, is read by this run, or holds other things.
    """
    work = expanded(settings.work) if settings.work else output / "work"
    if settings.model_path is not None:
        model = expanded(settings.model_path).resolve()
        if work.resolve().is_relative_to(model):
            raise OutputError(
                f"'{work}' lies in '{model}', which this run reads", "choose another work= or --output"
            )
    check_writable(work, create=True)
    if not settings.force and not (work / log).exists() and any(work.iterdir()):
        raise OutputError(
            f"'{work}' is not empty and is not a work folder of this benchmark",
            "choose another work=, or use it anyway with --force",
        )
    return work


def _steps(measured: QualityRun, name: str, tell: Tell) -> Iterator[str]:
    return measured.steps(name)


def _finish(record: BenchRecord, measured: QualityRun) -> None:
    """Rows, differences, tables and plot of the clips that there are; after an interruption too."""
    from vidkit.bench.attention_quality.report import differences_of, plot, print_tables, rows_of

    results, setups = measured.results(), measured.made
    if results:
        record.found |= {
            "rows": rows_of(results, setups),
            "differences": differences_of(results),
            "setups": [_setup(setup) for setup in setups],
        }
        content = record.content()
        print_tables(content)
        plot(content, record.folder / _PLOT)


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

    folder = embedded_folder() if settings.model_path is None else expanded(settings.model_path)
    check_folder(folder, "skyreels_df")
    device = resolve_device(settings.device)
    dtype = "fp32" if settings.dtype.value == "auto" else settings.dtype.value
    spec = spec_from_folder(ModelSpec("maze", "skyreels_df", {}, {}, {}, {}), folder)
    options = LoadOptions(device=device, dtype=resolve_dtype(dtype, device))
    return load_pipeline(spec, folder, options), weights_fingerprint(folder / "transformer")


def _environment(model: LoadedModel, seed: int) -> dict[str, Any]:
    from vidkit.utils.device import device_name

    device = model.options.device
    name = None if device.type == "cpu" else device_name(device)
    return environment(_PACKAGES, seed, name, str(model.options.dtype).removeprefix("torch."))


def _dry_run(settings: BenchAttentionQualitySettings, command: str) -> dict[str, Any]:
    from vidkit.utils.device import device_name, resolve_device, resolve_dtype

    device = resolve_device(settings.device)
    dtype = resolve_dtype("fp32" if settings.dtype.value == "auto" else settings.dtype.value, device)
    notes = ["times are estimates from one matrix product; a killed run resumes"]
    parts = _planned(settings, device, dtype)
    return plan_of("attention-quality", parts, notes, command, device_name(device))


def _planned(settings: BenchAttentionQualitySettings, device: torch.device, dtype: torch.dtype) -> list[Part]:
    """What is measured, in order; seconds from one matrix product on the device, less what is on disk."""
    from vidkit.bench.attention.run import ceiling

    rate = 1e12 * (ceiling(device, dtype).tflops or 1.0) * (0.5 if device.type == "cpu" else 0.05)
    clips, found = len(settings.sizes) * settings.mazes, []

    def part(name: str, what: str, forwards: float) -> Part:
        return Part(name, what, forwards * FORWARD_FLOPS / rate, lambda tell: iter(()))

    for steps in settings.steps:
        # clips of a row decode too; matching takes about three runs per row; a probe is half a forward
        row = clips * (steps + 1.5)
        found.append(part(f"dense, {steps} steps", f"{clips} mazes, {DENSE_ROWS} rows", DENSE_ROWS * row))
        for family in settings.families:
            matching = settings.tune_mazes * 3 * ROWS_A_FAMILY * steps
            table = 0.5 * PROBES + (settings.calibrate_mazes + 2) * steps
            settled = f"table of {PROBES} probes, {settings.tune_mazes} mazes for matching"
            found.append(part(f"settings of {family.value}, {steps} steps", settled, matching + table))
            rows = f"{clips} mazes, {ROWS_A_FAMILY} rows"
            found.append(part(f"{family.value}, {steps} steps", rows, ROWS_A_FAMILY * row))
    return found
