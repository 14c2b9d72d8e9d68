"""`vidkit tune`: settings to a config that generates fastest above a floor of quality.

Everything that can be refused is refused before weights are loaded. Clips are kept in the output folder as
they are made: a killed sweep resumes from there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.bench.progress import BenchProgress, busy_note
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.tables import say
from vidkit.bench.tuning.setting import REFERENCE, applied, reference_of
from vidkit.commands.tune.config_file import differences, write_config
from vidkit.commands.tune.plan import dry_run, stages_of
from vidkit.config.schema import GenerateSettings, Parallel, Weights
from vidkit.config.tune_schema import TuneSettings
from vidkit.errors import ConfigError, OutputError
from vidkit.generation.first_frame import MAZE
from vidkit.generation.prompt import read_prompts
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.generation.spec import RANDOM_LABEL
from vidkit.utils.files import check_writable
from vidkit.utils.paths import expanded
from vidkit.utils.plain import counted

if TYPE_CHECKING:
    from vidkit.bench.tuning.clips import TuneClips
    from vidkit.bench.tuning.search import Outcome
    from vidkit.bench.tuning.setting import Ladder
    from vidkit.bench.tuning.space import Checker

_PACKAGES = ("torch", "diffusers", "transformers", "numpy")
PLOT, CONFIG = "tune.png", "best.yaml"


def run(settings: TuneSettings) -> dict[str, Any]:
    """Sweep, choose, and write `tune.json`, `tune.png` and `best.yaml`; the record is returned.

    Raises:
        VidkitError: anything the user can correct; clips that were made stay in the folder.
    """
    _refuse(settings)
    seed = 0 if settings.seed is None else settings.seed
    given = {f.name: getattr(settings, f.name) for f in dataclasses.fields(GenerateSettings)}
    base = GenerateSettings(**given | {"seed": seed, "dry_run": False, "output": None, "prompts": None})
    reference = reference_of(base)
    prompts = [] if settings.prompts is None else read_prompts(expanded(settings.prompts))
    model = resolve(dataclasses.replace(reference, prompt=(prompts or [reference.prompt])[0]), draw=False)
    _check_prompts(settings, model, prompts)
    folder = _folder(settings)
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.bench.tuning.space import Checker, ladders_of

        multiple = model.request.magi.window if model.spec.is_magi else 1
        ladders = ladders_of(reference, settings.tune, model.options.expected_dtype, multiple)
        check = Checker(reference, model)
        _check_possible(model, ladders, check)
        _check_folder(folder, settings.force)
        if settings.dry_run:
            return dry_run(settings, model, ladders, folder, check)
        check_writable(folder, create=True)
        return _sweep(settings, reference, prompts, model.with_files(), folder, ladders)


def _sweep(
    settings: TuneSettings,
    reference: GenerateSettings,
    prompts: list[str],
    model: ResolvedRun,
    folder: Path,
    ladders: list[Ladder],
) -> dict[str, Any]:
    from vidkit.bench.tuning.clips import TuneClips
    from vidkit.bench.tuning.models import ModelPool
    from vidkit.bench.tuning.search import Search
    from vidkit.bench.tuning.space import Checker
    from vidkit.utils.device import device_name

    options = model.options.load_options()
    stages = stages_of(settings, model, ladders)
    surroundings = environment(
        _PACKAGES, reference.seed or 0, device_name(options.device), model.options.expected_dtype
    )
    with BenchProgress([(stage.name, stage.planned_s) for stage in stages]) as progress:
        pool = ModelPool(progress.note)
        header = _header(settings, reference, prompts, model, surroundings["device"])
        clips = TuneClips(reference, prompts, model, folder, header, pool, progress.note)
        try:
            if clips.count:
                progress.note(f"the sweep resumes: {counted(clips.count, 'clip')} found in {folder}")
            record = _record(settings, folder, surroundings)
            problem = Checker(reference, model).problem
            outcome = Search(ladders, settings.tune, clips, problem, progress.begin).run()
        finally:
            clips.log.release()
            pool.close()
    return _finish(settings, reference, model, outcome, record, clips)


def _finish(
    settings: TuneSettings,
    reference: GenerateSettings,
    model: ResolvedRun,
    outcome: Outcome,
    record: BenchRecord,
    clips: TuneClips,
) -> dict[str, Any]:
    from statistics import median

    from vidkit.bench.tuning.figure import plot
    from vidkit.bench.tuning.report import content_of, sentences, table_of

    seconds = median(row["seconds"] for row in clips.rows(REFERENCE))
    labels = (RANDOM_LABEL,) if model.is_random else ()
    record.found = {
        "labels": list(labels),
        "reference_seconds": seconds,
        **content_of(outcome, settings.tune),
    }
    table_of(outcome, settings.tune, seconds).show()
    chosen = applied(reference, outcome.chosen)
    chosen.seed = None
    comments = [
        f"Made by vidkit tune: {outcome.chosen.name}: {outcome.reason}.",
        f"Floor {settings.tune.psnr:g} dB; figures in {record.file.name} beside it.",
    ]
    write_config(record.folder / CONFIG, chosen, comments)
    title = " | ".join([model.spec.name, str(record.environment["device"]), *labels])
    plot(outcome, settings.tune.psnr, title, record.folder / PLOT)
    record.head["complete"] = True
    record.write()
    for line in sentences(outcome):
        say(line)
    notes = [busy_note(record.environment)]
    notes += [f"{RANDOM_LABEL}: the clips are noise, so only times are meaningful"] if labels else []
    for note in filter(None, notes):
        say(f"note    {note}")
    for name in (record.file.name, PLOT):
        say(f"{(record.folder / name).suffix[1:]:<7} {record.folder / name}")
    say(f"config  vidkit generate --config {record.folder / CONFIG}")
    return record.content()


def _refuse(settings: TuneSettings) -> None:
    if settings.num_videos > 1:
        raise ConfigError(
            f"num_videos={settings.num_videos}: tune makes tune.clips clips", "set tune.clips instead"
        )
    if settings.video is not None or settings.last_image is not None:
        raise ConfigError(
            "tune makes clips from prompts and a first frame, not from video= or last_image=",
            "leave them out",
        )
    if settings.parallel is not Parallel.none:
        raise ConfigError(
            f"tune makes its clips in one process, and parallel={settings.parallel.value} needs several",
            "leave parallel out, and start vidkit without torchrun",
        )


def _check_possible(model: ResolvedRun, ladders: list[Ladder], check: Checker) -> None:
    """Refuse a sweep of which every setting would be left out."""
    every = [one for ladder in ladders for one in ladder.settings]
    if all(check.problem(one) for one in every):
        raise ConfigError(
            f"nothing can be tried with '{model.spec.name}'; {every[0].name}: {check.problem(every[0])}",
            "choose another --config, or other tune.steps, tune.attention, tune.caches and tune.precisions",
        )


def _check_prompts(settings: TuneSettings, model: ResolvedRun, prompts: list[str]) -> None:
    if prompts and settings.prompt:
        raise ConfigError("a prompt and prompts=FILE were given", "keep one of them")
    drawn = settings.image == MAZE or settings.model.weights is Weights.random
    if not prompts and not settings.prompt and not drawn:
        raise ConfigError(
            "there is no prompt to tune on", "give one as words, or several with --prompts FILE"
        )
    if model.request.by_chunks:
        raise ConfigError(
            f"'{model.spec.name}' makes clips chunk by chunk in a few fixed steps: there is nothing to tune",
            "choose another --config",
        )
    if model.spec.needs_image and settings.image is None and settings.model.weights is not Weights.random:
        raise ConfigError(f"'{model.spec.name}' needs a first frame", "add image=PATH")


def _folder(settings: TuneSettings) -> Path:
    if settings.output is None:
        return Path("outputs") / "tune" / settings.model.name
    folder = expanded(settings.output)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"output '{folder}' is a file", "name a folder")
    return folder


def _check_folder(folder: Path, force: bool) -> None:
    """A folder belongs to one sweep.

    Raises:
        OutputError: it holds other things.
    """
    from vidkit.bench.tuning.clips import LOG, REFERENCES

    if force or not folder.exists():
        return
    names = {path.name for path in folder.iterdir()}
    left = REFERENCES in names and names <= {REFERENCES, "tune.json", PLOT, CONFIG}  # the log was deleted
    if names and LOG not in names and not left:
        raise OutputError(
            f"'{folder}' is not empty and is not a folder of vidkit tune",
            "choose another --output, or use it anyway with --force",
        )


def _record(settings: TuneSettings, folder: Path, surroundings: dict[str, Any]) -> BenchRecord:
    return BenchRecord(
        "tune",
        folder,
        [PLOT, CONFIG],
        made_by="vidkit tune",
        settings=dataclasses.asdict(settings),
        environment=surroundings,
        inputs={"clips": "the config's, with seeds derived from the seed and the clip's number"},
        force=settings.force,
    )


def _header(
    settings: TuneSettings,
    reference: GenerateSettings,
    prompts: list[str],
    model: ResolvedRun,
    device: str,
) -> dict[str, Any]:
    """What a log must agree with; the floor and numbers of settings may change, and clips may grow."""
    from vidkit.utils.fingerprint import weights_fingerprint

    folder = model.folder
    values = _flat(differences(reference, GenerateSettings()))
    for name in ("force", "verbose", "stats", "device"):
        values.pop(name, None)
    weights = None if folder is None else weights_fingerprint(folder / "transformer")
    return {"format": 1, "weights": weights, "device": device, "prompts": prompts, **values}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names, so that a difference is told by its own."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        nested = _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        found |= nested
    return found
