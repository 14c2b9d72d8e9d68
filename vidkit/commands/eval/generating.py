"""`vidkit eval --model PIPELINE`: a video model makes the clips that a benchmark wants; they are scored."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.commands.eval.own_runs import asked, check_page, counted, tell
from vidkit.config.catalog import config_names
from vidkit.config.compose import compose
from vidkit.config.eval_schema import EvalSettings
from vidkit.config.schema import GenerateSettings, Weights
from vidkit.errors import ConfigError
from vidkit.evaluation.clip_source import ClipOrder, ClipSource, WantedClip
from vidkit.evaluation.own_run import OwnResult, Show
from vidkit.evaluation.running.manifest import check_free_for, check_manifest, set_aside
from vidkit.evaluation.task import Task
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.utils.files import check_writable, make_folder
from vidkit.utils.jsonl_log import JsonlLog, Place
from vidkit.utils.paths import expanded

if TYPE_CHECKING:
    from vidkit.generation.load import LoadedModel

MANIFEST, VERDICTS, CLIPS = "clips_manifest.json", "verdicts.jsonl", "clips"


def run_generated(settings: EvalSettings, task: Task) -> dict[str, Any]:
    """Make the clips, score them, print the result.

    Raises:
        ConfigError: a benchmark that wants no clips, or settings that the model cannot serve.
        VidkitError: what the model or the benchmark refuses.
    """
    entry = task.functions.CLIPS
    if not entry:
        raise ConfigError(
            f"{task.name} asks for replies, and '{settings.model}' makes videos", "give a language model"
        )
    if settings.html is not None:
        check_page(settings)
    run = _resolved(settings)
    folder = Path(settings.output or Path("outputs") / "eval" / f"{task.name}-{_name(settings)}")
    module, _, function = entry.partition(":")
    make: Callable[[ClipOrder], ClipSource] = getattr(importlib.import_module(module), function)
    with counted(task.title) as show:
        made_for = dataclasses.replace(asked(settings, folder / CLIPS, show), output=folder)
        order = ClipOrder(
            made_for,
            _name(settings),
            run.settings.model.weights is Weights.embedded,
            run.request.height,
            run.request.width,
            run.request.frames,
            settings.samples,
        )
        source = make(order)
        wanted = list(source.clips())
        if settings.dry_run:
            return tell(settings, _planned(wanted, order))
        made = _make_all(settings, run, source, wanted, folder, show)
        return tell(settings, made)


def _name(settings: EvalSettings) -> str:
    return Path(str(settings.model)).name


def _resolved(settings: EvalSettings) -> ResolvedRun:
    """The pipeline and the request that every clip shares."""
    name = str(settings.model)
    is_config = name in config_names("generate")
    values: dict[str, Any] = {"image": None, "device": settings.server.device, "seed": settings.seed}
    if not is_config:
        values |= {"model.path": str(expanded(name)), "model.weights": Weights.pretrained}
    words = [f"{key}={value}" for key, value in _flat(settings.generate).items()]
    clip: GenerateSettings = compose(
        "generate", name if is_config else settings.generate_config, words, values=values
    )
    run = resolve(clip)
    request = dataclasses.replace(run.request, has_image=True)
    from vidkit.generation.validate import check_request

    check_request(run.spec, request)
    return dataclasses.replace(run, request=request)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        inner = _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
        found |= inner
    return found


def _planned(wanted: list[WantedClip], order: ClipOrder) -> OwnResult:
    size = f"{order.width}x{order.height}, {order.frames} frames"
    rows = (("clips", len(wanted)), ("size", size))
    table = {
        "name": "plan",
        "title": "What would be made",
        "columns": ("", "value"),
        "rows": rows,
        "note": "",
    }
    return OwnResult({"dry_run": True, "clips": len(wanted), "tables": [table], "warnings": []})


def _make_all(
    settings: EvalSettings,
    run: ResolvedRun,
    source: ClipSource,
    wanted: list[WantedClip],
    folder: Path,
    show: Show,
) -> OwnResult:
    """Make what is missing; every clip is on disk, with its verdict, before the next begins."""
    check_writable(folder, create=True)
    if settings.force:
        set_aside(folder, (MANIFEST, VERDICTS, CLIPS))
    check_free_for(folder, MANIFEST, (VERDICTS, CLIPS))
    check_manifest(folder / MANIFEST, _manifest(run, source))
    verdicts: dict[str, Mapping[str, Any]] = {}

    def take(row: dict[str, Any], place: Place) -> None:
        verdicts[str(row["path"])] = row["verdict"]

    log = JsonlLog(folder / VERDICTS, take, again="its clip will be made again")
    try:
        open_clips = [
            clip for clip in wanted if not (folder / CLIPS / clip.path).is_file() or clip.path not in verdicts
        ]
        done = len(wanted) - len(open_clips)
        show(done, len(wanted), f"{done} made earlier" if done else "")
        model = _load(run) if open_clips else None
        for clip in open_clips:
            assert model is not None
            verdict = _make(model, run, source, clip, folder / CLIPS / clip.path)
            log.append({"path": clip.path, "verdict": verdict})
            verdicts[clip.path] = verdict or {}
            done += 1
            show(done, len(wanted), "")
    finally:
        log.release()
    asked_for = {clip.path for clip in wanted}
    return source.result({path: row for path, row in verdicts.items() if path in asked_for})


def _manifest(run: ResolvedRun, source: ClipSource) -> dict[str, Any]:
    plain = asdict(run.request)
    for name in ("seed", "prompt"):
        plain.pop(name)
    model = {"name": run.spec.name, "folder": str(run.folder or ""), "seed": run.settings.seed}
    return {"model": model, "request": plain, "clips": dict(source.describe())}


def _load(run: ResolvedRun) -> LoadedModel:
    options = run.options.load_options()
    from vidkit.generation.load import load_pipeline

    run = run.with_files()
    return load_pipeline(run.spec, run.folder, options)


def _make(
    model: LoadedModel, run: ResolvedRun, source: ClipSource, clip: WantedClip, path: Path
) -> Mapping[str, Any] | None:
    from PIL import Image

    from vidkit.generation.run import generate
    from vidkit.video.writing import write_mp4

    request = dataclasses.replace(run.request, prompt=clip.prompt, seed=clip.seed)
    made = generate(model, request, Image.fromarray(clip.image()))
    make_folder(path.parent)
    write_mp4(path, made.frames, run.settings.fps, run.settings.crf)
    return source.verdict(clip, made.frames)
