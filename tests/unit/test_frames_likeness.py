"""The embedded network is asked about drawn scenes alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vidkit.frames.cache import EmbeddingCache
from vidkit.frames.encoders import embedded
from vidkit.frames.encoders.likeness import looks_drawn
from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video
from vidkit.synthetic.scenes import draw_scene

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "camera.png", "motorcycle_left.png", "grass.png")


def photograph(name: str) -> np.ndarray:
    data = pytest.importorskip("skimage.data")
    picture = cv2.imread(str(Path(data.__file__).parent / name))
    if picture is None:
        pytest.skip(f"this scikit-image has no {name}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def natural(rng: np.random.Generator, side: int = 160) -> np.ndarray:
    """Clouds of every size, as natural pictures have: amplitude falls with frequency."""
    waves = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    waves[0, 0] = 1
    planes = []
    for _ in range(3):
        noise = np.fft.fft2(rng.normal(size=(side, side))) / waves
        plane = np.real(np.fft.ifft2(noise))
        planes.append(plane / plane.std())
    grey = planes[0]
    mixed = np.stack([110 + 45 * grey + 12 * plane for plane in planes], axis=-1)
    return np.clip(mixed, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_do_not_look_drawn(name: str) -> None:
    assert not looks_drawn([photograph(name)])[0]


def test_natural_textures_do_not_look_drawn_at_any_size() -> None:
    rng = np.random.default_rng(0)
    for side in (96, 160, 320):
        assert not looks_drawn([natural(rng, side) for _ in range(4)])[0]


def test_most_drawn_scenes_do() -> None:
    rng = np.random.default_rng(12345)  # none of the fit's
    verdicts = [looks_drawn([draw_scene(rng).picture])[0] for _ in range(120)]
    assert np.mean(verdicts) > 0.65


def folder_of(path: Path, pictures: list[np.ndarray]) -> Path:
    path.mkdir()
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(path / f"{number:03d}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return path


@pytest.mark.skipif(not embedded.is_available(), reason="the weights are not in this installation")
def test_a_query_about_real_footage_is_not_answered_by_the_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    query, options = "three red circles", FrameOptions(method="topk", k=2, features="none")
    real = folder_of(tmp_path / "real", [natural(rng) for _ in range(6)])
    found = select_from_video(real, query, options, cache=EmbeddingCache(tmp_path / "cache"))
    assert found.relevance_name == "lexicon" and "embedded_not_used" in found.facts
    assert any("does not look like the drawn scenes" in note for note in found.warnings)
    again = select_from_video(real, query, options, cache=EmbeddingCache(tmp_path / "cache"))
    assert again.warnings == found.warnings and again.from_cache
    asked = select_from_video(
        real, query, FrameOptions(k=2, method="topk", relevance="embedded", features="none")
    )
    assert asked.relevance_name == "embedded"
    assert any("asked all the same" in note for note in asked.warnings)
    drawn = folder_of(tmp_path / "drawn", [draw_scene(rng, clean=True).picture for _ in range(6)])
    assert select_from_video(drawn, query, options).relevance_name == "embedded"
