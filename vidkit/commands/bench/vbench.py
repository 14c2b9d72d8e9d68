"""`vidkit bench vbench`: scores of a folder of videos, totals and differences of VBench's result files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from vidkit.bench.progress import BenchProgress
from vidkit.bench.record import BenchRecord, environment
from vidkit.bench.running import Part, Tell, run_parts
from vidkit.bench.tables import TextTable, say
from vidkit.bench.vbench.comparing import TOTALS, Figure, differences, scored, why_no_total
from vidkit.bench.vbench.dimensions import DIMENSIONS
from vidkit.bench.vbench.official import Results, Scores, read_results
from vidkit.commands.bench.common import command_of, folder_for, plan_of, print_files
from vidkit.config.bench_vbench_schema import BenchVbenchSettings, VbenchDimension
from vidkit.errors import ConfigError, DataError, SomeFailed, VideoError
from vidkit.utils.paths import expanded
from vidkit.utils.statistics import EACH_BY_ITSELF

_VIDEO_S = 3.0  # a dimension and video, on a quiet core
_PACKAGES = ("numpy", "av", "opencv-python-headless", "torch", "transformers")


def run(settings: BenchVbenchSettings) -> dict[str, Any]:
    """Score or read, compare, and write `vbench.json`.

    Returns:
        The record; of a dry run, the plan.

    Raises:
        ConfigError: nothing is given, or one thing twice.
        DataError: no videos, folders without common ones, or a file that is no result of VBench.
        ModelError: a local model that cannot be used.
        VideoError: no video of a folder can be read.
        SomeFailed: some cannot; the others are scored.
    """
    command = command_of("vbench", settings)
    if not settings.videos and not settings.results:
        raise ConfigError(
            "there is nothing to score",
            "give videos=[FOLDER,...], or results=[FILE,...] of VBench; the first of several is the baseline",
        )
    given = [expanded(one) for one in settings.videos or settings.results]
    parts = _parts(settings, given)
    output = folder_for("vbench", settings.output, settings.dry_run)
    if settings.dry_run:
        return plan_of("vbench", parts, ["times are estimates for a quiet core"], command)
    record = BenchRecord(
        "vbench",
        output,
        [],
        made_by=command,
        settings=asdict(settings),
        environment=environment(_PACKAGES, settings.seed),
        force=settings.force,
        inputs={part.name: str(path) for part, path in zip(parts, given, strict=True)},
    )
    record.found = {"results": [], "differences": []}
    made: list[Results] = []
    with BenchProgress([(part.name, part.planned_s) for part in parts]) as progress:
        try:
            run_parts(
                parts,
                record,
                progress,
                partial(_take, record, made),
                lambda part: None,
                partial(_finish, record, made),
            )
        finally:
            print_files(output, [record.file.name])
    lost = sum(len(one.left_out) for one in made)
    if lost:
        raise SomeFailed(
            f"{lost} {'video was' if lost == 1 else 'videos were'} left out of the scores",
            f"the record says why ('left_out' in {record.file})",
            record.content(),
        )
    return record.content()


def _parts(settings: BenchVbenchSettings, given: Sequence[Path]) -> list[Part]:
    names = _names(given)
    if settings.results:
        read = [read_results(path) for path in given]
        return [
            Part(name, f"{len(one.scores)} dimensions", 1.0, partial(_read, Results(name, one.scores)))
            for name, one in zip(names, read, strict=True)
        ]
    from vidkit.bench.vbench.scoring import videos_of

    files = [videos_of(folder) for folder in given]
    common = {file.name for file in files[0]}.intersection(*({f.name for f in one} for one in files[1:]))
    if not common:
        raise DataError(
            f"no video of '{given[0]}' has a namesake in the other folders", "videos are paired by file name"
        )
    chosen = [[file for file in one if file.name in common] for one in files]
    asked = settings.scored
    return [
        Part(
            name,
            f"{len(mine)} of {len(one)} videos, {len(asked)} dimensions",
            _VIDEO_S * len(mine) * len(asked),
            partial(_score, settings, name, mine),
        )
        for name, one, mine in zip(names, files, chosen, strict=True)
    ]


def _names(given: Sequence[Path]) -> list[str]:
    """Short names, unique."""
    names = [path.stem.removesuffix("_eval_results") or str(path) for path in given]
    if len(set(names)) == len(names):
        return names
    longer = [str(path) for path in given]
    if len(set(longer)) < len(longer):
        raise ConfigError("one folder or file is given twice", "give different ones")
    return longer


def _read(results: Results, tell: Tell) -> Iterator[Results]:
    yield results


def _score(settings: BenchVbenchSettings, name: str, files: Sequence[Path], tell: Tell) -> Iterator[Results]:
    from vidkit.bench.vbench.scoring import Score, over_all, read_clip

    scorers = _scorers(settings)
    found: dict[str, dict[str, Score]] = {one: {} for one in scorers}
    left_out: dict[str, str] = {}
    for number, file in enumerate(files):
        try:
            clip = read_clip(file)
        except VideoError as error:  # one bad file of hundreds does not end the night's run
            left_out[file.name] = error.message
            tell(f"left out: {error.message}")
            if len(left_out) == len(files):
                raise
            continue
        for one, score in scorers.items():
            found[one][file.name] = score(clip)
        if (number + 1) % max(1, len(files) // 10) == 0:
            tell(f"{name}: {number + 1} of {len(files)} videos")
    by_frame = (VbenchDimension.subject_consistency, VbenchDimension.background_consistency)
    yield Results(
        name,
        {
            one: Scores(
                over_all(list(rows.values()), one.split(" ")[0] in by_frame),
                {file: row.value for file, row in rows.items()},
            )
            for one, rows in found.items()
        },
        left_out,
    )


def _scorers(settings: BenchVbenchSettings) -> dict[str, Callable[[Any], Any]]:
    """What scores a clip, by the name that the score may have."""
    from vidkit.bench.vbench import scoring

    asked = settings.scored
    made: dict[str, Callable[[Any], Any]] = {}
    if VbenchDimension.temporal_flickering in asked:
        made["temporal_flickering"] = scoring.temporal_flickering
    made |= _by_models(settings, asked)
    for one in (scoring.motion_smoothness, scoring.dynamic_degree):
        if one.__name__ in asked:
            made[scoring.like(one.__name__)] = one
    return made


def _by_models(
    settings: BenchVbenchSettings, asked: Sequence[VbenchDimension]
) -> dict[str, Callable[[Any], Any]]:
    named = (settings.dino, settings.clip, settings.aesthetic_clip)
    if not any(named):
        return {}
    from vidkit.bench.vbench.features import load_aesthetic, load_clip, load_dino
    from vidkit.bench.vbench.scoring import like
    from vidkit.utils.device import resolve_device

    device = resolve_device(settings.device)
    made: dict[str, Callable[[Any], Any]] = {}
    loaders = (
        (VbenchDimension.subject_consistency, settings.dino, load_dino),
        (VbenchDimension.background_consistency, settings.clip, load_clip),
    )
    for dimension, folder, load in loaders:
        if dimension in asked and folder is not None:
            features = load(expanded(folder), device)
            made[dimension.value if features.published else like(dimension.value)] = features.consistency
    if VbenchDimension.aesthetic_quality in asked and settings.aesthetic_clip and settings.aesthetic_layer:
        tower, layer = (expanded(p) for p in (settings.aesthetic_clip, settings.aesthetic_layer))
        aesthetic = load_aesthetic(tower, layer, device)
        name = VbenchDimension.aesthetic_quality.value
        made[name if aesthetic.features.published else like(name)] = aesthetic.score
    return made


def _take(record: BenchRecord, made: list[Results], part: Part, found: Results) -> str:
    made.append(found)
    totals = {total: why_no_total(found, total) for total in TOTALS}
    record.found["results"].append(
        {
            "name": found.name,
            "figures": {name: asdict(figure) for name, figure in scored(found).items()},
            "missing": {total: lacking for total, lacking in totals.items() if lacking},
            "videos": {name: one.videos for name, one in found.scores.items()},
            "left_out": found.left_out,
        }
    )
    if len(made) > 1:
        record.found["differences"].append(
            {
                "name": found.name,
                "from": made[0].name,
                "figures": {name: asdict(one) for name, one in differences(made[0], found).items()},
            }
        )
    return ""


def _finish(record: BenchRecord, made: Sequence[Results]) -> None:
    """Tables of what there is."""
    if not made:
        return
    for one in record.found["results"]:
        _table(f"{one['name']}, raw scores and totals", one["figures"], "{:.4f}").show()
        for total, lacking in one["missing"].items():
            say(f"note  no {total} of {one['name']}: {_listed(lacking)}")
    for one in record.found["differences"]:
        _table(f"{one['name']} minus {one['from']}", one["figures"], "{:+.4f}").show()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{len(names)} dimensions are missing ({shown}{', ...' if len(names) > 4 else ''})"


def _table(title: str, figures: dict[str, Any], form: str) -> TextTable:
    table = TextTable(("dimension", "score", "95 % interval", "prompts", "of", ""), title, EACH_BY_ITSELF)
    for name, plain in figures.items():
        figure = Figure(**plain)
        bound = "" if figure.low is None else f"{form.format(figure.low)} to {form.format(figure.high)}"
        known = DIMENSIONS.get(name)
        prompts = str(figure.prompts) if figure.prompts else ""
        table.add(name, form.format(figure.value), bound, prompts, known.group if known else "", figure.note)
    return table
