"""`vidkit generate`: settings to an mp4, a contact sheet and a record.

Everything that can be refused is refused before weights are loaded; nothing here imports torch before that,
so a dry run takes no longer than reading the config.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vidkit.commands.generate.output import OutputPaths, held_paths, without_video, written_together
from vidkit.commands.generate.report import cost_lines, stats_lines, summary_lines
from vidkit.config.schema import GenerateSettings, Weights
from vidkit.errors import ConfigError, VidkitError
from vidkit.generation.cost import CostEstimate, estimate_cost
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.not_finite import NotFinite
from vidkit.generation.out_of_memory import out_of_memory_explained
from vidkit.generation.record import RunRecord
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.generation.sparse import SparseRun, is_dense, prepare
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.speed import SpeedRun
from vidkit.utils.ownership import signed

if TYPE_CHECKING:
    from vidkit.commands.progress import RunProgress
    from vidkit.generation.load import LoadedModel, LoadOptions
    from vidkit.generation.run import Generation

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "numpy", "av")


def run(settings: GenerateSettings) -> RunRecord | CostEstimate:
    """Generate one clip and write it; with `dry_run`, only say what it would cost.

    Raises:
        VidkitError: anything the user can correct; no partial file is left in any case.
    """
    run = resolve(settings, draw=not settings.dry_run)
    if settings.dry_run:
        return _dry_run(run)
    _check_prompt_given(run)
    with held_paths(run.settings) as paths:
        return _make(run, paths)


def _make(run: ResolvedRun, paths: OutputPaths) -> RunRecord:
    """Load, generate and write; `paths` are this run's alone."""
    settings, options = run.settings, run.options.load_options()
    speed = SpeedRun(settings.compile.value, settings.attention.backend.value)
    speed.check(options.device, options.dtype, options.offload)
    sparse = prepare(settings.attention, run.table_model, folder=run.folder)
    paths, missing = _without_encoder(settings, paths)
    from vidkit.commands.progress import RunProgress

    with RunProgress() as progress, out_of_memory_explained():
        run = run.with_files()
        warnings = [*missing, *run.frame.notes, *_prompt_warnings(settings, run.folder, run.request)]
        warnings += sparse.check(run.spec, run.request)
        for text in warnings:
            progress.warning(text)
        progress.phase("load", run.spec.name)
        model = _load(run.spec, run.folder, options)
        try:
            made = _generate(model, run.request, run.frame, progress, sparse, speed)
        except NotFinite as error:
            assert isinstance(error.result, RunRecord)
            error.result = _keep_record(settings, model, error.result, run.frame, warnings, paths)
            raise
        progress.phase("write")
        record = _finish(settings, model, made, run.frame, warnings, paths, progress)
    print("\n".join(summary_lines(record, made.frames, settings.fps)))
    if settings.stats:
        print("\n".join(stats_lines(record, len(made.frames))))
    return record


def _dry_run(run: ResolvedRun) -> CostEstimate:
    """Tokens, FLOPs and memory; a first frame and a table given as files are read as the run would."""
    settings, spec, request = run.settings, run.spec, run.request
    notes = list(run.frame.notes)
    if settings.attention.table not in (None, "", "auto"):  # only then torch is needed
        notes += prepare(settings.attention, run.table_model, folder=run.folder).check(spec, request)
    dtype, vae_dtype = run.options.expected_dtype, run.options.vae_dtype
    estimate = estimate_cost(spec, request, dtype, vae_dtype, with_encoders=not run.is_random)
    print("\n".join(cost_lines(spec, request, estimate, dtype, vae_dtype)))
    if settings.dtype.value == "auto" and settings.device == "auto" and run.options.on_cpu:
        notes.append("no CUDA device here, so weights count as fp32; --device cuda counts bf16")
    if not is_dense(settings.attention):
        print(
            f"attention   {settings.attention.predictor}: its density is known after a run;"
            " FLOPs above are those of dense attention"
        )
    for note in notes:
        print(f"note        {note}")
    return estimate


def _check_prompt_given(run: ResolvedRun) -> None:
    if run.request.prompt or run.frame.given or run.is_random:
        return
    raise ConfigError("no prompt was given", 'add one: vidkit generate ... "a red ball solves a light maze"')


def _without_encoder(settings: GenerateSettings, paths: OutputPaths) -> tuple[OutputPaths, list[str]]:
    """Without an H.264 encoder, refuse; but noise from random weights may go unwritten, its record counts."""
    from vidkit.video.writing import require_encoder

    try:
        require_encoder()
    except VidkitError as error:
        if settings.model.weights is not Weights.random:
            raise
        return without_video(paths), [f"no video is written: {error.message}"]
    return paths, []


def _prompt_warnings(settings: GenerateSettings, folder: Path | None, request: Request) -> list[str]:
    """Refuse prompts that would be cut; report words the model does not know."""
    if folder is None:
        return ["the prompt has no effect with random weights"] if settings.prompt else []
    from vidkit.generation.prompt import check_prompt_length, load_tokenizer, unknown_words

    tokenizer = load_tokenizer(folder)
    found = []
    for name, text in (("prompt", request.prompt), ("negative prompt", request.negative_prompt or "")):
        check_prompt_length(tokenizer, text, request.max_sequence_length, name)
        words = unknown_words(tokenizer, text)
        if words:
            listed = ", ".join(f"'{word}'" for word in words)
            found.append(f"the model does not know these words of the {name}: {listed}")
    if request.negative_prompt and request.branches == 1:
        found.append(f"the negative prompt has no effect at guidance={request.guidance:g} (it acts above 1)")
    return found


def _load(spec: ModelSpec, folder: Path | None, options: LoadOptions) -> LoadedModel:
    from vidkit.generation.load import load_pipeline

    return load_pipeline(spec, folder, options)


def _generate(
    model: LoadedModel,
    request: Request,
    frame: FirstFrame,
    progress: RunProgress,
    sparse: SparseRun,
    speed: SpeedRun,
) -> Generation:
    from vidkit.generation.run import generate

    with speed.on(model, request), sparse.on(model.pipe) as reporters:
        made = generate(model, request, frame.image, progress, reporters)
        kernels = speed.report(made.record.steps)
        record = dataclasses.replace(made.record, attention=sparse.report(), kernels=kernels)
    return dataclasses.replace(made, record=record)


def _finish(
    settings: GenerateSettings,
    model: LoadedModel,
    made: Generation,
    frame: FirstFrame,
    warnings: list[str],
    paths: OutputPaths,
    progress: RunProgress,
) -> RunRecord:
    from vidkit.utils.timing import PhaseTimer
    from vidkit.video.sheet import contact_sheet
    from vidkit.video.writing import encode_mp4

    timer = PhaseTimer(model.options.device)
    labels = (*model.labels, *frame.labels)
    title = " | ".join([model.spec.name, made.record.prompt or "no prompt", *labels])
    with written_together(paths, settings) as (final, temporary):
        if final != paths:
            taken, base = paths.record.with_suffix(""), final.record.with_suffix("")
            warnings = [*warnings, f"files at '{taken}' appeared or changed meanwhile: this clip is '{base}'"]
            progress.warning(warnings[-1])
        with timer.phase("write"):
            if temporary.video is not None:
                encode_mp4(temporary.video, made.frames, settings.fps, settings.crf)
            if temporary.sheet is not None:
                contact_sheet(made.frames, settings.fps, title).save(temporary.sheet, format="PNG")
        timed = dataclasses.replace(made.record, phase_seconds={**made.record.phase_seconds, **timer.seconds})
        record = _described(timed, settings, model, frame, warnings, final)
        record = dataclasses.replace(record, verdict=frame.verdict(made.frames))
        made_files = {path: temporary.by_kind()[kind] for kind, path in final.by_kind().items()}
        made_files.pop(final.record)
        owning = signed(record.as_dict(), final.record.parent, made_files)
        temporary.record.write_text(json.dumps(owning, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return record


def _keep_record(
    settings: GenerateSettings,
    model: LoadedModel,
    record: RunRecord,
    frame: FirstFrame,
    warnings: list[str],
    paths: OutputPaths,
) -> RunRecord:
    """Write the record of a run that stopped: no pictures, and what was wrong among the warnings."""
    with written_together(OutputPaths(None, None, paths.record), settings) as (final, temporary):
        record = _described(record, settings, model, frame, warnings, final)
        owning = signed(record.as_dict(), final.record.parent, {})
        temporary.record.write_text(json.dumps(owning, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return record


def _described(
    record: RunRecord,
    settings: GenerateSettings,
    model: LoadedModel,
    frame: FirstFrame,
    warnings: list[str],
    paths: OutputPaths,
) -> RunRecord:
    """The record with everything that is needed to repeat the run."""
    from vidkit.utils.versions import git_commit, versions

    return dataclasses.replace(
        record,
        labels=(*model.labels, *frame.labels),
        settings=dataclasses.asdict(frame.resolved(settings)),
        model={"spec": dataclasses.asdict(model.spec)},
        versions=versions(PACKAGES),
        commit=git_commit(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        outputs={kind: str(path) for kind, path in paths.by_kind().items()},
        warnings=(*warnings, *record.warnings),
    )
