"""How long the renderers of algorithm animations take, for a sort of ten numbers in 101 steps.

    python scripts/time_animations.py [--to html,mp4,gif,...] [--best-of 3] [--steps 101]

Prints seconds on the clock, and of the processor (child processes included) for machines that do other things
meanwhile. For videos, frames per second on the clock, and those to expect of two idle cores: no more than the
thread that draws can deliver, nor than two cores can draw and encode. `tikz-picture` is one step that TeX
compiles by itself. Of the player, milliseconds of script for a frame of 500 elements in Chromium.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import av

import vidkit.algoviz as algoviz

STEPS = 101


def sort_trace(values: list[int]) -> Any:
    """A bubble sort with pointers, styles and comments."""
    elements = [{"index": i, "value": value, "state": "idle"} for i, value in enumerate(values)]
    deltas: list[Any] = []
    a = list(values)

    def step(line: int, *ops: tuple[str, dict[str, Any]]) -> None:
        group = [{"op": name, "params": params} for name, params in ops]
        deltas.append({"code_highlight": line, "operations": [group]})

    for end in range(len(a) - 1, 0, -1):
        for i in range(end):
            step(
                3,
                ("updateStyle", {"indices": [i, i + 1], "styleKey": "comparing"}),
                ("x-pointer", {"view_id": "data_state", "index": i, "label": "i"}),
                ("showComment", {"text": f"{a[i]} against {a[i + 1]}", "anchor": "global"}),
            )
            if a[i] > a[i + 1]:
                a[i], a[i + 1] = a[i + 1], a[i]
                updates = [{"index": k, "value": a[k]} for k in (i, i + 1)]
                step(4, ("updateValues", {"updates": updates}))
            step(3, ("updateStyle", {"indices": [i, i + 1], "styleKey": "idle"}))
    code = [
        "def sort(a):",
        "    for end in range(len(a) - 1, 0, -1):",
        "        for i in range(end):",
        "            swap",
    ]
    frame = {
        "data_state": {"type": "array", "structure": elements},
        "pseudocode": code,
        "code_highlight": 1,
        "styles": {},
    }
    return algoviz.trace_of(
        {"svl_version": "5.0", "algorithm": {"name": "Sort"}, "initial_frame": frame, "deltas": deltas}
    )


def table_trace() -> Any:
    """A table in which every cell changes at once: 500 elements on the move."""
    cells = [{"row": r, "col": c} for r in range(16) for c in range(14)]
    updates = [{**cell, "value": cell["row"] + cell["col"] + 100} for cell in cells]
    op = {"op": "updateTableCell", "params": {"view_id": "data_state", "updates": updates}}
    frame = {"data_state": {"type": "table", "data": [[r * c for c in range(14)] for r in range(16)]}}
    delta = {"code_highlight": None, "operations": [[op]]}
    return algoviz.trace_of(
        {"svl_version": "5.0", "algorithm": {"name": "Table"}, "initial_frame": frame, "deltas": [delta]}
    )


def player_ms(folder: Path) -> str:
    """Script time of a frame in a browser without a window."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return "no Chromium here"
    page = algoviz.render(table_trace(), output=folder / "table.html").files[0]
    probe = "<script>document.title = JSON.stringify(vidkitPlayer.measure(0, 120))</script></body>"
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", probe), encoding="utf-8")
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        f"--user-data-dir={folder / 'p'}",
    ]
    done = subprocess.run([chromium, *options, page.as_uri()], capture_output=True, text=True, check=False)
    found = re.search(r"<title>(.*?)</title>", done.stdout)
    return found[1] if found else "Chromium said nothing"


class Spent:
    """Seconds since it was made: on the clock, of this thread, of all threads and ended child processes."""

    def __init__(self) -> None:
        self._begun = self._now()

    def seconds(self) -> tuple[float, float, float]:
        clock, thread, processor = (now - then for now, then in zip(self._now(), self._begun, strict=True))
        return clock, thread, processor

    @staticmethod
    def _now() -> tuple[float, float, float]:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.perf_counter(), time.thread_time(), sum(one.ru_utime + one.ru_stime for one in used)


def timed(trace: Any, to: str, folder: Path, count: int) -> tuple[float, str]:
    """Processor seconds of one renderer, and a line that tells more."""
    spent = Spent()
    if to == "tikz-picture":
        done = algoviz.render(trace, to="tikz-pdf", output=folder / to, steps=[count // 2], force=True)
    else:
        done = algoviz.render(trace, to=to, output=folder / to, steps=range(count), force=True)
    clock, thread, processor = spent.seconds()
    line = f"{to:12} {clock:6.2f} s, processor {processor:6.2f} s"
    if done.files[0].suffix in (".mp4", ".webm"):
        with av.open(str(done.files[0])) as video:
            frames = sum(1 for _ in video.decode(video=0))
        idle = frames / max(thread, processor / 2)
        line += f", {frames} frames: {frames / clock:.0f} a second, {1000 * processor / frames:.2f} ms each, "
        line += f"{1000 * thread / frames:.2f} ms of them to draw: {idle:.0f} a second on two idle cores"
    return processor, line


def main() -> None:
    """Time each renderer, after a first picture that loads libraries and fonts."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--to", default="html,mp4,gif,webm,svg,pdf,sheet,tikz,tikz-picture,manim")
    parser.add_argument("--best-of", type=int, default=1, metavar="N", help="runs; the quickest counts")
    parser.add_argument("--steps", type=int, default=STEPS, help="how many steps are rendered")
    asked = parser.parse_args()
    trace = sort_trace([9, 4, 7, 1, 8, 2, 6, 3, 5, 10])
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, {asked.steps} steps, 720 lines")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        algoviz.render(trace, to="png", output=folder / "first", steps=[0])
        for to in asked.to.split(","):
            print(min(timed(trace, to, folder, asked.steps) for _ in range(asked.best_of))[1], flush=True)
        print(f"player, a frame of 500 elements: {player_ms(folder)}")


if __name__ == "__main__":
    main()
