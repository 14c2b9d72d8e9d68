"""`vidkit calibrate`: settings to a table of thresholds, one for each attention head.

Everything that can be refused is refused before weights are loaded. Measurements lie in a folder beside the
table: a killed run resumes from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.commands.calibrate.cost import CalibrationCost, dry_run
from vidkit.commands.calibrate.prompts import clips_of
from vidkit.commands.calibrate.report import (
    CalibrationProgress,
    CalibrationSummary,
    summary_lines,
    summary_of,
)
from vidkit.config.attention_schema import Predictor
from vidkit.config.calibrate_schema import CalibrateSettings
from vidkit.config.schema import GenerateSettings
from vidkit.errors import ConfigError, DataError
from vidkit.generation.out_of_memory import out_of_memory_explained
from vidkit.generation.resolve import ResolvedRun, find_model, resolve
from vidkit.generation.sparse import check_text
from vidkit.generation.spec import RANDOM_LABEL
from vidkit.utils.files import check_writable
from vidkit.utils.fingerprint import weights_fingerprint
from vidkit.utils.paths import expanded
from vidkit.utils.sealing import check_single, named_paths
from vidkit.utils.strict_json import load_json

if TYPE_CHECKING:
    from vidkit.attention import ThresholdTable
    from vidkit.attention.calibration import CalibrationPlan
    from vidkit.attention.predictors import MaskPredictor
    from vidkit.generation.load import LoadOptions


def run(settings: CalibrateSettings) -> CalibrationSummary | CalibrationCost:
    """Calibrate a model, or spend another budget on a table that is there.

    Raises:
        VidkitError: anything the user can correct; measurements stay on disk in any case.
    """
    if settings.resolve is not None:
        return _resolve(settings, expanded(settings.resolve))
    _refuse_what_cannot_be_calibrated(settings)
    table_path, work = places_of(settings)
    clips = clips_of(settings)
    runs = _resolved(clips)
    predictor = _predictor(settings)
    check_text(predictor, runs[0].spec)
    plan = _plan(settings, runs)
    if settings.dry_run:
        return dry_run(settings, runs[0], plan, table_path, work)
    check_writable(table_path.parent, create=settings.output is None)
    if not settings.force:
        _refuse_to_overwrite_another(table_path, runs[0].table_model, predictor.describe())
    _refuse_foreign(settings, table_path)
    options = runs[0].options.load_options()
    with CalibrationProgress() as progress, out_of_memory_explained():
        first = runs[0].with_files()
        _check_prompts(first.folder, runs)
        progress.phase("load", first.spec.name)
        table = _measure(first, options, runs, predictor, plan, work, progress)
    _refuse_foreign(settings, table_path)  # hours may have gone by
    table.save(table_path)
    made = summary_of(table, table_path, (RANDOM_LABEL,) if RANDOM_LABEL in table.model else ())
    print("\n".join(summary_lines(made)))
    return made


def places_of(settings: CalibrateSettings) -> tuple[Path, Path]:
    """The table file and the folder of measurements.

    Raises:
        ConfigError: a table file that does not end in .json.
    """
    if settings.output is None:
        table = (
            Path("outputs") / f"{settings.model.name}-{settings.attention.predictor.rpartition(':')[2]}.json"
        )
    else:
        table = expanded(settings.output)
        if table.suffix != ".json" or table.is_dir():
            raise ConfigError(f"output '{table}' is not a .json file", "end it in .json")
        check_writable(table.parent)
    work = table.with_suffix(".calibration") if settings.work is None else expanded(settings.work)
    return table, work


def _resolve(settings: CalibrateSettings, source: Path) -> CalibrationSummary:
    """Another budget from the measurements in a table; no model, no GPU."""
    from vidkit.attention import ThresholdTable
    from vidkit.attention.calibration import resolve, warn_at_floor

    if settings.budget is None:
        raise ConfigError("resolve needs the new budget", "add the minimum mean sparsity, e.g. budget=0.5")
    old = ThresholdTable.load(source)
    fresh = resolve(old, settings.budget)
    warn_at_floor(fresh)
    path = source.with_name(f"{source.stem}-budget{settings.budget:g}.json")
    path = path if settings.output is None else places_of(settings)[0]
    if not settings.dry_run:
        check_writable(path.parent)
        _refuse_foreign(settings, path)
        fresh.save(path)
    labels = (RANDOM_LABEL,) if RANDOM_LABEL in fresh.model else ()
    made = summary_of(fresh, None if settings.dry_run else path, labels)
    print("\n".join(summary_lines(made)))
    return made


def _refuse_what_cannot_be_calibrated(settings: CalibrateSettings) -> None:
    if settings.attention.predictor is Predictor.DENSE:
        raise ConfigError(
            "dense attention has nothing to calibrate", "add attention=xattention or attention=svg2"
        )
    if settings.attention.predictor is Predictor.SVG1:
        raise ConfigError(
            "svg1 keeps a fixed share of the blocks: it has no threshold to calibrate",
            "add attention=xattention or attention=svg2",
        )
    if settings.attention.table not in (None, "auto"):
        raise ConfigError(
            f"attention.table={settings.attention.table}: calibration makes a table and does not take one",
            "leave attention.table out; --resolve FILE solves a table for another budget",
        )
    if settings.model.offload.value != "none":
        raise ConfigError(
            f"model.offload={settings.model.offload.value}: probes need the transformer on the device",
            "set model.offload=none",
        )


def _refuse_foreign(settings: CalibrateSettings, table: Path) -> None:
    """Refuse a table over a file that vidkit did not write, or over one that this run reads."""
    named = {name: path for name, path in named_paths(settings).items() if "'output'" not in name}
    check_single(table, "--output", named, settings.force)


def _refuse_to_overwrite_another(path: Path, model: str, predictor: dict[str, Any]) -> None:
    """Hours of someone's measurements are not overwritten by those of another model or predictor."""
    if not path.exists():
        return
    try:
        there = load_json(path.read_text(encoding="utf-8"), str(path))
        name = there["predictor"]["name"]
        same = (there["model"], there["predictor"]) == (model, predictor)
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return  # no table; whether it may go is asked next
    if not same:
        raise ConfigError(
            f"'{path}' holds another table, of model '{there['model']}' and {name}",
            "choose another --output, or overwrite it with --force",
        )


def _resolved(clips: list[GenerateSettings]) -> list[ResolvedRun]:
    spec, folder = find_model(clips[0])
    if spec.needs_image:
        raise ConfigError(
            f"'{spec.name}' is an image-to-video model, and calibrate has no first frames for it",
            "calibrate the text-to-video model of the same size",
        )
    return [resolve(clip, model=(spec, folder)) for clip in clips]


def _predictor(settings: CalibrateSettings) -> MaskPredictor:
    from vidkit.generation.sparse import prepare

    policy = prepare(settings.attention, settings.model.name, needs_delta=False).policy
    assert policy is not None and policy.predictor is not None
    return policy.predictor


def _plan(settings: CalibrateSettings, clips: list[ResolvedRun]) -> CalibrationPlan:
    from vidkit.attention.calibration import CalibrationPlan

    # the seed belongs to a clip: two mazes may have one caption
    names = [f"{clip.request.prompt} [seed {clip.request.seed}]" for clip in clips]
    return CalibrationPlan(
        candidates=list(settings.candidates),
        prompts=names,
        held_out=settings.held_out,
        steps=settings.steps,
        dense_steps=settings.attention.dense_steps,
        intervals=settings.intervals,
        budget=settings.budget,
        shared_tau=settings.attention.tau,
        target_reuse=settings.target_reuse,
        seed=settings.attention.seed,
    )


def _check_prompts(folder: Path | None, clips: list[ResolvedRun]) -> None:
    if folder is None:
        return
    from vidkit.generation.prompt import check_prompt_length, load_tokenizer

    tokenizer = load_tokenizer(folder)
    for number, clip in enumerate(clips, 1):
        check_prompt_length(
            tokenizer, clip.request.prompt, clip.request.max_sequence_length, f"prompt {number}"
        )


def _measure(
    first: ResolvedRun,
    options: LoadOptions,
    clips: list[ResolvedRun],
    predictor: MaskPredictor,
    plan: CalibrationPlan,
    work: Path,
    progress: CalibrationProgress,
) -> ThresholdTable:
    from vidkit.attention.calibration import calibrate
    from vidkit.generation.load import load_pipeline
    from vidkit.generation.run import make_latents

    settings, folder = first.settings, first.folder
    model = load_pipeline(first.spec, folder, options)

    def generate(number: int) -> object:
        clip = clips[number]
        return make_latents(model, clip.request, clip.frame.image, progress)

    meta = {
        "revision": settings.model.revision,
        "path": settings.model.path,
        "transformer": "transformer",
        "fingerprint": None if folder is None else weights_fingerprint(folder / "transformer"),
        "resolution": [settings.height, settings.width],
        "frames": settings.frames,
        "fps": settings.fps,
        "sampler": settings.sampler.value,
        "shift": settings.shift,
        "guidance": settings.guidance,
        "denoising_steps": settings.steps,
        "dtype": str(options.dtype).removeprefix("torch."),
        "max_sequence_length": settings.max_sequence_length,
    }
    return calibrate(
        model.pipe.transformer,
        generate,
        predictor,
        plan,
        first.table_model,
        work,
        meta,
        progress.probe,
        progress.stage,
    )
