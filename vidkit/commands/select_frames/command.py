"""`vidkit select-frames`: the K frames of a video that a vision-language model should see, and why."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from vidkit.commands.select_frames.report import FrameProgress, print_manifest, print_plan, print_selection
from vidkit.config.select_frames_schema import SelectFramesSettings
from vidkit.errors import ConfigError, NothingAnswered, SomeFailed, VidkitError
from vidkit.frames.ask import ask_about_frames
from vidkit.frames.cache import EmbeddingCache, default_folder
from vidkit.frames.options import FrameOptions
from vidkit.frames.outputs.writer import OutputOptions, check_target, write_selection
from vidkit.frames.pipeline import VideoSelection, plan_selection, select_from_video
from vidkit.frames.tokens import VisionTokens
from vidkit.serving.engine import EngineError, ErrorKind
from vidkit.utils.paths import given_path
from vidkit.utils.reservation import reserve
from vidkit.utils.spool import SHOWN, spooled_input
from vidkit.video.subtitles import sidecars


def run(settings: SelectFramesSettings) -> dict[str, Any]:
    """Select frames of one video, or of every line of a manifest.

    Returns:
        The record of the selection (schema 1) with the files written, or the summary of a manifest.

    Raises:
        VidkitError: a video, setting or file that cannot be used.
    """
    options = frame_options(settings)
    if settings.manifest.path is not None:
        return _run_manifest(settings, options)
    if not settings.video:
        raise ConfigError("no video was given", "vidkit select-frames VIDEO [QUERY], or --manifest FILE")
    return _run_video(settings, options)


def frame_options(settings: SelectFramesSettings) -> FrameOptions:
    """The selection's own options out of the command's settings.

    Raises:
        ConfigError: a value that is out of range.
    """
    named = settings.frames.name
    method = settings.method or named
    # settings of another method's config say nothing about this one
    method_settings = dict(settings.frames.settings) if method == named else {}
    if settings.strict_paper:
        if method != "wfs-sb":
            raise ConfigError(
                f"strict_paper=true does not apply to method '{method}'", "it is a mode of wfs-sb"
            )
        method_settings["strict_paper"] = True
    if settings.preset and method == "efs" and method == named:
        from vidkit.frames.options import PRESETS

        method_settings |= PRESETS.get(settings.preset, {})
    shared = {field.name for field in dataclasses.fields(FrameOptions)} & {
        field.name for field in dataclasses.fields(SelectFramesSettings)
    }
    values = {
        name: _plain(getattr(settings, name)) for name in shared - {"fps", "method", "compare", "vision"}
    }
    return FrameOptions(
        method=method,
        method_settings=method_settings,
        compare=tuple(settings.compare),
        fps=_rate(settings.fps),
        vision=VisionTokens(**{key: _plain(value) for key, value in vars(settings.vision).items()}),
        **values,
    )


def _plain(value: Any) -> Any:
    return value.value if hasattr(value, "value") else value


def _rate(text: str) -> float | None:
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(
            f"fps must be a number or auto, got '{text}'", "give candidates per second"
        ) from error


def _cache(settings: SelectFramesSettings) -> EmbeddingCache | None:
    folder = _cache_folder(settings)
    return None if folder is None else EmbeddingCache(folder)


def _cache_folder(settings: SelectFramesSettings) -> Path | None:
    if settings.cache in ("off", "auto"):
        return None if settings.cache == "off" else default_folder()
    folder = Path(settings.cache)
    taken = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)
    if os.path.lexists(taken) and not taken.is_dir():
        raise ConfigError(f"'{taken}' is not a folder: cache={settings.cache}", "give a folder, auto or off")
    return folder


def _outputs(settings: SelectFramesSettings) -> OutputOptions:
    values = {
        field.name: _plain(getattr(settings.write, field.name))
        for field in dataclasses.fields(settings.write)
    }
    values["keyframe_list"] = tuple(kind.value for kind in settings.write.keyframe_list)
    return OutputOptions(force=settings.force, **values)


def _run_video(settings: SelectFramesSettings, options: FrameOptions) -> dict[str, Any]:
    if settings.video == "-":
        with spooled_input(int(settings.stdin_limit_gib * 2**30)) as copy:
            return _run_path(settings, options, copy, shown_as="-")
    return _run_path(settings, options, given_path(settings.video or ""))


def _run_path(
    settings: SelectFramesSettings, options: FrameOptions, path: Path, shown_as: str = ""
) -> dict[str, Any]:
    outputs = _outputs(settings)
    folder = _folder(settings, path)
    question = settings.ask.question
    if question is not None and not settings.ask.engine:
        raise ConfigError(
            "--ask needs a model", "name one: --engine openai:NAME --base-url URL, or transformers:FOLDER"
        )
    if not path.exists():
        from vidkit.errors import VideoError

        raise VideoError(f"no video at '{path}'", "check the path")
    if settings.dry_run:
        plan = plan_selection(path, settings.query.strip(), options)
        print_plan(plan)
        return plan
    inputs = _inputs_of(settings, path)
    check_target(folder, outputs, inputs, force=settings.force)
    with reserve(folder / "selection"):
        return _select_and_write(settings, path, folder, options, outputs, inputs, shown_as)


def _select_and_write(
    settings: SelectFramesSettings,
    path: Path,
    folder: Path,
    options: FrameOptions,
    outputs: OutputOptions,
    inputs: list[Path],
    shown_as: str,
) -> dict[str, Any]:
    with FrameProgress(SHOWN if shown_as else path.name) as progress:
        query, cache = settings.query.strip(), _cache(settings)
        result = select_from_video(path, query, options, cache=cache, progress=progress)
        result.shown_as = shown_as
    answer, fault = _ask(settings, result) if settings.ask.question is not None else (None, None)
    written = write_selection(
        result, folder, options, outputs, answer, inputs=inputs, force=settings.force, doc_id=path.stem
    )
    print_selection(written.record, written.files)
    if fault is not None:
        raise fault  # told last: the frames are written all the same
    return {**written.record, "files": written.files}


def _ask(settings: SelectFramesSettings, result: VideoSelection) -> tuple[dict[str, Any], VidkitError | None]:
    """The answer for the record, and the error that takes its place: a selection outlives a dead server."""
    question = settings.ask.question or settings.query
    assert settings.ask.engine is not None
    frames = result.shown(result.kept_frames())
    width = settings.ask.width if result.sizes is None else max(size.width for size in result.sizes)
    try:
        answer = ask_about_frames(
            frames,
            question,
            result.video.timeline.duration_s,
            settings.ask.engine,
            settings.ask.base_url,
            settings.ask.max_tokens,
            width,
            result.span_s,
        )
    except EngineError as error:
        return {"question": question, "text": "", "error": error.message, "hint": error.hint}, error
    if answer["text"].strip():
        return answer, None
    # nothing answered is not an answer
    return answer, EngineError(ErrorKind.BAD_REPLY, f"'{answer['model']}' did not answer", answer["note"])


def _folder(settings: SelectFramesSettings, video: Path) -> Path:
    if settings.output:
        return Path(settings.output)
    name = next(
        part for part in (video.stem, video.name, video.resolve().name) if part not in ("", ".", "..")
    )
    return Path("outputs") / "select_frames" / name


def _inputs_of(settings: SelectFramesSettings, video: Path) -> list[Path]:
    """Files that the run reads: nothing may be written over them."""
    given = [settings.subtitles, settings.relevance.removeprefix("scores:"), settings.manifest.path]
    return [video, *(Path(text) for text in given if text and Path(text).is_file()), *sidecars(video)]


def _run_manifest(settings: SelectFramesSettings, options: FrameOptions) -> dict[str, Any]:
    from vidkit.frames.manifest import ManifestRun, read_manifest
    from vidkit.frames.manifest_run import run_manifest

    if settings.output is None:
        raise ConfigError("a manifest needs a folder for its results", "give --output FOLDER")
    if settings.video:
        raise ConfigError(f"both a video ('{settings.video}') and a manifest were given", "give one of them")
    if settings.dry_run:
        items = read_manifest(Path(settings.manifest.path or ""))
        plan = {"items": len(items), "videos": len({item.video for item in items}), "method": options.method}
        print_plan(plan)
        return plan
    folder = _cache_folder(settings)
    job = ManifestRun(
        path=Path(settings.manifest.path or ""),
        folder=Path(settings.output),
        options=options,
        outputs=_outputs(settings) if settings.manifest.files else None,
        cache=None if folder is None else str(folder),
        workers=settings.manifest.workers,
        runner=settings.manifest.runner.value,
        retry_failed=settings.manifest.retry_failed,
        force=settings.force,
    )
    with FrameProgress(job.path.name, "videos") as progress:
        summary = run_manifest(job, progress)
    print_manifest(summary)
    if not summary["done"]:
        first = summary["failures"][0]
        raise NothingAnswered(
            f"no item of '{job.path}' has a selection; first {first['id']}: {first['error']}",
            f"all reasons are in '{summary['results']}'; manifest.retry_failed=true tries again",
            summary,
        )
    if summary["failed"]:
        first = summary["failures"][0]
        raise SomeFailed(
            f"{summary['failed']} of {summary['items']} items have no selection;"
            f" first {first['id']}: {first['error']}",
            f"the others are written; all reasons are in '{summary['results']}',"
            " and manifest.retry_failed=true tries again",
            summary,
        )
    return summary
