"""Train, evaluate and export the embedded maze model.

Run from the repository root, on one GPU or several:

    torchrun --nproc-per-node 4 scripts/train_maze_model.py vae --out runs/maze --seconds 480
    torchrun --nproc-per-node 4 scripts/train_maze_model.py transformer --out runs/maze --seconds 1500
    torchrun --nproc-per-node 4 scripts/train_maze_model.py evaluate --out runs/maze
    python scripts/train_maze_model.py export --out runs/maze --folder vidkit/models/assets/maze

`--resume` continues from the last checkpoint. `docs/maze-model.md` holds the recipe and the results.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=("vae", "transformer", "evaluate", "compact", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/maze"))
    parser.add_argument("--vae", type=Path, help="folder of a trained autoencoder; default OUT/vae")
    parser.add_argument("--refine", type=Path, help="vae: train only the decoder of this folder on")
    parser.add_argument("--folder", type=Path, default=Path("vidkit/models/assets/maze"))
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--solve-seconds", type=float, default=150.0)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--solve-batch", type=int, default=1024)
    parser.add_argument("--bank", type=int, default=24_000)
    parser.add_argument("--refresh", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1e-3, help="transformer: highest learning rate")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--sizes", default="4,5,6,7,8", help="transformer: of mazes; repeat one to weigh it")
    parser.add_argument(
        "--beside", type=int, default=0, help="transformer: mazes only solved, beside each video step"
    )
    parser.add_argument("--batch-scale", type=float, default=1.0)
    parser.add_argument("--check-every", type=float, default=150.0)
    parser.add_argument("--check-mazes", type=int, default=48)
    parser.add_argument("--mazes", type=int, default=128)
    parser.add_argument("--start", type=Path, help="transformer: go on from this exported pipeline folder")
    parser.add_argument(
        "--shipped", type=Path, help="evaluate: the exported FOLDER instead; write to this file"
    )
    parser.add_argument(
        "--limit", type=float, default=1e9, help="evaluate: no further samplers after SECONDS"
    )
    parser.add_argument("--quick", action="store_true", help="evaluate: the shipped sampler only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()

    from scripts.maze_training.parallel import Group

    group = Group()
    vae_folder = args.vae or args.out / "vae"
    if args.stage == "vae":
        from scripts.maze_training import vae

        vae.train(group, args.out, args.seconds, args.seed, args.batch_scale, args.resume, args.refine)
    elif args.stage == "transformer":
        from scripts.maze_training.denoiser import Plan
        from scripts.maze_training.trainer import Run

        plan = Plan(
            solve_seconds=args.solve_seconds,
            seconds=args.seconds,
            batch=args.batch,
            solve_batch=args.solve_batch,
            bank=args.bank,
            refresh=args.refresh,
            rate=args.rate,
            seed=args.seed,
            layers=args.layers,
            check_every=args.check_every,
            check_mazes=args.check_mazes,
            sizes=tuple(int(size) for size in args.sizes.split(",")),
            beside=args.beside,
        )
        run = Run(group, vae_folder, args.out, plan, args.start)
        if args.resume:
            run.resume()
        run.train()
    elif args.stage == "evaluate":
        from scripts.maze_training import report

        folder, target = args.out, args.out / "evaluation.json"
        if args.shipped:
            vae_folder, folder, target = args.folder / "vae", args.folder, args.shipped
        report.evaluate(group, vae_folder, folder, args.mazes, args.quick, args.layers, target, args.limit)
    elif args.stage == "compact":
        from scripts.maze_training import report

        report.compact(args.out, args.layers, args.out / "weights.safetensors")
    else:
        from scripts.maze_training import report

        report.export(vae_folder, args.out, args.folder, args.layers)


if __name__ == "__main__":
    main()
