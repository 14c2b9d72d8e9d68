"""Videos of a trace: their frames are the scenes, their length is what the pace says."""

import builtins
import os
from fractions import Fraction

import algoviz_traces as made
import av
import numpy as np
import pytest
from PIL import Image

import vidkit.algoviz as algoviz
from vidkit.algoviz.renderers import fontconfig
from vidkit.algoviz.renderers.frames import Frames
from vidkit.algoviz.renderers.pictures import Screen
from vidkit.algoviz.renderers.rendering import film_of
from vidkit.errors import ConfigError, MissingDependency


@pytest.fixture(scope="module")
def trace():
    return algoviz.trace_of(made.bubble_sort([2, 3, 1]))


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return frames, stream.average_rate, stream.codec_context.name


@pytest.mark.parametrize(("to", "codec"), [("mp4", "h264"), ("webm", ("vp9", "libvpx-vp9"))])
def test_video_shows_every_step(trace, tmp_path, to, codec):
    steps = (0, 1, 2, 3)
    done = algoviz.render(trace, output=tmp_path / f"sort.{to}", steps=steps, height=360, fps=12)
    frames, rate, name = decoded(done.files[0])
    film = film_of(trace)
    length = sum(film.timing(k).stands_s + (film.timing(k).moves_s if k else 0) for k in steps) + 1
    assert rate == 12 and name in codec
    assert abs(len(frames) / 12 - length) < 0.5
    screen = Screen(640, 360, film.size)
    for frame, step in ((frames[0], 0), (frames[-1], 3)):
        wanted = screen.rgb(film.scene(step)).astype(float)
        assert np.abs(frame.astype(float) - wanted).mean() < 3


def test_each_frame_is_nearest_to_the_picture_drawn_for_it(trace, tmp_path):
    steps = (0, 1, 2)
    done = algoviz.render(trace, output=tmp_path / "sort.mp4", steps=steps, height=360, fps=12)
    frames, _, _ = decoded(done.files[0])
    film = film_of(trace)
    drawing = Frames(film, steps, Fraction(12), Screen(640, 360, film.size))
    pictures, shown = [], []
    for number, (pixels, count) in enumerate(drawing):
        pictures.append(pixels[..., 2::-1].astype(float))
        shown += [number] * count
    nearest = [int(np.argmin([np.square(frame - p).mean() for p in pictures])) for frame in frames]
    assert nearest == shown and len(pictures) > len(steps)


def test_no_frame_of_a_video_differs_visibly_from_what_was_drawn(trace, tmp_path):
    steps, fps = tuple(range(len(trace) + 1)), Fraction(12)
    done = algoviz.render(trace, output=tmp_path / "sort.mp4", steps=steps, height=360, fps=12)
    screen = Screen(640, 360, (1280, 720))
    drawn = av.VideoFrame.from_numpy_buffer(screen.pixels, format="bgra")
    wanted = []
    for _, count in Frames(film_of(trace), steps, fps, screen):
        planes = drawn.reformat(format="yuv420p", dst_colorspace="ITU709").to_ndarray()
        wanted += [planes.astype(float)] * count
    with av.open(str(done.files[0])) as container:
        frames = [frame.to_ndarray().astype(float) for frame in container.decode(video=0)]
    assert len(frames) == len(wanted)
    squares = [np.square(one - other).mean() for one, other in zip(frames, wanted, strict=True)]
    # twice as good as what eyes tell apart (about 40 dB)
    assert 10 * np.log10(255**2 / max(squares)) > 46


def test_fontconfig_warns_in_vain_and_others_are_heard(capfd):
    with fontconfig.quiet():
        os.write(2, b'Fontconfig warning: "a.conf", line 6: unknown element\nsomething else\n')
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "something else\nafterwards\n"


def test_pixels_have_room_behind_them_for_readers_of_whole_vectors():
    screen = Screen(6, 4, (1280, 720))
    assert screen.pixels.shape == (4, 6, 4)
    assert screen.pixels.base.nbytes - screen.pixels.nbytes >= 64


def test_same_trace_gives_the_same_frames(trace, tmp_path):
    first, second = (
        decoded(algoviz.render(trace, output=tmp_path / f"{n}.mp4", steps=[1, 2], height=360).files[0])[0]
        for n in "ab"
    )
    assert len(first) == len(second)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_drawing_only_what_changes_gives_the_whole_picture(trace):
    film = film_of(trace)
    screen, whole = Screen(640, 360, film.size), Screen(640, 360, film.size)
    steps = tuple(range(len(film)))
    seen = [pixels.copy() for pixels, _ in Frames(film, steps, Fraction(4), screen)]
    assert len(seen) > len(film), "there are pictures on the way"
    # the last of each step stands; two on the way are compared with a drawing of everything
    from vidkit.algoviz.scene.motion import between
    from vidkit.algoviz.scene.shapes import Scene

    before, after = film.scene(0), film.scene(1)
    middle = Scene(1280, 720, after.background, tuple(between(before, after, 0.5)))
    whole.show(middle)
    assert np.abs(seen[1].astype(int) - whole.pixels).max() <= 2


def test_gif_plays_for_ever_and_holds_all_steps(trace, tmp_path):
    done = algoviz.render(trace, output=tmp_path / "sort.gif", steps=[0, 1, 2], height=360)
    picture = Image.open(done.files[0])
    assert picture.size == (640, 360)
    assert picture.n_frames >= 3
    assert picture.info["loop"] == 0


def test_too_long_a_video_needs_force(tmp_path):
    comment = [made.op("showComment", text="x" * 60, anchor="global")]
    other = [made.op("showComment", text="y" * 60, anchor="global")]
    trace = algoviz.trace_of(made.trace(made.array([1]), *[comment, other] * 80))
    with pytest.raises(ConfigError, match=r"would last 1[01] minutes"):
        algoviz.render(trace, output=tmp_path / "long.mp4")
    assert not list(tmp_path.iterdir())


def test_missing_system_library_is_named_with_its_package(trace, tmp_path, monkeypatch):
    real = builtins.__import__

    def refusing(name, *rest, **more):
        if name == "skia":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return real(name, *rest, **more)

    monkeypatch.delitem(__import__("sys").modules, "skia", raising=False)
    monkeypatch.setattr("importlib.import_module", lambda name: refusing(name))
    with pytest.raises(MissingDependency, match=r"libGL\.so\.1") as caught:
        Screen(64, 36, (1280, 720))
    assert "apt install libgl1" in caught.value.hint
