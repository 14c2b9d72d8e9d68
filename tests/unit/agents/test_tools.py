"""Tools: sizes as the published agents show pictures, boxes in every frame, crops from the full size."""

import io

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_clips import write_clip

from vidkit.agents.clip_footage import ClipFootage
from vidkit.agents.tools.boxes import source_box
from vidkit.agents.tools.frames import FramesTool
from vidkit.agents.tools.rotate import RotateTool
from vidkit.agents.tools.zoom import ZoomTool
from vidkit.agents.types import ToolError
from vidkit.agents.workspace import GRID, MAX_PIXELS, MIN_PIXELS, Workspace, fitted
from vidkit.errors import VideoError
from vidkit.serving.messages import Clip


@pytest.mark.parametrize(
    ("size", "shown"), [((2250, 1500), (2240, 1512)), ((7680, 4320), (4760, 2688)), ((28, 28), (56, 56))]
)
def test_sizes_as_published(size, shown) -> None:
    assert fitted(*size) == shown


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_sides_are_multiples_and_the_area_keeps_its_limits(width: int, height: int) -> None:
    wide, high = fitted(width, height)
    assert wide % GRID == high % GRID == 0 and wide > 0 and high > 0
    if max(width, height) < 150 * min(width, height):
        assert MIN_PIXELS <= wide * high <= MAX_PIXELS


@pytest.mark.parametrize(
    ("box", "frame"),
    [([476, 0, 952, 1344], "model"), ([768, 0, 1536, 2160], "pixel"), ([0.1, 0, 0.2, 0.5], "unit"),
     ([100, 0, 200, 500], "thousand")],
)  # fmt: skip
def test_frames_of_boxes(box, frame) -> None:
    workspace = Workspace([PIL.Image.new("RGB", (7680, 4320))])
    assert source_box(box, workspace, 0, frame) == (768, 0, 1536, 2160)


def test_boxes_are_clamped() -> None:
    workspace = Workspace([PIL.Image.new("RGB", (100, 50))])
    assert source_box([-50, -9, 60, 999], workspace, 0, "pixel") == (0, 0, 60, 50)


def test_a_tiny_picture_may_be_shown_whole() -> None:
    workspace = Workspace([PIL.Image.new("RGB", (10, 10))])
    assert source_box([0, 0, 10, 10], workspace, 0, "pixel") == (0, 0, 10, 10)
    with pytest.raises(ToolError, match="at least 10 px"):
        source_box([0, 0, 5, 10], workspace, 0, "pixel")


def shown(result, place=0):
    return PIL.Image.open(io.BytesIO(result.images[place].data)).convert("RGB")


def test_a_crop_shows_detail_that_the_shrunk_picture_lost() -> None:
    picture = PIL.Image.new("RGB", (2000, 2000), "white")
    for x in range(0, 100, 2):
        picture.paste((0, 0, 0), (x, 0, x + 1, 100))
    workspace = Workspace([picture], largest=200_000)
    crop = shown(ZoomTool("pixel").run({"bbox_2d": [0, 0, 56, 56]}, workspace))
    small = PIL.Image.open(io.BytesIO(workspace.shown().data)).convert("L")
    assert crop.convert("L").getextrema()[0] < 60 and small.getextrema()[0] > 90


def test_quarter_turns_are_exact_and_mirrored() -> None:
    picture = PIL.Image.new("RGB", (112, 56), "white")
    picture.paste((255, 0, 0), (0, 0, 28, 56))
    turned = shown(RotateTool().run({"degrees": 90}, Workspace([picture])))
    assert turned.size == (56, 112) and turned.getpixel((5, 105)) == (255, 0, 0)
    mirrored = shown(RotateTool().run({"degrees": 0, "mirror": True}, Workspace([picture])))
    assert mirrored.getpixel((105, 5)) == (255, 0, 0)
    for bad in (None, True, float("nan"), 1e9, "90"):
        with pytest.raises(ToolError, match="degrees"):
            RotateTool().run({"degrees": bad}, Workspace([picture]))


class Footage:
    """Ten seconds of grey."""

    length_s = 10.0

    def __init__(self) -> None:
        self.asked: list = []

    def at(self, times_s):
        self.asked.extend(times_s)
        return [PIL.Image.new("RGB", (64, 48))] * len(times_s)

    def chosen(self, query, count, start_s, end_s):
        if query == "broken":
            raise VideoError("no video 'x.mp4'")
        return [start_s + 0.25] * min(count, 1)


def test_frames_of_a_video() -> None:
    footage = Footage()
    workspace = Workspace(video=footage)
    result = FramesTool().run({"start": 8, "end": 99, "count": 2}, workspace)
    assert footage.asked == [8.5, 9.5] and "8.5 s, 9.5 s" in result.text and len(result.images) == 2
    for start, end, count in ((5, 5, 2), (11, 12, 2), ("a", 2, 2), (0, 1, 99), (0, 10**400, 2)):
        with pytest.raises(ToolError):
            FramesTool().run({"start": start, "end": end, "count": count}, workspace)
    with pytest.raises(ToolError, match="no video"):
        FramesTool().run({"start": 0, "end": 1}, Workspace())


def test_frames_for_a_query() -> None:
    footage = Footage()
    result = FramesTool().run({"start": 2, "end": 6, "count": 3, "query": "a dog"}, Workspace(video=footage))
    assert footage.asked == [2.25] and result.text == "frames at 2.2 s"
    for query in (7, ["dog"], "x" * 501):
        with pytest.raises(ToolError, match="query must be text"):
            FramesTool().run({"start": 2, "end": 6, "query": query}, Workspace(video=footage))
    with pytest.raises(ToolError, match="cannot be read: no video"):
        FramesTool().run({"start": 2, "end": 6, "query": "broken"}, Workspace(video=footage))


def grey(picture: PIL.Image.Image) -> int:
    return picture.convert("L").getpixel((30, 20))


def test_footage_is_of_its_clip_alone(tmp_path) -> None:
    pytest.importorskip("av", reason="made clips need PyAV")
    path = write_clip(tmp_path / "v.mp4", seconds=4, sound=False)  # frame i, at i / 10 s, is grey 4 * i
    clip = ClipFootage(Clip(path, 1.0, 2.0))
    shown = [grey(picture) for picture in clip.at([0.0, 0.25, 1.95, 0.5, 7.0])]
    assert shown == pytest.approx([40, 48, 116, 60, 116], abs=2)  # nothing after the clip's end
    chosen = clip.chosen("grey", 2, 0.5, 99.0)
    assert 1 <= len(chosen) <= 2 and all(0.5 <= time < 2.0 for time in chosen)
    with pytest.raises(VideoError):
        ClipFootage(Clip(tmp_path / "none.mp4", 0.0, 2.0)).at([0.5])
