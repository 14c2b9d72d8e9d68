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


def second_edition(sampler: str) -> list[tuple[float, dict[str, Any]]]:
    """Held-out checks of the second edition by thousands of clips, for one sampler."""
    log = rows("maze_transformer_second.jsonl")
    return [
        (row["samples"] / 1e3, row["report"])
        for row in log
        if row["kind"] == "held-out" and row["report"]["sampler"] == sampler
    ]


def plot_second(middle: Any, right: Any) -> None:
    """The second edition, which begins with the first's weights."""
    video = [row for row in rows("maze_transformer_second.jsonl") if row["kind"] == "video"]
    places, errors = [row["samples"] / 1e3 for row in video[1:]], [row["weighted"] for row in video[1:]]
    middle.semilogy(places, errors, color="tab:green", label="second edition")
    for steps, style in ((5, "-"), (20, "--")):
        checks = second_edition(f"sync, {steps} steps")
        thousands = [clips for clips, _ in checks]
        for key, marker in (("mean", "s"), ("8x8", "^")):
            shares = [report[key] if key == "mean" else report[key]["success"] for _, report in checks]
            label = f"second edition, {key}, {steps} steps"
            right.plot(thousands, shares, marker + style, color="tab:green", label=label, lw=1)


def video_stage(seed: int) -> tuple[list[tuple[float, float]], list[tuple[float, dict[str, Any]]], float]:
    """Error and held-out checks by thousands of clips; where training was taken up again, or 0."""
    errors, checks, done = [], [], 0.0
    parts = [f"maze_transformer_seed{seed}.jsonl", f"maze_transformer_seed{seed}_continued.jsonl"]
    turn = 0.0
    for name in parts:
        if not (RESULTS / name).is_file():
            continue
        log = rows(name)
        video = [r for r in log if r["kind"] == "video"]
        began, turn = video[0]["samples"], done
        errors += [(done + (r["samples"] - began) / 1e3, r["weighted"]) for r in video[1:]]
        checks += [(done + (r["samples"] - began) / 1e3, r["report"]) for r in log if r["kind"] == "held-out"]
        done += (video[-1]["samples"] - began) / 1e3
    return errors, checks, turn


def main() -> None:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.2))
    # the decoder's own training followed the joint one, which took 207 s
    for name, label, offset in (
        ("maze_vae.jsonl", "training", 0),
        ("maze_decoder.jsonl", "decoder only", 207),
        ("maze_vae_second.jsonl", "second edition, all types", 0),
    ):
        shown = [r for r in rows(name) if "psnr" in r]
        left.plot([r["seconds"] + offset for r in shown], [r["psnr"] for r in shown], lw=0.8, label=label)
    left.set(title="autoencoder, training clips", xlabel="seconds", ylabel="PSNR (dB)")
    left.legend()
    for seed, colour in ((0, "tab:blue"), (1, "tab:orange")):
        errors, checks, turn = video_stage(seed)
        middle.semilogy(*zip(*errors, strict=True), color=colour, label=f"seed {seed}")
        thousands = [clips for clips, _ in checks]
        means = [report["mean"] for _, report in checks]
        right.plot(thousands, means, "o-", color=colour, label=f"seed {seed}, mean over 4x4..8x8")
        if turn:
            for axis in (middle, right):
                axis.axvline(turn, color=colour, lw=0.8, ls=":")
        if seed == 0:
            for size, style in ((4, ":"), (6, "--"), (8, "-.")):
                share = [report[f"{size}x{size}"]["success"] for _, report in checks]
                right.plot(thousands, share, style, color=colour, label=f"seed 0, {size}x{size}")
    plot_second(middle, right)
    middle.set(title="transformer, weighted velocity error", xlabel="thousand clips", ylabel="error")
    middle.legend()
    right.set(
        title="held-out regular mazes solved",
        xlabel="thousand clips",
        ylim=(0, 1.02),
    )
    right.legend(fontsize=6, framealpha=0.6)
    figure.tight_layout()
    target = ROOT / "docs" / "images" / "maze_training.png"
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, dpi=90)
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
