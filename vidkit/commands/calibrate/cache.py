"""`vidkit calibrate cache`: magnitudes of residuals and products of velocities, of clips without a cache."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from vidkit.commands.calibrate.prompts import clips_of
from vidkit.config.calibrate_cache_schema import CalibrateCacheSettings
from vidkit.config.calibrate_schema import CalibrateSettings
from vidkit.errors import ConfigError
from vidkit.generation.out_of_memory import out_of_memory_explained
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.utils.files import check_writable
from vidkit.utils.fingerprint import weights_fingerprint
from vidkit.utils.paths import expanded
from vidkit.utils.plain import counted
from vidkit.utils.sealing import check_single, named_paths


def run(settings: CalibrateCacheSettings) -> dict[str, Any]:
    """Measure and write a table of magnitudes.

    Returns:
        The table's place, model, clips and its least and largest ratio.

    Raises:
        VidkitError: anything the user can correct.
    """
    path = _path(settings)
    runs = [resolve(clip) for clip in clips_of(_plain(settings))]
    told = {"table": str(path), "model": runs[0].spec.name, "clips": len(runs), "steps": settings.steps}
    if settings.dry_run:
        print(f"table    {path}\nclips    {len(runs)} of {counted(settings.steps, 'step')}, without a cache")
        return {**told, "dry_run": True}
    check_writable(path.parent, create=settings.output is None)
    read = {name: file for name, file in named_paths(settings).items() if "output" not in name}
    check_single(path, "--output", read, settings.force)
    return {**told, **_measured(settings, runs, path)}


def _measured(settings: CalibrateCacheSettings, runs: list[ResolvedRun], path: Path) -> dict[str, Any]:
    from vidkit.commands.progress import RunProgress
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.caching import enable
        from vidkit.caching.magnitudes import MagnitudeProbe
        from vidkit.caching.velocity_table import VelocityRecorder
        from vidkit.generation.load import load_pipeline
        from vidkit.generation.run import make_latents

    with RunProgress() as progress, out_of_memory_explained():
        first = runs[0].with_files()
        progress.phase("load", first.spec.name)
        model = load_pipeline(first.spec, first.folder, first.options.load_options())
        probe = MagnitudeProbe()
        velocities = VelocityRecorder(probe.first_branch)
        with velocities.on(model.pipe.transformer), enable(model.pipe, probe):
            for number, one in enumerate(runs, 1):
                progress.phase("measure", f"clip {number} of {len(runs)}")
                make_latents(model, one.request, one.frame.image, progress)
    weights = None if first.folder is None else weights_fingerprint(first.folder / "transformer")
    table = dataclasses.replace(probe.table(first.spec.name, velocities.table()), weights=weights)
    table.save(path)
    ratios = [ratio for rows in probe.ratios.values() for row in rows for ratio in row[1:]]
    print(
        f"table    {path}\nratios   {min(ratios):.4f} to {max(ratios):.4f} from step to step,"
        f" branches {', '.join(table.curves)}"
    )
    return {"least_ratio": min(ratios), "largest_ratio": max(ratios)}


def _path(settings: CalibrateCacheSettings) -> Path:
    name = f"{settings.model.name}-magnitudes.json"
    path = Path("outputs") / name if settings.output is None else expanded(settings.output)
    if path.suffix != ".json":
        raise ConfigError(f"output '{path}' is not a .json file", "end it in .json")
    return path


def _plain(settings: CalibrateCacheSettings) -> CalibrateSettings:
    """As the pool of clips takes them."""
    names = {field.name for field in dataclasses.fields(CalibrateSettings)}
    shared = {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if field.name in names
    }
    return CalibrateSettings(**shared, held_out=0)
