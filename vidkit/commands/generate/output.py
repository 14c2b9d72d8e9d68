"""The files of `vidkit generate`: their names, held for this run, and their writing, all or none."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vidkit.config.schema import GenerateSettings
from vidkit.errors import ConfigError, OutputError
from vidkit.generation.first_frame import MAZE, listed_paths
from vidkit.generation.lora import parse_loras
from vidkit.utils.files import atomic_path, check_writable
from vidkit.utils.ownership import check_targets
from vidkit.utils.paths import expanded
from vidkit.utils.reservation import free, reserve, reserve_free

_OUTPUTS = Path("outputs")
_SUFFIX = {"video": ".mp4", "sheet": ".png", "heatmap": ".cache.png", "record": ".json"}
_SUFFIXES = tuple(_SUFFIX.values())


@dataclass(frozen=True)
class OutputPaths:
    """Files of one run, side by side."""

    video: Path | None  # None: no encoder, which random weights can do without
    sheet: Path | None
    record: Path
    heatmap: Path | None = None  # of a step cache

    def by_kind(self) -> dict[str, Path]:
        """What will be written; the record comes last."""
        found = {"video": self.video, "sheet": self.sheet, "heatmap": self.heatmap, "record": self.record}
        return {kind: path for kind, path in found.items() if path is not None}

    def at(self, base: Path) -> OutputPaths:
        """The same files under another name, given without suffix."""
        moved = {kind: base.with_name(base.name + _SUFFIX[kind]) for kind in self.by_kind()}
        return OutputPaths(moved.get("video"), moved.get("sheet"), moved["record"], moved.get("heatmap"))


def inputs_of(settings: GenerateSettings) -> list[Path]:
    """Files and folders that a run reads: nothing may be written over them."""
    table = settings.cache.settings.get("table")
    given = [settings.model.path, settings.attention.table, settings.image, settings.prompts]
    given += [settings.last_image, settings.video, settings.mask, *listed_paths(settings.reference)]
    given.append(settings.model.checkpoint)
    if settings.negative_prompt is not None and settings.negative_prompt.startswith("@"):
        given.append(settings.negative_prompt[1:])
    given.append(str(table or ""))
    found = [expanded(text) for text in given if text and text not in (MAZE, "auto")]
    return [*found, *(lora.path for lora in parse_loras(settings.lora))]


@contextmanager
def held_paths(settings: GenerateSettings) -> Iterator[OutputPaths]:
    """Where the files go, for this run alone as long as the block lasts.

    Raises:
        OutputError: the folder is missing or read-only, another run writes there, or a file is not ours.
        ConfigError: a file that is not an .mp4.
    """
    with _no_empty_folder(settings):
        yield from _held(settings)


@contextmanager
def _no_empty_folder(settings: GenerateSettings) -> Iterator[None]:
    """A folder that this run made and that nothing came into goes again when the run fails."""
    is_ours = settings.output is None and not _OUTPUTS.exists()
    try:
        yield
    except BaseException:
        if is_ours:
            with suppress(OSError):
                _OUTPUTS.rmdir()
        raise


def _held(settings: GenerateSettings) -> Iterator[OutputPaths]:
    video, is_default = _video_path(settings)
    sheet = video.with_suffix(".png") if settings.contact_sheet else None
    cached = settings.cache.name not in ("none", "fewer_steps")
    heatmap = video.with_suffix(_SUFFIX["heatmap"]) if cached and settings.contact_sheet else None
    paths = OutputPaths(video, sheet, video.with_suffix(".json"), heatmap)
    base = video.with_suffix("")
    if is_default:
        with reserve_free(base, free(*_SUFFIXES)) as base:
            yield paths.at(base)
        return
    with reserve(base):
        _check(paths, settings)
        yield paths


@contextmanager
def written_together(
    paths: OutputPaths, settings: GenerateSettings
) -> Iterator[tuple[OutputPaths, OutputPaths]]:
    """Final and temporary paths; what is written to the temporary ones appears at the end, or nothing does.

    Files that others put there since the run began are kept: the run's own then get the next free name.
    """
    with ExitStack() as stack:
        try:
            _check(paths, settings)
        except OutputError:
            base = paths.record.with_suffix("")
            paths = paths.at(stack.enter_context(reserve_free(base, free(*_SUFFIXES))))
        # left in reverse order, so that the record, which owns the others, appears last
        temporary = {
            kind: stack.enter_context(atomic_path(path, fresh=not os.path.lexists(path)))
            for kind, path in reversed(paths.by_kind().items())
        }
        video, sheet, heatmap = (temporary.get(kind) for kind in ("video", "sheet", "heatmap"))
        yield paths, OutputPaths(video, sheet, temporary["record"], heatmap)


def without_video(paths: OutputPaths) -> OutputPaths:
    """The same run where no encoder is there."""
    return dataclasses.replace(paths, video=None)


def _check(paths: OutputPaths, settings: GenerateSettings) -> None:
    check_targets(paths.by_kind().values(), paths.record, inputs_of(settings), settings.force)


def _video_path(settings: GenerateSettings) -> tuple[Path, bool]:
    """The video's path, and whether vidkit chose its name."""
    name = f"{settings.model.name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}.mp4"
    if settings.output is None:
        video = _OUTPUTS / name
        check_writable(video.parent, create=True)
        return video, True
    given = expanded(settings.output)
    is_folder = given.is_dir() or not given.suffix
    if not is_folder and given.suffix.lower() != ".mp4":
        raise ConfigError(f"output '{given}' is not an .mp4 file", "end it in .mp4, or name a folder")
    video = given / name if is_folder else given
    check_writable(video.parent)
    return video, is_folder
