"""Time the embedded autoencoder's whole-clip decode against diffusers' chunked one, on the CPU, in one run.

Writes docs/results/whole_clip.json. Both decode the same latents; the results are compared first.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor

from vidkit.generation.folder import embedded_folder
from vidkit.models.whole_clip import WholeClip

RESULT = Path(__file__).resolve().parents[1] / "docs" / "results" / "whole_clip.json"
RUNS = 3


def seconds(decode: Callable[[], Tensor]) -> float:
    begin = time.perf_counter()
    decode()
    return time.perf_counter() - begin


@torch.no_grad()
def main() -> None:
    vae = AutoencoderKLWan.from_pretrained(embedded_folder() / "vae", torch_dtype=torch.float32).eval()
    latents = torch.randn(1, 8, 16, 24, 24, generator=torch.Generator().manual_seed(0))
    chunked = vae.decode(latents).sample  # also warms both paths up
    whole = WholeClip(vae).decode(latents).clamp(-1, 1)
    difference = float((chunked - whole).abs().max())
    if difference > 1e-3:
        raise SystemExit(f"the two decodes differ by {difference}: no figure is given")
    pairs = [
        (seconds(lambda: vae.decode(latents).sample), seconds(lambda: WholeClip(vae).decode(latents)))
        for _ in range(RUNS)
    ]
    row = {
        "made_by": "python scripts/bench_whole_clip.py",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": f"CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "chunked_s": [round(chunk, 3) for chunk, _ in pairs],
        "whole_s": [round(clip, 3) for _, clip in pairs],
        "ratio_median": round(statistics.median(chunk / clip for chunk, clip in pairs), 2),
        "largest_difference": difference,
    }
    RESULT.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
