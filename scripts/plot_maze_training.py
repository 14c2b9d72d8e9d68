"""Draw the embedded model's learning curves from docs/results/ into docs/images/maze_training.png."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RESULTS / name).read_text(encoding="utf-8").splitlines()]


def main() -> None:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.2))
    # the decoder's own training followed the joint one, which took 207 s
    for name, label, offset in (
        ("maze_vae.jsonl", "training", 0),
        ("maze_decoder.jsonl", "decoder only", 207),
    ):
        shown = [r for r in rows(name) if "psnr" in r]
        left.plot([r["seconds"] + offset for r in shown], [r["psnr"] for r in shown], lw=0.8, label=label)
    left.set(title="autoencoder, training clips", xlabel="seconds", ylabel="PSNR (dB)")
    left.legend()
    for seed, colour in ((0, "tab:blue"), (1, "tab:orange")):
        log = rows(f"maze_transformer_seed{seed}.jsonl")
        video = [r for r in log if r["kind"] == "video"]
        began = video[0]["samples"]
        middle.semilogy(
            [(r["samples"] - began) / 1e3 for r in video[1:]],
            [r["weighted"] for r in video[1:]],
            color=colour,
            label=f"seed {seed}",
        )
        checks = [r for r in log if r["kind"] == "held-out"]
        right.plot(
            [(r["samples"] - began) / 1e3 for r in checks],
            [r["report"]["mean"] for r in checks],
            "o-",
            color=colour,
            label=f"seed {seed}, mean over 4x4..8x8",
        )
    log = rows("maze_transformer_seed0.jsonl")
    began = next(r["samples"] for r in log if r["kind"] == "video")
    checks = [r for r in log if r["kind"] == "held-out"]
    for size, style in ((4, ":"), (6, "--"), (8, "-.")):
        right.plot(
            [(r["samples"] - began) / 1e3 for r in checks],
            [r["report"][f"{size}x{size}"]["success"] for r in checks],
            style,
            color="tab:blue",
            label=f"seed 0, {size}x{size}",
        )
    middle.set(title="transformer, weighted velocity error", xlabel="thousand clips", ylabel="error")
    middle.legend()
    right.set(title="held-out mazes solved (48 a size, 8 steps)", xlabel="thousand clips", ylim=(0, 1.02))
    right.legend()
    figure.tight_layout()
    target = ROOT / "docs" / "images" / "maze_training.png"
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, dpi=90)
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
