"""The pictures of README.md, made by the commands they show, and its badges, drawn from pyproject.toml.

Writes docs/images/{maze.gif,selection.png,licence.svg,python.svg,version.svg}. From the repository root, on
any machine; a minute on two CPU cores:

    python scripts/make_images.py             # everything
    python scripts/make_images.py --badges    # the badges alone; a test compares them with what is there
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
GENERATE = "generate maze.size=6 attention=haste_xattention --seed 3"
SELECT = "select-frames planted.mp4"
PLANTED_SEED = 2
_BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{left}: {right}">
<title>{left}: {right}</title>
<rect width="{width}" height="20" rx="3" fill="#555"/>
<path d="M{split} 0h{rest}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{rest}z" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left_x}" y="14">{left}</text>
<text x="{right_x}" y="14">{right}</text>
</g>
</svg>
"""  # noqa: E501 (one tag per line)


def badges() -> dict[str, str]:
    """File name to SVG: what the project's own files say, so that they are true without a network."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = (ROOT / "vidkit" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "([^"]+)"', package)
    assert version is not None
    pythons = [c.rpartition(" ")[2] for c in project["classifiers"] if re.search(r"Python :: 3\.\d+$", c)]
    return {
        "licence.svg": _badge("licence", project["license"], "#4c1"),
        "python.svg": _badge("python", " | ".join(pythons), "#007ec6"),
        "version.svg": _badge("version", version[1], "#007ec6"),
    }


def _badge(left: str, right: str, colour: str) -> str:
    widths = [7 * len(text) + 12 for text in (left, right)]  # of 11 px letters, a little generous
    return _BADGE.format(
        width=sum(widths),
        split=widths[0],
        rest=widths[1] - 3,
        left_x=widths[0] / 2,
        right_x=widths[0] + widths[1] / 2,
        left=left,
        right=right,
        colour=colour,
    )


def make_gif(folder: Path) -> None:
    """The demo's maze as an animation."""
    video = folder / "maze.mp4"
    _vidkit(folder, *GENERATE.split(), "--output", str(video))
    write_gif(video, IMAGES / "maze.gif")


def write_gif(video: Path, target: Path) -> None:
    """A small animation of a clip at 12 frames per second, each pixel shown as four."""
    from PIL import Image

    from vidkit.video.reader import open_video

    reader = open_video(video)
    frames = [
        Image.fromarray(frame.pixels).resize((192, 192), Image.Resampling.NEAREST)
        for frame in reader.read(range(len(reader.timeline)))
    ]
    palette = frames[0].quantize(64, Image.Quantize.MAXCOVERAGE)  # else the ball takes the colour of the goal
    small = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    small[0].save(target, save_all=True, append_images=small[1:], duration=83, loop=0, optimize=True)


def make_sheet(folder: Path) -> None:
    """The contact sheet of a selection from a video with planted events."""
    from PIL import Image

    from vidkit.synthetic.planted import write_planted_video

    planted = write_planted_video(folder / "planted.mp4", PLANTED_SEED)
    print("planted:", planted.query, planted.events)
    _vidkit(folder, *SELECT.split(), f"a {planted.query}", "frames=lddr", "k=8", "--output", "selection")
    with Image.open(folder / "selection" / "sheet.png") as sheet:
        sheet.convert("RGB").quantize(128).save(IMAGES / "selection.png", optimize=True)


def _vidkit(folder: Path, *words: str) -> None:
    print("vidkit", *words, flush=True)
    subprocess.run([sys.executable, "-m", "vidkit", *words], cwd=folder, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--badges", action="store_true", help="draw the badges alone")
    only_badges = parser.parse_args().badges
    for name, svg in badges().items():
        (IMAGES / name).write_text(svg, encoding="utf-8")
    if not only_badges:
        with tempfile.TemporaryDirectory() as folder:
            make_sheet(Path(folder))
            make_gif(Path(folder))


if __name__ == "__main__":
    main()
