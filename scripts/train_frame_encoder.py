"""Train the embedded text-image encoder of `vidkit select-frames` on scenes drawn in code.

From the repository root, on one GPU; `train` again goes on from the last checkpoint:

    python scripts/train_frame_encoder.py train --out runs/frame_encoder --seconds 800
    python scripts/train_frame_encoder.py evaluate --out runs/frame_encoder
    python scripts/train_frame_encoder.py export --out runs/frame_encoder

Processes draw scenes all the time into a bank on the device; steps sample the bank and never wait. `export`
writes a plain transformers CLIP folder in fp16 (about 8 MB) with tokenizer, image processor, vocabulary, log
and measured accuracies. Needs torch, transformers, NumPy and OpenCV.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=("train", "evaluate", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/frame_encoder"))
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "vidkit" / "frames" / "assets" / "frame_encoder"
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="of this run")
    parser.add_argument("--total", type=float, help="of all runs together; spans the learning-rate schedule")
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--bank", type=int, default=400_000, help="scenes kept on the device, 28 kB each")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--every", type=int, default=50, help="steps between log lines")
    parser.add_argument("--start", type=Path, help="train: begin with the weights of this exported folder")
    parser.add_argument("--compile", action="store_true", help="train: compile the picture tower")
    parser.add_argument("--scenes", type=int, default=8192, help="held-out scenes to evaluate on")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    if args.stage == "train":
        from scripts.frame_encoder_training.trainer import Plan, Run

        plan = Plan(
            seconds=args.seconds,
            total_s=args.total,
            batch=args.batch,
            bank=args.bank,
            workers=args.workers,
            rate=args.rate,
            log_every=args.every,
            seed=args.seed,
            compile=args.compile,
        )
        Run(args.out, plan, args.start).train()
    elif args.stage == "evaluate":
        from scripts.frame_encoder_training import report

        report.evaluate(args.out, args.scenes)
    else:
        from scripts.frame_encoder_training import report

        report.export(args.out, args.folder)


if __name__ == "__main__":
    main()
