"""How the embedded model fares when clips are made block by block: success on held-out mazes, PSNR, time.

    python scripts/measure_forcing_modes.py --mazes 32 --modes sync,bidirectional,block_causal+active
    python scripts/measure_forcing_modes.py --mazes 32 --modes block_causal,block_causal+active+refresh

Mazes are the held-out ones of docs/maze-model.md, sizes 5 to 8 in turn; every mode starts from one noise.
PSNR is to the clip of the first mode, before any video is encoded.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scripts.maze_training.evaluation import held_out_levels
from vidkit.generation import LoadOptions, embedded_folder, load_pipeline, read_spec
from vidkit.generation.decode import decode_latents
from vidkit.generation.forcing import ForcingOptions
from vidkit.generation.load import set_sampler
from vidkit.mazes.embedded.render import render
from vidkit.mazes.embedded.track import judge
from vidkit.models.block_runs import BlockAttention, ForcingMode
from vidkit.utils.statistics import share_interval

SIZES = (5, 6, 7, 8)


def options_of(name: str, lag: int) -> ForcingOptions:
    """`sync`, or a mode of blocks of 4 latent frames; `:N` bounds the kept keys to N blocks.

    A name that ends in `!` has an exact corrector.
    """
    name, exact = name.removesuffix("!"), name.endswith("!")
    if name == "sync":
        return ForcingOptions(exact_corrector=exact)
    mode, _, budget = name.partition(":")
    made = ForcingMode.of(mode)
    return ForcingOptions(
        ar_step=lag,
        block_size=4,
        causal_attention=made.attention is BlockAttention.block_causal,
        active_only=made.active_only,
        clean_refresh=made.clean_refresh,
        kv_budget=int(budget) if budget else None,
        exact_corrector=exact,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mazes", type=int, default=32)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--lag", type=int, default=5)
    parser.add_argument("--modes", default="sync,bidirectional,block_causal,block_causal+active")
    parser.add_argument(
        "--log", default=None, help="JSON lines, one a clip; a run goes on from what is there"
    )
    args = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = embedded_folder()
    model = load_pipeline(read_spec(folder), folder, LoadOptions(device, torch.float32))
    set_sampler(model.pipe, "unipc", 4.0)
    modes = args.modes.split(",")
    log = Path(args.log) if args.log else None
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log and log.exists() else []
    known = {row["maze"] for row in rows if row["steps"] == args.steps}
    for number in [n for n in range(args.mazes) if n not in known]:
        size = SIZES[number % len(SIZES)]
        levels = held_out_levels(size, args.mazes // len(SIZES) + 1, 1, torch.device("cpu"))
        level = levels.select(torch.tensor([number // len(SIZES)]))
        first: Tensor | None = None
        row: dict[str, Any] = {"maze": number, "steps": args.steps}
        for name in modes:
            clip, seconds = make(model.pipe, level, options_of(name, args.lag), args.steps, number, device)
            first = clip if first is None else first
            error = float((clip - first).square().mean())
            row[name] = [bool(judge(level, clip).success[0]), -10 * math.log10(max(error, 1e-10)), seconds]
        rows.append(row)
        if log:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    report([row for row in rows if row["steps"] == args.steps], modes)


def report(rows: list[dict[str, Any]], modes: list[str]) -> None:
    """Share of solved mazes with its interval, PSNR to the first mode, seconds of denoising."""
    for name in modes:
        solved, psnr, seconds = (sum(row[name][i] for row in rows) for i in range(3))
        bound = share_interval(solved, len(rows))
        print(
            f"{name:32} solved {solved:3}/{len(rows)} [{bound.low:.2f}, {bound.high:.2f}]"
            f"  PSNR {psnr / len(rows):5.1f} dB  {seconds / len(rows):.2f} s a clip"
        )


def make(
    pipe: Any, level: Any, options: ForcingOptions, steps: int, seed: int, device: torch.device
) -> tuple[Tensor, float]:
    """One clip in [0, 1], `[1, T, 96, 96, 3]`, and the seconds of its denoising."""
    picture = render(level, 1)[0, 0].permute(2, 0, 1).unsqueeze(0) * 2 - 1
    with torch.no_grad():
        prompt, _ = pipe.encode_prompt(
            level.captions()[0], "", do_classifier_free_guidance=False, max_sequence_length=20
        )
    begin = time.perf_counter()
    latents = pipe.denoise(
        prompt_embeds=prompt, negative_prompt_embeds=None, image=picture.to(device), height=96, width=96,
        num_frames=61, num_inference_steps=steps, guidance_scale=1.0, fps=12,
        generator=torch.Generator().manual_seed(seed), options=options,
    )  # fmt: skip
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - begin
    frames = torch.from_numpy(decode_latents(pipe, latents)).float() / 255
    return frames.unsqueeze(0), seconds


if __name__ == "__main__":
    main()
