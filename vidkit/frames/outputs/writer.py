"""Everything a run writes for one video, in one place and in one decoding pass of the kept frames."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, OutputError
from vidkit.frames.options import FrameOptions
from vidkit.frames.outputs import clip, exports, images, page, plot, record
from vidkit.frames.outputs.keyframe_lists import LISTS, write_lists
from vidkit.frames.outputs.video_metadata import video_metadata
from vidkit.frames.pipeline import VideoSelection
from vidkit.utils.files import check_writable
from vidkit.utils.publishing import check_own, foreign_files, staged
from vidkit.video.types import Frame

RECORD = "selection.json"


@dataclass(frozen=True)
class OutputOptions:
    """What to write.

    Args:
        frames: "jpeg", "png" or "none".
        sheet: contact sheet.
        plot: "png", "svg" or "none".
        clip: video of the moments around the kept frames.
        clip_half_s: seconds before and after each.
        keyframe_video: the kept frames as an evenly timed mp4.
        html: self-contained page.
        messages: "none", "interleaved" or "video": chat messages as JSON.
        keyframe_list: lists for other programs: times, csv, json, force_key_frames, select, concat.
        video_metadata: the fields of transformers' `VideoMetadata`, for Qwen's processors.
        force: overwrite a selection that is there.
    """

    frames: str = "jpeg"
    sheet: bool = True
    plot: str = "png"
    clip: bool = False
    clip_half_s: float = 1.0
    keyframe_video: bool = False
    html: bool = False
    messages: str = "none"
    keyframe_list: tuple[str, ...] = ()
    video_metadata: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        choices = {"frames": (*images.FORMATS, "none"), "plot": ("png", "svg", "none")}
        choices["messages"] = ("none", *exports.LAYOUTS)
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} cannot be '{getattr(self, name)}'", f"choose {', '.join(allowed)}")
        for kind in self.keyframe_list:
            if kind not in (*LISTS, "concat"):
                raise ConfigError(f"no keyframe list '{kind}'", f"available: {', '.join(LISTS)}, concat")
        if "concat" in self.keyframe_list and self.frames == "none":
            raise ConfigError(
                "keyframe_list=concat shows the written frames, and frames=none", "use write.frames=jpeg"
            )
        if not self.clip_half_s > 0:
            raise ConfigError(f"clip_half_s must be > 0, got {self.clip_half_s}", "give seconds")


@dataclass
class Written:
    """The record, the frames as they are shown and as they were decoded, and the files made, by kind."""

    record: dict[str, Any]
    frames: list[Frame]
    files: dict[str, str] = field(default_factory=dict)
    whole: list[Frame] = field(default_factory=list)


def check_target(
    folder: Path,
    outputs: OutputOptions,
    inputs: Sequence[Path] = (),
    *,
    force: bool = False,
    again: bool = False,
) -> None:
    """Refuse to overwrite a selection or a file that vidkit did not write, before anything is decoded.

    Args:
        folder: of the selection; made if need be.
        outputs: what will be written.
        inputs: what the run reads.
        force: overwrite a selection, and files of others that have the same names.
        again: overwrite a selection of vidkit's, as the items of a data set are when they run again.

    Raises:
        OutputError: there is one already, or the folder cannot be written.
    """
    check_writable(folder, create=True)
    record = folder / RECORD
    if os.path.lexists(record) and not (force or again):
        raise OutputError(
            f"'{folder}' already holds a selection", "choose another --output, or pass force=true"
        )
    check_own([folder / name for name in (*_names(outputs), RECORD)], record, inputs, force)


def write_selection(
    result: VideoSelection,
    folder: Path,
    options: FrameOptions,
    outputs: OutputOptions,
    answer: dict[str, Any] | None = None,
    *,
    inputs: Sequence[Path] = (),
    force: bool = False,
    doc_id: str | None = None,
) -> Written:
    """Write all that `outputs` asks for; `selection.json` comes last, so its presence means a whole result.

    Files of the selection before go, as far as vidkit wrote them and nobody changed them since.

    Args:
        result: of `select_from_video`.
        folder: where it goes.
        options: of the run.
        outputs: what to write.
        answer: of a model that was asked about the frames.
        inputs: what the run read, which is never overwritten.
        force: overwrite files of others that have the same names.
        doc_id: name of the video in `keyframes.json`; None: that file is not written.

    Raises:
        OutputError: the disk is full, the folder cannot be written, or a file in the way is not vidkit's.
    """
    # first of all, since a frame that cannot be decoded leaves the selection
    whole = result.kept_frames() if _needs_pixels(outputs) else []
    made = Written(record.record_of(result, options), result.shown(whole), whole=whole)
    strangers = foreign_files(folder / "frames", folder / RECORD) if outputs.frames != "none" else []
    if strangers:
        made.record["warnings"].append(
            f"{len(strangers)} files in '{folder / 'frames'}' are not of this selection and were left alone,"
            f" first '{strangers[0].name}'"
        )
    if answer is not None:
        made.record["answer"] = answer
    with staged(folder, RECORD, inputs, force) as stage:
        _write_all(stage.folder, result, outputs, made, doc_id)
        made.files = {
            kind: str(folder / Path(path).relative_to(stage.folder)) for kind, path in made.files.items()
        }
        stage.publish(made.record)
    made.files["record"] = str(folder / RECORD)
    return made


def _names(outputs: OutputOptions) -> list[str]:
    """Files of a selection whose names are known before it is made."""
    wanted = {
        "selection.csv": True,
        "keyframes.json": True,
        "sheet.png": outputs.sheet,
        f"plot.{outputs.plot}": outputs.plot != "none",
        "clip.mp4": outputs.clip,
        "keyframes.mp4": outputs.keyframe_video,
        "messages.json": outputs.messages != "none",
        "page.html": outputs.html,
        "video_metadata.json": outputs.video_metadata,
        "frames.ffconcat": "concat" in outputs.keyframe_list,
    }
    wanted |= {name: kind in outputs.keyframe_list for kind, (name, _) in LISTS.items()}
    return [name for name, is_wanted in wanted.items() if is_wanted]


def _write_all(
    folder: Path, result: VideoSelection, outputs: OutputOptions, made: Written, doc_id: str | None
) -> None:
    pictures: list[Path] = []
    if outputs.frames != "none" and made.frames:
        target = folder / "frames"
        target.mkdir()
        pictures = images.write_frames(target, made.frames, outputs.frames)
        made.files["frames"] = str(target)
    if outputs.sheet and made.frames:
        made.files["sheet"] = str(_sheet(folder / "sheet.png", result, made))
    if outputs.plot != "none":
        path = folder / f"plot.{outputs.plot}"
        plot.write_plot(path, result)
        made.files["plot"] = str(path)
    _videos(result, folder, outputs, made)
    if outputs.messages != "none":
        path = folder / "messages.json"
        width = 768 if result.sizes is None else max(size.width for size in result.sizes)
        duration = result.video.timeline.duration_s
        exports.write_json(
            path,
            exports.chat_messages(
                made.frames, result.query, duration, outputs.messages, width, result.span_s
            ),
        )
        made.files["messages"] = str(path)
    made.files |= write_lists(folder, result, outputs.keyframe_list, pictures)
    if outputs.video_metadata:
        path = folder / "video_metadata.json"
        exports.write_json(path, video_metadata(result))
        made.files["metadata"] = str(path)
    if outputs.html:
        path = folder / "page.html"
        text = made.record.get("answer", {}).get("text", "")
        page.write_page(path, page.render_page(result, made.record, made.frames, text))
        made.files["html"] = str(path)
    record.write_table(folder / "selection.csv", made.record["frames"])
    made.files["csv"] = str(folder / "selection.csv")
    if doc_id is not None:
        exports.write_json(folder / "keyframes.json", [exports.keyframe_row(result, doc_id)])
        made.files["keyframes_json"] = str(folder / "keyframes.json")


def _needs_pixels(outputs: OutputOptions) -> bool:
    return (
        outputs.frames != "none"
        or outputs.sheet
        or outputs.html
        or outputs.keyframe_video
        or outputs.messages != "none"
    )


def _sheet(path: Path, result: VideoSelection, made: Written) -> Path:
    rows = {row["source_index"]: row for row in made.record["frames"]}
    shown = [rows[frame.index] for frame in made.frames]
    query = f' "{result.query}"' if result.query else ""
    title = f"{result.name}{_part(result)}  {result.selection.headline}, {len(shown)} frames{query}"
    captions = [
        row["reason"]
        + ("" if row["relevance"] is None else f"  r {row['relevance']:.2f}")
        + (f"  {row['width']}x{row['height']}" if "width" in row else "")
        for row in shown
    ]
    images.write_sheet(
        path, images.contact_sheet(made.frames, captions, [row["relevance"] for row in shown], title)
    )
    return path


def _part(result: VideoSelection) -> str:
    if result.window.is_whole:
        return ""
    return " {} to {}".format(*map(images.clock, result.span_s))


def _videos(result: VideoSelection, folder: Path, outputs: OutputOptions, made: Written) -> None:
    if outputs.clip:
        path = folder / "clip.mp4"
        clip.write_clip(path, result.video, result.frame_numbers.tolist(), outputs.clip_half_s)
        made.files["clip"] = str(path)
    if outputs.keyframe_video and made.frames:
        path = folder / "keyframes.mp4"
        pixels = {frame.index: frame.pixels for frame in made.whole}
        clip.write_keyframe_video(path, (pixels[n] for n in result.padded_numbers if n in pixels))
        made.files["keyframes"] = str(path)
