"""One loaded model that makes clip after clip: kernels and compiled blocks stay on it as long as they fit."""

from __future__ import annotations

import dataclasses
import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vidkit.commands.generate.output import OutputPaths, without_video, written_together
from vidkit.config.schema import GenerateSettings, Weights
from vidkit.errors import VidkitError
from vidkit.generation.cached import CachedRun
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.not_finite import NotFinite
from vidkit.generation.policies import Policies
from vidkit.generation.record import RunRecord
from vidkit.generation.resolve import ResolvedRun
from vidkit.generation.speed import SpeedRun
from vidkit.utils.ownership import signed
from vidkit.utils.timing import PhaseTimer

if TYPE_CHECKING:
    from vidkit.commands.generate.pictures import Pictures, Size
    from vidkit.commands.progress import RunProgress
    from vidkit.generation.causal.run import Take
    from vidkit.generation.load import LoadedModel
    from vidkit.generation.run import Generation

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "numpy", "av")


class Session:
    """A model for one clip or many. What it cannot do is refused before it is loaded.

    Args:
        first: the first clip; its model, kernels and attention are those of all.
        progress: hears how far it is.
        clips: how many will be made.
    """

    def __init__(self, first: ResolvedRun, progress: RunProgress, clips: int = 1) -> None:
        settings = first.settings
        self._progress, self._clips = progress, clips
        self._options = first.options.load_options()
        self._speed = SpeedRun(settings.compile.value, settings.attention.backend.value)
        self._speed.check(self._options.device, self._options.dtype, self._options.offload)
        from vidkit.generation.quantize import check_quantize

        check_quantize(self._options.quantize, self._options.device, self._options.offload)
        self.policies = Policies.of(first)
        self.can_encode, self.notes = _encoder(settings)
        self._model: LoadedModel | None = None
        self._shape: tuple[object, ...] = ()
        self._kernels = ExitStack()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kernels.close()

    def check(self, run: ResolvedRun) -> list[str]:
        """Refuse what attention or cache cannot do for a clip; say what the user should know.

        Raises:
            ConfigError: a table or a target that does not fit.
        """
        return self.policies.check(run)

    def load(self, run: ResolvedRun) -> None:
        """Load the model; its files are at hand."""
        from vidkit.generation.load import load_pipeline

        self._progress.phase("load", run.spec.name)
        self._model = load_pipeline(run.spec, run.folder, self._options)

    def help(self, run: ResolvedRun) -> None:
        """Denoise a clip that another process decodes and writes."""
        assert self._model is not None, "load comes first"
        self._generate(self._model, run, decode=False)

    def make(self, run: ResolvedRun, paths: OutputPaths, warnings: list[str]) -> tuple[RunRecord, Size]:
        """Generate a clip and write it; `paths` are this clip's alone.

        Returns:
            The record; frames, height and width.

        Raises:
            NotFinite: the latents went bad; the record of the steps so far is kept.
        """
        assert self._model is not None, "load comes first"
        paths = paths if self.can_encode else without_video(paths)
        with ExitStack() as stack:
            try:
                record, pictures = self._pictures(stack, self._model, run, paths)
            except NotFinite as error:
                assert isinstance(error.result, RunRecord)
                kept = _keep_record(run.settings, self._model, error.result, run.frame, warnings, paths)
                error.result = kept
                raise
            self._progress.phase("write")
            record = _finish(
                run.settings,
                self._model,
                record,
                pictures,
                run.frame,
                warnings,
                paths,
                self._progress,
                self.policies.cached,
            )
        return record, pictures.size

    def _pictures(
        self, stack: ExitStack, model: LoadedModel, run: ResolvedRun, paths: OutputPaths
    ) -> tuple[RunRecord, Pictures]:
        """The clip, all at hand or in a file that is whole."""
        from vidkit.commands.generate.pictures import StreamedClip, WholeClip
        from vidkit.generation.run import comes_in_parts, generate_stream

        asked, settings = run.request, run.settings
        if not asked.by_chunks and not comes_in_parts(model, asked):
            made = self._generate(model, run)
            return _with_sound(made, settings), WholeClip(made.frames, made.sound)
        size = (asked.frames, asked.height, asked.width)
        keep = run.frame.level is not None  # a maze is judged by all frames
        clip = stack.enter_context(StreamedClip(paths.video, size, settings.fps, settings.crf, keep))
        if asked.by_chunks:
            self._fit(model, run)
            record = generate_stream(model, asked, clip.take, run.frame.image, self._progress)
            record = dataclasses.replace(record, kernels=self._speed.report(record.steps))
        else:
            record = self._generate(model, run, take=clip.take).record
        timer = PhaseTimer(model.options.device)
        with timer.phase("write"):  # what is left of it
            clip.finish()
        seconds = {**record.phase_seconds, **timer.seconds}
        record = dataclasses.replace(record, phase_seconds=seconds)
        if record.stream is None:
            told = {"decode": f"{record.kernels['decode']}, written meanwhile"}
            kernels = {**record.kernels, **told, "encode_seconds": clip.encode_seconds}
            return dataclasses.replace(record, kernels=kernels), clip
        stream = {**record.stream, "encode_seconds": clip.encode_seconds}
        return dataclasses.replace(record, stream=stream), clip

    def _generate(
        self, model: LoadedModel, run: ResolvedRun, decode: bool = True, take: Take | None = None
    ) -> Generation:
        self._fit(model, run)
        return self.policies.generate(model, run, self._speed, self._progress, decode=decode, take=take)

    def _fit(self, model: LoadedModel, run: ResolvedRun) -> None:
        """Kernels for a clip's shape; those of the clip before stay if it is the same."""
        asked = run.request
        shape = (asked.height, asked.width, asked.frames, asked.branches, asked.max_sequence_length)
        if shape != self._shape:
            self._kernels.close()
            self._kernels.enter_context(self._speed.on(model, asked, self._clips))
            self._shape = shape
        self._clips -= 1


def _with_sound(made: Generation, settings: GenerateSettings) -> RunRecord:
    """The record, which tells of a sound that the video has."""
    if made.sound is None:
        return made.record
    seconds = len(made.frames) / settings.fps
    told = {"rate": made.sound.rate, "channels": made.sound.channels, "seconds": seconds}
    return dataclasses.replace(made.record, sound=told)


def _encoder(settings: GenerateSettings) -> tuple[bool, list[str]]:
    """Without an H.264 encoder, refuse; but noise from random weights may go unwritten, its record counts."""
    from vidkit.video.writing import require_encoder

    try:
        require_encoder()
    except VidkitError as error:
        if settings.model.weights is not Weights.random:
            raise
        return False, [f"no video is written: {error.message}"]
    return True, []


def _finish(
    settings: GenerateSettings,
    model: LoadedModel,
    made: RunRecord,
    pictures: Pictures,
    frame: FirstFrame,
    warnings: list[str],
    paths: OutputPaths,
    progress: RunProgress,
    cached: CachedRun,
) -> RunRecord:
    timer = PhaseTimer(model.options.device)
    labels = (*model.labels, *frame.labels)
    title = " | ".join([model.spec.name, made.prompt or "no prompt", *labels])
    with written_together(paths, settings) as (final, temporary):
        if final != paths:
            taken, base = paths.record.with_suffix(""), final.record.with_suffix("")
            warnings = [*warnings, f"files at '{taken}' appeared or changed meanwhile: this clip is '{base}'"]
            progress.warning(warnings[-1])
        with timer.phase("write"):
            if temporary.video is not None:
                pictures.write_video(temporary.video, settings.fps, settings.crf)
            if temporary.sheet is not None:
                pictures.sheet(settings.fps, title).save(temporary.sheet, format="PNG")
            if temporary.heatmap is not None:
                _draw_heatmap(cached, title, temporary.heatmap)
        spent = dict(made.phase_seconds)
        for name, seconds in timer.seconds.items():
            spent[name] = spent.get(name, 0.0) + seconds
        timed = dataclasses.replace(made, phase_seconds=spent)
        record = _described(timed, settings, model, frame, warnings, final)
        if frame.level is not None:
            record = dataclasses.replace(record, verdict=frame.verdict(pictures.all()))
        made_files = {path: temporary.by_kind()[kind] for kind, path in final.by_kind().items()}
        made_files.pop(final.record)
        owning = signed(record.as_dict(), final.record.parent, made_files)
        temporary.record.write_text(json.dumps(owning, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return record


def _draw_heatmap(cached: CachedRun, title: str, path: Path) -> None:
    """Who was computed when."""
    from vidkit.commands.generate.heatmap import heatmap

    assert cached.handle is not None
    found = cached.handle.map
    heatmap(found.shares().numpy(), found.counts().numpy(), title).save(path, format="PNG")


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
