"""Fit the model that tells drawn scenes from real footage, on scenes drawn in code and public photographs.

    python scripts/calibrate_scene_likeness.py [VIDEO ...]

Prints the constants of `vidkit/frames/encoders/likeness.py`, how held-out drawn scenes and photographs (each
left out in turn) fare, and the verdict on further videos. Needs scikit-image for the photographs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]

from vidkit.frames.encoders import likeness  # noqa: E402
from vidkit.synthetic.scenes import draw_scene  # noqa: E402
from vidkit.video.reader import open_video  # noqa: E402

PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "grass.png",
    "gravel.png", "motorcycle_left.png", "motorcycle_right.png", "rocket.jpg", "hubble_deep_field.jpg",
    "ihc.png", "retina.jpg", "moon.png",
)  # fmt: skip
DRAWN, CUTS, RIDGE = 900, 8, 3e-3


def main() -> None:
    rng = np.random.default_rng(7)
    drawn = np.array([likeness.statistics(draw_scene(rng).picture) for _ in range(DRAWN)])
    real, names = photographs(rng)
    kept = drawn[: DRAWN // 2]
    print("photograph, log-odds of drawn when it is left out (mean of its cuts):")
    for name in dict.fromkeys(names):
        inside = np.array(names) == name
        model = fit(kept, real[~inside])
        print(f"  {name:24s} {np.mean(odds(real[inside], model)):6.2f}")
    held_out = odds(drawn[DRAWN // 2 :], fit(kept, real))
    print(
        "held-out drawn scenes, percentiles 1, 5, 10, 25, 50:",
        np.percentile(held_out, [1, 5, 10, 25, 50]).round(2),
    )
    mean, spread, weights = fit(drawn, real)
    for name, values in (("MEAN", mean), ("SPREAD", spread), ("WEIGHTS", weights)):
        print(f"{name} = ({', '.join(f'{value:.4f}' for value in values)})")
    for path in map(Path, sys.argv[1:]):
        video = open_video(path)
        numbers = np.unique(np.linspace(0, len(video.timeline) - 1, likeness.FRAMES).astype(int)).tolist()
        rows = np.array(
            [likeness.statistics(frame.pixels) for frame in video.read(numbers, likeness.SHORT_SIDE)]
        )
        print(f"{path.name}: {np.mean(odds(rows, (mean, spread, weights))):.2f}")


def photographs(rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Statistics of the photographs and of random cuts out of them, with their names."""
    import skimage.data

    rows, names = [], []
    for name in PHOTOGRAPHS:
        data = cv2.imread(str(Path(skimage.data.__file__).parent / name))
        if data is None:
            continue
        picture = cv2.cvtColor(data, cv2.COLOR_BGR2RGB)
        height, width = picture.shape[:2]
        cuts = [picture]
        for _ in range(CUTS):
            side = int(rng.integers(height // 3, height // 2 + 1))
            y, x = int(rng.integers(0, height - side)), int(rng.integers(0, max(1, width - side)))
            cuts.append(np.ascontiguousarray(picture[y : y + side, x : x + side]))
        rows += [likeness.statistics(cut) for cut in cuts]
        names += [name] * len(cuts)
    return np.array(rows), names


def fit(drawn: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, spread and weights of a logistic model with both sides of equal weight."""
    values = np.concatenate([drawn, real])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    made = likeness.design(values, mean, spread)
    sign = np.concatenate([np.ones(len(drawn)), -np.ones(len(real))])
    weight = np.where(sign > 0, 0.5 / len(drawn), 0.5 / len(real))

    def loss(weights: np.ndarray) -> float:
        return float(
            (weight * np.logaddexp(0, -sign * (made @ weights))).sum() + RIDGE * (weights[:-1] ** 2).sum()
        )

    return mean, spread, minimize(loss, np.zeros(made.shape[1])).x


def odds(values: np.ndarray, model: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    mean, spread, weights = model
    return np.asarray(likeness.design(values, mean, spread) @ weights)


if __name__ == "__main__":
    main()
