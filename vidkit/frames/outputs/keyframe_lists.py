"""The kept frames as lists that other programs read: times, table, FFmpeg key frames, select and concat."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidkit.frames.pipeline import VideoSelection
from vidkit.utils.files import write_text_atomic

Row = dict[str, Any]


def list_rows(result: VideoSelection) -> list[Row]:
    """One row a kept frame: source number, seconds, clock, pts, and seconds until the next (or the end)."""
    timeline = result.video.timeline
    times = [float(timeline.time_s[number]) for number in result.frame_numbers]
    ends = [*times[1:], max(timeline.duration_s, times[-1])] if times else []
    return [
        {
            "frame": int(number),
            "time_s": time_s,
            "timecode": timecode(time_s),
            "pts": int(timeline.pts[number]),
            "lasts_s": round(end_s - time_s, 6),
        }
        for number, time_s, end_s in zip(result.frame_numbers, times, ends, strict=True)
    ]


def timecode(time_s: float) -> str:
    """Seconds as hh:mm:ss.mmm."""
    milliseconds = round(time_s * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _plain(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _times(rows: list[Row]) -> str:
    return "".join(f"{row['time_s']:.6f}\n" for row in rows)


def _csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["frame", "time_s", "timecode", "pts"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _json(rows: list[Row]) -> str:
    listed = [{name: _plain(row[name]) for name in ("frame", "time_s", "timecode", "pts")} for row in rows]
    return json.dumps(listed, indent=1) + "\n"


def _force_key_frames(rows: list[Row]) -> str:
    # rounded down: FFmpeg takes the first frame that is not before the time
    floors = [math.floor(round(row["time_s"] * 1e6, 3)) / 1e6 for row in rows]
    return ",".join(f"{time_s:.6f}" for time_s in floors) + "\n"


def _select(rows: list[Row]) -> str:
    # n counts decoded frames from 0, as source numbers do
    return "select='" + "+".join(f"eq(n,{row['frame']})" for row in rows) + "'\n"


LISTS: dict[str, tuple[str, Callable[[list[Row]], str]]] = {
    "times": ("keyframes.txt", _times),
    "csv": ("keyframes.csv", _csv),
    "json": ("keyframe_list.json", _json),
    "force_key_frames": ("force_key_frames.txt", _force_key_frames),
    "select": ("select.txt", _select),
}


def write_lists(folder: Path, result: VideoSelection, kinds: tuple[str, ...], pictures: list[Path]) -> Row:
    """Write the lists asked for, of `LISTS` and `concat`; returns the files by kind.

    Args:
        folder: must exist.
        result: the selection.
        kinds: names.
        pictures: written frames in order, for `concat`: each is shown until the next one's time.
    """
    rows, files = list_rows(result), {}
    for kind in kinds:
        if kind == "concat":
            path, text = folder / "frames.ffconcat", _concat(rows, [p.relative_to(folder) for p in pictures])
        else:
            name, build = LISTS[kind]
            path, text = folder / name, build(rows)
        write_text_atomic(path, text)
        files[f"list_{kind}"] = str(path)
    return files


def _concat(rows: list[Row], pictures: list[Path]) -> str:
    shown = {int(path.stem.rpartition("_f")[2]): path for path in pictures}
    lines = ["ffconcat version 1.0"]
    for row in rows:
        if row["frame"] in shown:  # one that could not be decoded again has no picture
            lines += [f"file '{shown[row['frame']].as_posix()}'", f"duration {max(row['lasts_s'], 1e-3):.6f}"]
    # the concat reader heeds the last duration only where a file follows
    return "\n".join([*lines, *lines[-2:-1]]) + "\n"
