"""Everything a run writes for one video, in one place and in one decoding pass of the kept frames."""

from __future__ import annotations

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
from vidkit.video.types import Frame


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
                raise ConfigError(f"{name} is '{getattr(self, name)}'", f"choose {', '.join(allowed)}")
        for kind in self.keyframe_list:
            if kind not in (*LISTS, "concat"):
                raise ConfigError(f"no keyframe list '{kind}'", f"available: {', '.join(LISTS)}, concat")
        if "concat" in self.keyframe_list and self.frames == "none":
            raise ConfigError(
                "keyframe_list=concat shows the written frames, and frames=none", "use write.frames=jpeg"
            )
        if not self.clip_half_s > 0:
            raise ConfigError(f"clip_half_s is {self.clip_half_s}", "give seconds, above 0")


@dataclass
class Written:
    """The record, the decoded frames and the files made, by kind."""

    record: dict[str, Any]
    frames: list[Frame]
    files: dict[str, str] = field(default_factory=dict)


def check_target(folder: Path, force: bool) -> None:
    """Refuse to overwrite a selection, before anything is decoded.

    Raises:
        OutputError: there is one already, or the folder cannot be written.
    """
    check_writable(folder, create=True)
    if (folder / "selection.json").exists() and not force:
        raise OutputError(
            f"'{folder}' already holds a selection", "choose another --output, or pass force=true"
        )


def write_selection(
    result: VideoSelection,
    folder: Path,
    options: FrameOptions,
    outputs: OutputOptions,
    answer: dict[str, Any] | None = None,
) -> Written:
    """Write all that `outputs` asks for; `selection.json` comes last, so its presence means a whole result.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    made = Written(record.record_of(result, options), [])
    if _needs_pixels(outputs):
        made.frames = list(result.video.read(result.frame_numbers.tolist()))
    pictures: list[Path] = []
    if outputs.frames != "none" and made.frames:
        target = folder / "frames"
        check_writable(target, create=True)
        for old in target.glob("*_t*s_f*.*"):
            old.unlink()  # frames of an earlier selection would be taken for these
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
        duration = result.video.timeline.duration_s
        exports.write_json(
            path,
            exports.chat_messages(
                made.frames, result.query, duration, outputs.messages, span_s=result.span_s
            ),
        )
        made.files["messages"] = str(path)
    made.files |= write_lists(folder, result, outputs.keyframe_list, pictures)
    if outputs.video_metadata:
        path = folder / "video_metadata.json"
        exports.write_json(path, video_metadata(result))
        made.files["metadata"] = str(path)
    if answer is not None:
        made.record["answer"] = answer
    if outputs.html:
        path = folder / "page.html"
        page.write_page(
            path, page.render_page(result, made.record, made.frames, (answer or {}).get("text", ""))
        )
        made.files["html"] = str(path)
    record.write_table(folder / "selection.csv", made.record["frames"])
    made.files["csv"] = str(folder / "selection.csv")
    record.write_record(folder / "selection.json", made.record)
    made.files["record"] = str(folder / "selection.json")
    return made


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
        row["reason"] + ("" if row["relevance"] is None else f"  r {row['relevance']:.2f}") for row in shown
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
        pixels = {frame.index: frame.pixels for frame in made.frames}
        clip.write_keyframe_video(path, (pixels[n] for n in result.padded_numbers if n in pixels))
        made.files["keyframes"] = str(path)
