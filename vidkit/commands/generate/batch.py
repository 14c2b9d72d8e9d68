"""Many clips with one loaded model: lines of a file, or several videos of a prompt.

A file's clips go into a folder with a log (`batch.jsonl`). Started again after any death, the run makes what
is missing: a clip counts as made while its settings are the same and its files are as they were written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vidkit.commands.generate.output import held_paths
from vidkit.commands.generate.prompt_checks import check_prompt_given, prompt_warnings
from vidkit.commands.generate.prompts_file import Clip, clips_of, video_seed
from vidkit.commands.generate.report import stats_lines, summary_lines
from vidkit.commands.generate.session import Session
from vidkit.config.schema import GenerateSettings
from vidkit.errors import ConfigError, DataError, OutputError, SomeFailed, VidkitError
from vidkit.generation.cost import estimate_cost
from vidkit.generation.out_of_memory import out_of_memory_explained
from vidkit.generation.resolve import ResolvedRun, find_model, resolve
from vidkit.utils.files import check_writable
from vidkit.utils.jsonl_log import JsonlLog, read_log
from vidkit.utils.memory import give_back_free
from vidkit.utils.ownership import unchanged_files
from vidkit.utils.paths import expanded
from vidkit.utils.plain import counted, duration
from vidkit.utils.seeding import draw_seed
from vidkit.utils.strict_json import load_json

LOG = "batch.jsonl"
KIND = "vidkit generate --prompts"
# what may change between a run and its resumption without another clip coming out
_NOT_THE_CLIP = ("output", "force", "stats", "dry_run", "verbose", "prompts", "num_videos", "device")


@dataclass(frozen=True)
class BatchResult:
    """What became of the clips, by name.

    Attributes:
        made: record file of each clip that this run made.
        kept: names of clips that an earlier run had made.
        failed: why, by name.
        seed: from which the clips' seeds are derived.
    """

    made: dict[str, str]
    kept: tuple[str, ...]
    failed: dict[str, str]
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**dataclasses.asdict(self), "kept": list(self.kept)}


def run_batch(settings: GenerateSettings) -> BatchResult:
    """Make every clip that is missing.

    Raises:
        DataError: a line that cannot be used, with file and line; nothing was loaded.
        SomeFailed: some clips could not be made, the others are there.
    """
    folder, log_path = _folder(settings), None
    if settings.prompts is not None:
        log_path = folder / LOG
        seed = _seed(settings, log_path)
        clips = clips_of(settings, seed)
        clips = [_placed(clip, folder / f"{clip.name}.mp4") for clip in clips]
    else:
        seed = draw_seed() if settings.seed is None else settings.seed
        clips = _several(settings, folder, seed)
    model = find_model(settings)
    runs = [_checked(clip, model) for clip in clips]
    if settings.dry_run:
        return _dry_run(clips, runs, seed)
    if log_path is not None:
        check_writable(folder, create=True)
    with _log(log_path, seed) if log_path else nullcontext() as log:
        done = {} if log is None else log.made
        missing = [n for n, clip in enumerate(clips) if not _is_made(clip, done)]
        lacking = set(missing)
        kept = tuple(clip.name for n, clip in enumerate(clips) if n not in lacking)
        if kept:
            verb = "is" if len(kept) == 1 else "are"
            print(f"{len(kept)} of {counted(len(clips), 'clip')} {verb} there already")
        made, failed = _make([clips[n] for n in missing], [runs[n] for n in missing], log)
    result = BatchResult(made, kept, failed, seed)
    print(f"{counted(len(made), 'clip')} made, {len(kept)} kept, {len(failed)} failed, in '{folder}'")
    if failed:
        name, why = next(iter(failed.items()))
        raise SomeFailed(
            f"{len(failed)} of {counted(len(clips), 'clip')} could not be made; the first: {name}: {why}",
            "run the same command again: existing clips are kept",
            result,
        )
    return result


class _Log:
    """The log of a folder: which clips were made, with which settings."""

    def __init__(self, path: Path, seed: int) -> None:
        self.made: dict[str, str] = {}
        header = {"kind": KIND, "seed": seed}
        self._log = JsonlLog(
            path,
            lambda row, place: self.made.update({str(row["name"]): str(row["settings"])}),
            header=header,
            again="its clip will be made again",
        )

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *exception: object) -> None:
        self._log.release()

    def add(self, clip: Clip, seconds: float) -> None:
        """A clip is whole."""
        row = {"name": clip.name, "settings": fingerprint(clip.settings), "seconds": round(seconds, 3)}
        self._log.append(row)


def _log(path: Path, seed: int) -> _Log:
    return _Log(path, seed)


def fingerprint(settings: GenerateSettings) -> str:
    """Of everything that shapes a clip."""
    values = {k: v for k, v in dataclasses.asdict(settings).items() if k not in _NOT_THE_CLIP}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:24]


def _seed(settings: GenerateSettings, log: Path) -> int:
    """The seed given, else that of the folder's log, so that a resumed batch goes on with its own."""
    if settings.seed is not None:
        return settings.seed
    for row in read_log(log):
        if row.get("kind") == KIND and isinstance(row.get("seed"), int):
            return int(row["seed"])
        break
    return draw_seed()


def _folder(settings: GenerateSettings) -> Path:
    """Where the files go."""
    if settings.output is None:
        stem = "" if settings.prompts is None else f"{settings.model.name}-{Path(settings.prompts).stem}"
        return Path("outputs") / stem
    given = expanded(settings.output)
    if settings.prompts is None:
        return given if given.is_dir() or not given.suffix else given.parent
    if given.suffix.lower() == ".mp4" or given.is_file():
        raise ConfigError(
            f"output '{given}' is a file, and --prompts makes many clips", "name a folder as --output"
        )
    return given


def _several(settings: GenerateSettings, folder: Path, seed: int) -> list[Clip]:
    """`num_videos` clips of one prompt, side by side."""
    stem = f"{settings.model.name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    given = None if settings.output is None else expanded(settings.output)
    if given is not None and given != folder:
        if given.suffix.lower() != ".mp4":
            raise ConfigError(f"output '{given}' is not an .mp4 file", "end it in .mp4, or name a folder")
        stem = given.stem
    if settings.output is not None or not settings.dry_run:
        check_writable(folder, create=settings.output is None)
    width = len(str(settings.num_videos))
    clips = []
    for index in range(settings.num_videos):
        name = f"{stem}-{index + 1:0{width}d}"
        one = dataclasses.replace(settings, seed=video_seed(seed, index), num_videos=1)
        clips.append(_placed(Clip(name, one, f"video {index + 1}"), folder / f"{name}.mp4"))
    return clips


def _placed(clip: Clip, path: Path) -> Clip:
    return dataclasses.replace(clip, settings=dataclasses.replace(clip.settings, output=str(path)))


def _checked(clip: Clip, model: Any) -> ResolvedRun:
    """What can be refused is refused for every clip before anything is made; errors name the line."""
    try:
        run = resolve(clip.settings, model=model, draw=False)
        if clip.settings.image is None:
            check_prompt_given(run)
        prompt_warnings(run.settings, run.folder, run.request)
    except VidkitError as error:
        raise DataError(f"{clip.where}: {error.message}", error.hint) from error
    return run


def _is_made(clip: Clip, made: dict[str, str]) -> bool:
    """Whether a clip is there as it would be made: the log says so, and its files are as they were."""
    if made.get(clip.name) != fingerprint(clip.settings):
        return False
    assert clip.settings.output is not None
    record = Path(clip.settings.output).with_suffix(".json")
    try:
        listed = set(load_json(record.read_text(encoding="utf-8"), str(record))["files"])
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return False
    return listed == {path.name for path in unchanged_files(record) if path != record}


def _dry_run(clips: Sequence[Clip], runs: Sequence[ResolvedRun], seed: int) -> BatchResult:
    """Forwards and FLOPs of the whole batch."""
    total, forwards = 0.0, 0
    for run in runs:
        options = run.options
        cost = estimate_cost(
            run.spec,
            run.request,
            options.expected_dtype,
            options.expected_vae_dtype,
            with_encoders=not run.is_random,
            vae_tiling=options.vae_tiling,
        )
        total, forwards = total + cost.total_flops, forwards + cost.forwards
    print(f"clips       {len(clips)}\nforwards    {forwards}\nFLOPs       {total / 1e12:,.1f} TFLOP")
    return BatchResult({}, (), {}, seed)


def _make(
    clips: Sequence[Clip], runs: Sequence[ResolvedRun], log: _Log | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Load the model once, and make clip after clip; one that fails does not stop the others."""
    made: dict[str, str] = {}
    failed: dict[str, str] = {}
    if not clips:
        return made, failed
    from vidkit.commands.progress import RunProgress

    with (
        RunProgress() as progress,
        out_of_memory_explained(),
        Session(runs[0], progress, len(clips)) as session,
    ):
        first = runs[0].with_files()
        for text in (*session.notes, *session.check(first)):
            progress.warning(text)
        session.load(first)
        for number, clip in enumerate(clips, 1):
            progress.phase("clip", f"{clip.name} ({number} of {len(clips)})")
            try:
                made[clip.name] = _one(session, clip, first, log)
            except VidkitError as error:
                failed[clip.name] = error.message
                if isinstance(error, OutputError):  # which the same command would meet again
                    failed[clip.name] += f" ({error.hint})"
                progress.warning(f"{clip.name}: {error.message}")
            give_back_free()
    return made, failed


def _one(session: Session, clip: Clip, first: ResolvedRun, log: _Log | None) -> str:
    """Make a clip; its record's path."""
    run = resolve(clip.settings, model=(first.spec, first.folder))
    warnings = [
        *session.notes,
        *run.frame.notes,
        *prompt_warnings(run.settings, run.folder, run.request),
        *session.check(run),
    ]
    with held_paths(run.settings) as paths:
        record, size = session.make(run, paths, warnings)
    seconds = sum(value for name, value in record.phase_seconds.items() if name != "load")
    if log is not None:
        log.add(clip, seconds)
        print(f"{clip.name}  {record.outputs.get('video', '')}  {duration(seconds)}")
    else:
        print("\n".join(summary_lines(record, size, run.settings.fps)))
    if run.settings.stats:
        print("\n".join(stats_lines(record, size[0])))
    return record.outputs["record"]
