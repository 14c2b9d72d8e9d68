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


def parser() -> argparse.ArgumentParser:
    """The stages, and their options in groups."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("stage", choices=tuple(STAGES))
    made.add_argument("--out", type=Path, default=Path("runs/maze"))
    made.add_argument("--vae", type=Path, help="folder of a trained autoencoder; default OUT/vae")
    made.add_argument("--folder", type=Path, default=Path("vidkit/models/assets/maze"))
    made.add_argument("--layers", type=int, default=12, help="of the transformer")
    _add_training(made)
    _add_vae(made)
    _add_transformer(made)
    _add_evaluate(made)
    return made


def _add_training(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("vae and transformer")
    group.add_argument(
        "--seconds", type=float, default=600.0, help="of training over all restarts, after the first step"
    )
    group.add_argument(
        "--begin",
        type=Path,
        help="go on from this autoencoder (vae) or exported pipeline (transformer)",
    )
    group.add_argument("--seed", type=int, default=0)
    group.add_argument("--resume", action="store_true")
    group.add_argument("--boards", type=float, default=0.0, help="share of the types other than regular")


def _add_vae(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("vae")
    group.add_argument("--refine", type=Path, help="train only the decoder of this folder on")
    group.add_argument("--batch-scale", type=float, default=1.0)


def _add_transformer(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("transformer")
    group.add_argument("--solve-seconds", type=float, default=150.0)
    group.add_argument("--batch", type=int, default=64)
    group.add_argument("--solve-batch", type=int, default=1024)
    group.add_argument("--bank", type=int, default=24_000)
    group.add_argument("--refresh", type=int, default=12)
    group.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    group.add_argument("--sizes", default="4,5,6,7,8", help="of mazes; repeat one to weigh it")
    group.add_argument("--beside", type=int, default=0, help="mazes only solved, beside each video step")
    group.add_argument("--pause", type=float, default=1e9, help="save and end after so long; then --resume")
    group.add_argument("--pictures", type=int, default=0, help="first frames only drawn, beside each step")
    group.add_argument("--extras", type=float, default=0.25, help="share of clips with free content")
    group.add_argument("--own", type=int, default=0, help="clips of a step from the network's own sampling")
    group.add_argument("--pure", type=float, default=0.33, help="pure noise among clips of one level")
    group.add_argument("--even-share", type=float, default=0.0, help="share of noise levels drawn evenly")
    group.add_argument("--kinds", default="", help="how often other types are drawn, TYPE:WEIGHT,...")
    group.add_argument("--looks", type=float, default=0.0, help="share of clips with colours of their own")
    group.add_argument("--average", type=float, default=0.999, help="decay of averaged weights, per step")
    group.add_argument("--check-every", type=float, default=150.0)
    group.add_argument("--check-mazes", type=int, default=48)
    group.add_argument("--head-steps", type=int, default=60, help="with --begin: to fit new heads; 0: none")


def _add_evaluate(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("evaluate and figures")
    group.add_argument("--mazes", type=int, default=128)
    group.add_argument("--shipped", type=Path, help="the exported FOLDER instead; write to this file")
    group.add_argument("--limit", type=float, default=1e9, help="no further samplers after SECONDS")
    group.add_argument("--quick", action="store_true", help="the shipped sampler only")


def train_vae(args: argparse.Namespace) -> None:
    from scripts.maze_training.parallel import Group
    from scripts.maze_training.vae_trainer import Plan, Run

    plan = Plan(args.seconds, args.seed, args.batch_scale, args.boards > 0)
    run = Run(Group(), args.out, plan, args.refine, args.begin)
    if args.resume:
        run.resume()
    run.train()


def train_transformer(args: argparse.Namespace) -> None:
    from scripts.maze_training.denoiser import Plan
    from scripts.maze_training.parallel import Group
    from scripts.maze_training.scenes import kinds_of
    from scripts.maze_training.trainer import Run

    plan = Plan(
        solve_seconds=args.solve_seconds,
        seconds=args.seconds,
        batch=args.batch,
        solve_batch=args.solve_batch,
        head_steps=args.head_steps,
        bank=args.bank,
        refresh=args.refresh,
        rate=args.rate,
        seed=args.seed,
        layers=args.layers,
        check_every=args.check_every,
        check_mazes=args.check_mazes,
        sizes=tuple(int(size) for size in args.sizes.split(",")),
        beside=args.beside,
        pause=args.pause,
        pictures=args.pictures,
        boards=args.boards,
        extras=args.extras,
        own=args.own,
        pure=args.pure,
        even=args.even_share,
        kinds=kinds_of(args.kinds),
        looks=args.looks,
        average=args.average,
    )
    run = Run(Group(), _vae_folder(args), args.out, plan, args.begin)
    if args.resume:
        run.resume()
    run.train()


def evaluate(args: argparse.Namespace) -> None:
    from scripts.maze_training import report
    from scripts.maze_training.parallel import Group

    vae_folder, folder, target = _vae_folder(args), args.out, args.out / "evaluation.json"
    if args.shipped:
        vae_folder, folder, target = args.folder / "vae", args.folder, args.shipped
    report.evaluate(Group(), vae_folder, folder, args.mazes, args.quick, args.layers, target, args.limit)


def figures(args: argparse.Namespace) -> None:
    from scripts.maze_training.figures import measure
    from scripts.maze_training.parallel import Group

    vae_folder, folder, target = _vae_folder(args), args.out, args.out / "figures.json"
    if args.shipped:
        vae_folder, folder, target = args.folder / "vae", args.folder, args.shipped
    measure(Group(), vae_folder, folder, args.mazes, args.layers, target, args.limit)


def compact(args: argparse.Namespace) -> None:
    from scripts.maze_training import report

    report.compact(args.out, args.layers, args.out / "weights.safetensors")


def export(args: argparse.Namespace) -> None:
    from scripts.maze_training import report

    report.export(_vae_folder(args), args.out, args.folder, args.layers)


def _vae_folder(args: argparse.Namespace) -> Path:
    return args.vae or args.out / "vae"


STAGES = {
    "vae": train_vae,
    "transformer": train_transformer,
    "evaluate": evaluate,
    "figures": figures,
    "compact": compact,
    "export": export,
}


def main() -> None:
    args = parser().parse_args()
    STAGES[args.stage](args)


if __name__ == "__main__":
    main()
