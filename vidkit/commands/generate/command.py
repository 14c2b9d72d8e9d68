"""`vidkit generate`: settings to an mp4, a contact sheet and a record.

Everything that can be refused is refused before weights are loaded; nothing here imports torch before that,
so a dry run takes no longer than reading the config.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vidkit.commands.generate.output import OutputPaths, held_paths, without_video, written_together
from vidkit.commands.generate.report import cost_lines, summary_lines
from vidkit.config.schema import GenerateSettings, Weights
from vidkit.errors import ConfigError, VidkitError
from vidkit.generation.cost import CostEstimate, estimate_cost
from vidkit.generation.first_frame import MAZE, FirstFrame, first_frame
from vidkit.generation.folder import check_folder, embedded_folder, local_folder
from vidkit.generation.record import RunRecord
from vidkit.generation.sparse import SparseRun, is_dense, prepare
from vidkit.generation.spec import RANDOM_LABEL, ModelSpec, Request, spec_from_folder
from vidkit.generation.validate import check_request
from vidkit.utils.device import expected_kind
from vidkit.utils.ownership import signed
from vidkit.utils.seeding import draw_seed

if TYPE_CHECKING:
    from vidkit.commands.progress import RunProgress
    from vidkit.generation.load import LoadedModel, LoadOptions
    from vidkit.generation.run import Generation

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "numpy", "av")


def run(settings: GenerateSettings) -> RunRecord | CostEstimate:
    """Generate one clip and write it; with `dry_run`, only say what it would cost.

    Raises:
        VidkitError: anything the user can put right; no partial file is left in any case.
    """
    settings = dataclasses.replace(settings, seed=draw_seed() if settings.seed is None else settings.seed)
    spec, folder = find_model(settings)
    if settings.dry_run:
        return _dry_run(settings, spec, folder)
    frame = first_frame(settings, spec)
    request = make_request(settings, frame)
    check_request(spec, request)
    _check_prompt_given(settings, frame)
    with held_paths(settings) as paths:
        return _make(settings, spec, folder, frame, request, paths)


def _make(
    settings: GenerateSettings,
    spec: ModelSpec,
    folder: Path | None,
    frame: FirstFrame,
    request: Request,
    paths: OutputPaths,
) -> RunRecord:
    """Load, generate and write; `paths` are this run's alone."""
    options = load_options(settings)
    sparse = prepare(settings.attention, table_model(settings), folder=folder)
    paths, missing = _without_encoder(settings, paths)
    from vidkit.commands.progress import RunProgress

    with RunProgress() as progress, out_of_memory_explained():
        spec, folder, request = with_files(settings, spec, folder, request)
        warnings = [*missing, *frame.notes, *_prompt_warnings(settings, folder, request)]
        warnings += sparse.check(spec, request)
        for text in warnings:
            progress.warning(text)
        progress.phase("load", spec.name)
        model = _load(spec, folder, options)
        made = _generate(model, request, frame, progress, sparse)
        progress.phase("write")
        record = _finish(settings, model, made, frame, warnings, paths, progress)
    print("\n".join(summary_lines(record, made.frames, settings.fps)))
    return record


def find_model(settings: GenerateSettings) -> tuple[ModelSpec, Path | None]:
    """Shapes, and the local folder if there is one; a hub id is not fetched yet.

    Raises:
        ModelError: a folder that is missing, damaged, or of another family.
    """
    model = settings.model
    spec = ModelSpec(
        model.name, model.family.value, model.transformer, model.vae, model.text_encoder, model.image_encoder
    )
    if model.weights is Weights.random:
        return spec, None
    if model.path is not None:
        folder = local_folder(model.path)
    elif model.weights is Weights.embedded:
        folder = embedded_folder(model.name)
    else:
        raise ConfigError(
            "model.weights=pretrained needs a model, but model.path is not set",
            "pass model.path=... or model.weights=random",
        )
    if folder is None:
        return spec, None
    check_folder(folder, spec.family)
    return spec_from_folder(spec, folder), folder


def table_model(settings: GenerateSettings) -> str:
    """The name that a threshold table must have been made for."""
    random = settings.model.weights is Weights.random
    return f"{settings.model.name} ({RANDOM_LABEL})" if random else settings.model.name


def make_request(settings: GenerateSettings, frame: FirstFrame) -> Request:
    """The part of the settings that shapes the clip."""
    names = {field.name for field in dataclasses.fields(Request)} - {"prompt", "has_image", "sampler"}
    return Request(
        **{name: getattr(settings, name) for name in names},
        sampler=settings.sampler.value,
        prompt=frame.prompt if not settings.prompt else settings.prompt,
        has_image=frame.given,
    )


def _dry_run(settings: GenerateSettings, spec: ModelSpec, folder: Path | None) -> CostEstimate:
    """Tokens, FLOPs and memory; a first frame and a table given as files are read as the run would."""
    if settings.image in (None, MAZE):  # to draw one needs torch
        frame = FirstFrame(None, given=settings.image is not None or spec.needs_image)
    else:
        frame = first_frame(settings, spec)
    request = make_request(settings, frame)
    check_request(spec, request)
    notes = list(frame.notes)
    if settings.attention.table not in (None, "", "auto"):  # only then torch is needed
        notes += prepare(settings.attention, table_model(settings), folder=folder).check(spec, request)
    on_cpu = expected_kind(settings.device) == "cpu"
    dtype = settings.dtype.value
    if dtype == "auto":
        dtype = "fp32" if on_cpu else "bf16"
    vae_dtype = "fp32" if settings.model.vae_dtype.value == "auto" else settings.model.vae_dtype.value
    estimate = estimate_cost(
        spec, request, dtype, vae_dtype, with_encoders=settings.model.weights is not Weights.random
    )
    print("\n".join(cost_lines(spec, request, estimate, dtype, vae_dtype)))
    if settings.dtype.value == "auto" and settings.device == "auto" and on_cpu:
        notes.append("no CUDA device here, so weights count as fp32; --device cuda counts bf16")
    if not is_dense(settings.attention):
        print(
            f"attention   {settings.attention.predictor.value}: its density is known after a run;"
            " FLOPs above are those of dense attention"
        )
    for note in notes:
        print(f"note        {note}")
    return estimate


def _check_prompt_given(settings: GenerateSettings, frame: FirstFrame) -> None:
    if settings.prompt or frame.prompt or frame.given or settings.model.weights is Weights.random:
        return
    raise ConfigError("no prompt was given", 'add one: vidkit generate ... "a red ball solves a light maze"')


def load_options(settings: GenerateSettings) -> LoadOptions:
    """Device, dtypes and offload; imports torch."""
    from vidkit.utils.device import resolve_device, resolve_dtype

    device = resolve_device(settings.device)
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.generation.load import LoadOptions

    vae_dtype = "fp32" if settings.model.vae_dtype.value == "auto" else settings.model.vae_dtype.value
    return LoadOptions(
        device=device,
        dtype=resolve_dtype(settings.dtype.value, device),
        vae_dtype=resolve_dtype(vae_dtype, device),
        offload=settings.model.offload.value,
        vae_tiling=settings.model.vae_tiling,
        vae_slicing=settings.model.vae_slicing,
        weights_seed=settings.model.weights_seed,
    )


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


def with_files(
    settings: GenerateSettings, spec: ModelSpec, folder: Path | None, request: Request
) -> tuple[ModelSpec, Path | None, Request]:
    """Fetch a hub model and check the request again: its files beat the config."""
    if folder is not None or settings.model.weights is Weights.random:
        return spec, folder, request
    from vidkit.generation.load import download

    assert settings.model.path is not None
    folder = download(settings.model.path, settings.model.revision)
    check_folder(folder, spec.family)
    spec = spec_from_folder(spec, folder)
    check_request(spec, request)
    return spec, folder, request


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
    model: LoadedModel, request: Request, frame: FirstFrame, progress: RunProgress, sparse: SparseRun
) -> Generation:
    from vidkit.generation.run import generate

    with sparse.on(model.pipe) as reporters:
        made = generate(model, request, frame.image, progress, reporters)
        record = dataclasses.replace(made.record, attention=sparse.report())
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
    from vidkit.utils.versions import git_commit, versions
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
        record = dataclasses.replace(
            made.record,
            labels=labels,
            settings=dataclasses.asdict(frame.resolved(settings)),
            model={"spec": dataclasses.asdict(model.spec)},
            phase_seconds={**made.record.phase_seconds, **timer.seconds},
            versions=versions(PACKAGES),
            commit=git_commit(),
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            outputs={kind: str(path) for kind, path in final.by_kind().items()},
            warnings=(*warnings, *made.record.warnings),
            verdict=frame.verdict(made.frames),
        )
        made_files = {path: temporary.by_kind()[kind] for kind, path in final.by_kind().items()}
        made_files.pop(final.record)
        owning = signed(record.as_dict(), final.record.parent, made_files)
        temporary.record.write_text(json.dumps(owning, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return record


@contextmanager
def out_of_memory_explained() -> Iterator[None]:
    """Say what helps when the accelerator's memory is full."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which is not imported before it is needed
            raise
        raise VidkitError(
            "the accelerator ran out of memory",
            "try model.offload=model, model.vae_tiling=true, fewer frames or a smaller size;"
            " --dry-run estimates the need",
        ) from error
