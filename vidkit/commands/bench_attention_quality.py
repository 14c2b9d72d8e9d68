"""`vidkit bench attention-quality`: what sparse attention does to the embedded model's clips."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.config.bench_quality_schema import BenchAttentionQualitySettings
from vidkit.utils.files import check_writable, write_text_atomic

if TYPE_CHECKING:
    from vidkit.commands.quality_run import QualityProgress
    from vidkit.generation.load import LoadedModel

ROWS_A_FAMILY, DENSE_ROWS = 6, 2
PACKAGES = ("torch", "diffusers", "transformers", "triton", "numpy")


def run(settings: BenchAttentionQualitySettings) -> dict[str, Any]:
    """Measure and write `attention_quality.json` and `attention_quality.png`; the record is returned.

    Raises:
        VidkitError: anything the user can put right; what was measured stays in the work folder.
    """
    if settings.dry_run:
        return _dry_run(settings)
    output = Path(settings.output or "outputs/bench/attention_quality").expanduser()
    check_writable(output, create=True)
    work = Path(settings.work).expanduser() if settings.work else output / "work"
    from vidkit.generation.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.commands.quality_report import differences_of, plot, print_tables, rows_of
        from vidkit.commands.quality_run import QualityRun
    model, fingerprint = load(settings)
    environment = _environment(model)
    results, setups = QualityRun(model, settings, work, fingerprint, _Printer()).run()
    record: dict[str, Any] = {
        "made_by": command_line(settings),
        "environment": environment,
        "weights": fingerprint,
        "settings": asdict(settings),
        "rows": rows_of(results, setups),
        "differences": differences_of(results),
        "setups": [
            {k: v for k, v in vars(s).items() if k not in ("table", "matches")}
            | {"matches": {n: asdict(m) for n, m in s.matches.items()}, "joint": s.table.meta.get("joint"),
               "calibration_seconds": s.table.meta.get("calibration_seconds")}
            for s in setups
        ],
    }  # fmt: skip
    write_text_atomic(output / "attention_quality.json", json.dumps(record, indent=1, default=str) + "\n")
    plot(record, output / "attention_quality.png")
    print_tables(record)
    print(f"written: {output / 'attention_quality.json'}, {output / 'attention_quality.png'}")
    return record


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


def command_line(settings: BenchAttentionQualitySettings) -> str:
    """The command that repeats a measurement: what differs from the defaults."""
    default, words = BenchAttentionQualitySettings(), []
    for name, value in asdict(settings).items():
        if name not in ("output", "work", "verbose", "dry_run") and value != getattr(default, name):
            plain = [getattr(v, "value", v) for v in value] if isinstance(value, list) else value
            text = json.dumps(plain).replace('"', "").replace(" ", "") if isinstance(plain, list) else plain
            words.append(f"{name}={getattr(text, 'value', text)}")
    return " ".join(["vidkit bench attention-quality", *words])


def _environment(model: LoadedModel) -> dict[str, Any]:
    import torch

    from vidkit.utils.device import device_name
    from vidkit.utils.provenance import provenance

    device = model.options.device
    name = None if device.type == "cpu" else device_name(device)
    dtype = str(model.options.dtype).removeprefix("torch.")
    return {**provenance(PACKAGES, name), "dtype": dtype, "threads": torch.get_num_threads()}


def _dry_run(settings: BenchAttentionQualitySettings) -> dict[str, Any]:
    """Count what would be computed."""
    clips = len(settings.sizes) * settings.mazes
    rows = DENSE_ROWS + ROWS_A_FAMILY * len(settings.families)
    forwards = clips * rows * sum(settings.steps)
    probes = 12 * 4 * 3 * 4 * len(settings.families) * len(settings.steps)
    plan = {"clips": clips * rows * len(settings.steps), "forwards": forwards, "probes": probes}
    print(
        f"{plan['clips']} clips of {clips} mazes, {rows} rows and {len(settings.steps)} numbers of steps:"
        f" {forwards} forwards; up to {probes} probes for the tables, half a forward each.\n"
        "A forward of the embedded model takes 1 to 2.5 s on a CPU core."
    )
    return plan


class _Printer:
    """Progress on stderr: a line for each thing that begins, and for each twentieth of the clips."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console, self._note, self._share = Console(stderr=True), "", -1

    def __call__(self, at: QualityProgress) -> None:
        from vidkit.commands.progress import _duration

        share = 20 * at.done // max(at.total, 1)
        if at.note == self._note and share == self._share:
            return
        self._note, self._share = at.note, share
        left = "" if at.eta_s is None else f"  clips: {_duration(at.eta_s)} left"
        self._console.print(f"{at.done}/{at.total}  {at.note}{left}", highlight=False)
