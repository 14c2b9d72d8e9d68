"""`vidkit bench caching`: what each cache policy costs and does to the embedded model's clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.bench.progress import BenchProgress
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, Tell, run_parts
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.config.bench_caching_schema import AttentionMode, BenchCachingSettings, CacheMethod, Section
from vidkit.errors import OutputError
from vidkit.utils.files import check_writable
from vidkit.utils.paths import expanded

if TYPE_CHECKING:
    import torch

    from vidkit.bench.caching.measuring import CachingRun
    from vidkit.generation.load import LoadedModel

_PLOT = "caching.png"
_PACKAGES = ("torch", "diffusers", "transformers", "numpy")
FORWARD_FLOPS = 120e9  # of the embedded model, 2,304 tokens
TRIED = {
    CacheMethod.interval: 17,
    CacheMethod.taylor: 4,
    CacheMethod.change: 7,
    CacheMethod.tokens: 9,
    CacheMethod.fewer_steps: 0,
}
RANKERS = (CacheMethod.random, CacheMethod.rate, CacheMethod.frame_difference, CacheMethod.oracle)


def run(settings: BenchCachingSettings) -> dict[str, Any]:
    """Measure and write `caching.json` and `caching.png`; the record is returned.

    Raises:
        VidkitError: anything the user can correct; what was measured stays in the work folder.
    """
    command = command_of("caching", settings)
    if settings.dry_run:
        return _dry_run(settings, command)
    output = folder_for("caching", settings.output)
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.bench.caching.measuring import LOG, CachingRun
    work = _work_folder(settings, output, LOG)
    model, fingerprint = load(settings)
    device, dtype = model.options.device, model.options.dtype
    record = BenchRecord(
        "caching",
        output,
        [_PLOT],
        made_by=command,
        settings=asdict(settings),
        environment=_environment(model, settings.seed),
        force=settings.force,
        inputs={"clips": "mazes of the embedded model that it never saw, each with noise of its own"},
    )
    record.found = {"weights": fingerprint, "rows": [], "headroom": [], "tuned": [], "clock": []}
    with BenchProgress([(p.name, p.planned_s) for p in _planned(settings, device, dtype)]) as progress:
        measured = CachingRun(model, settings, work, fingerprint, progress.note)
        parts = [
            replace(part, measure=partial(_measure, measured, record, part.name))
            for part in _planned(settings, device, dtype)
        ]
        finish = partial(_finish, record, measured)
        try:
            run_parts(parts, record, progress, lambda part, said: str(said), lambda part: None, finish)
        finally:
            measured.log.release()
        print_files(output, (record.file.name, _PLOT))
    return record.content()


def _work_folder(settings: BenchCachingSettings, output: Path, log: str) -> Path:
    """The folder from which a killed run resumes.

    Raises:
        OutputError: it cannot be written, or holds other things.
    """
    work = expanded(settings.work) if settings.work else output / "work"
    check_writable(work, create=True)
    if not settings.force and not (work / log).exists() and any(work.iterdir()):
        raise OutputError(
            f"'{work}' is not empty and is not a work folder of this benchmark",
            "choose another work=, or use it anyway with --force",
        )
    return work


def _measure(measured: CachingRun, record: BenchRecord, name: str, tell: Tell) -> Iterator[str]:
    if name == "clock":
        yield from _clock(measured, record)
        return
    method, steps, *mode = name.split(", ")
    yield from measured.part(
        int(steps.removeprefix("N=")),
        None if method == "uncached" else CacheMethod(method),
        AttentionMode(*mode) if mode else AttentionMode.bidirectional,
    )


def _clock(measured: CachingRun, record: BenchRecord) -> Iterator[str]:
    import torch

    from vidkit.bench.caching.clock import ClockRow, clock_rows, loop_gain

    device = measured.runner.maker.device
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    for shape in measured.settings.clock_shapes:
        rows: list[ClockRow] = []
        for row in clock_rows(shape, measured.settings.clock_shares, device, dtype):
            rows.append(row)
            record.found["clock"].append({**asdict(row), "efficiency": row.efficiency})
            yield (
                f"{row.shape} {row.kind} {row.share:g}: {row.ms:.1f} ms, {row.clock_gain:.2f}x by the clock,"
                f" {row.flops_gain:.2f}x in FLOPs ({row.efficiency:.2f})"
            )
        for share in measured.settings.clock_shares:
            told = loop_gain(rows, share, steps=50, full=9)
            record.found.setdefault("clock_loops", []).append({"shape": shape.value, **told})
            yield (
                f"{shape.value}: 50 steps, 9 of them full, others {share:g} of the tokens:"
                f" {told['clock_gain']:.2f}x by the clock, {told['flops_gain']:.2f}x in FLOPs"
            )


def _finish(record: BenchRecord, measured: CachingRun) -> None:
    """Rows, differences, tables and plot of the clips that there are; after an interruption too."""
    from vidkit.bench.caching.report import headroom_of, plot, print_tables, rows_of

    asked = measured.asked()
    if not asked:
        return
    rows = rows_of(asked)
    record.found |= {
        "rows": rows,
        "headroom": headroom_of(rows),
        "tuned": [
            asdict(found) | {"steps": key[0], "attention": key[3]}
            for key, found in measured.tuned.items()
            if found
        ],
    }
    content = record.content()
    print_tables(content)
    plot(content, record.folder / _PLOT)


def load(settings: BenchCachingSettings) -> tuple[LoadedModel, str | None]:
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


def _dry_run(settings: BenchCachingSettings, command: str) -> dict[str, Any]:
    from vidkit.utils.device import device_name, resolve_device, resolve_dtype

    device = resolve_device(settings.device)
    dtype = resolve_dtype("fp32" if settings.dtype.value == "auto" else settings.dtype.value, device)
    notes = ["times are estimates from one matrix product; a killed run resumes"]
    parts = _planned(settings, device, dtype)
    return plan_of("caching", parts, notes, command, device_name(device))


def _planned(settings: BenchCachingSettings, device: torch.device, dtype: torch.dtype) -> list[Part]:
    """What is measured, in order; seconds from one matrix product on the device."""
    from vidkit.bench.attention.run import ceiling

    rate = 1e12 * (ceiling(device, dtype).tflops or 1.0) * (0.5 if device.type == "cpu" else 0.2)
    found = []

    def nothing(tell: Tell) -> Iterator[str]:
        return iter(())

    for steps, mode in product(settings.steps, settings.attention):
        if Section.quality not in settings.sections:
            continue
        where = f"N={steps}" + ("" if mode is AttentionMode.bidirectional else f", {mode.value}")
        clip = steps * FORWARD_FLOPS * settings.latent_frames / 16 / rate
        clips, tuning = len(settings.sets) * settings.clips, len(settings.sets) * settings.tune_clips
        found.append(Part(f"uncached, {where}", f"{clips} clips", clips * clip, nothing))
        for method in settings.methods:
            if method is CacheMethod.oracle and mode is AttentionMode.block_causal:
                continue  # it looks at whole forwards, which this loop does not run
            tried = TRIED.get(method, 0 if method in RANKERS else 12)
            cost = sum((clips + tried * tuning) * clip * target for target in settings.targets)
            cost += clips * clip * len(settings.targets) if method is CacheMethod.oracle else 0.0
            what = f"{clips} clips, {len(settings.targets)} shares"
            found.append(Part(f"{method.value}, {where}", what, cost, nothing))
    if Section.clock in settings.sections:
        found.append(Part("clock", "real shapes, random weights", 60.0, nothing))
    return found
