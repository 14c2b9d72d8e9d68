"""Train and measure the embedded pair of agents: a small model that drafts, a large one that zooms.

From the repository root, on one GPU; `train` again goes on from the last checkpoint:

    python scripts/train_agent_pair.py train --out runs/pair1 --small-seconds 150 --large-seconds 770
    python scripts/train_agent_pair.py train --out runs/pair --start-from runs/pair1 --relation-share 0.4 \
        --small-seconds 70 --large-seconds 130
    python scripts/train_agent_pair.py evaluate --out runs/pair

`evaluate` asks held-out questions and writes figures.json; on a CPU give --questions 500. Needs torch.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]

if TYPE_CHECKING:
    from vidkit.agents.pair.network import PairNetwork

NAMES = ("small", "large")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=("train", "evaluate"))
    parser.add_argument("--out", type=Path, default=Path("runs/agent_pair"))
    parser.add_argument("--device", help="none: cuda where there is one")
    parser.add_argument("--small-seconds", type=float, default=150.0, help="of this run; 0 leaves it out")
    parser.add_argument("--large-seconds", type=float, default=420.0, help="of this run; 0 leaves it out")
    parser.add_argument("--small-total", type=float, help="of all runs together; spans the schedule")
    parser.add_argument("--large-total", type=float, help="of all runs together; spans the schedule")
    parser.add_argument("--small-batch", type=int, default=768)
    parser.add_argument("--large-batch", type=int, default=384)
    parser.add_argument("--steps", type=int, help="at most, for a trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start-from", type=Path, help="folder with weights from which training begins")
    parser.add_argument("--rate", type=float, default=1.0, help="times the models' own learning rates")
    parser.add_argument("--relation-share", type=float, help="of the questions; none: as they come")
    parser.add_argument("--compile", action="store_true", help="compile the blocks")
    parser.add_argument("--questions", type=int, default=20_000, help="held-out questions of evaluate")
    options = parser.parse_args()
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    (train if options.stage == "train" else evaluate)(options, device)


def train(options: argparse.Namespace, device: Any) -> None:
    """Both models, one after the other."""
    import torch

    from scripts.agent_pair_training.trainer import Plan
    from scripts.agent_pair_training.trainer import train as train_model
    from vidkit.agents.pair.folder import save_model
    from vidkit.agents.pair.network import LARGE, SMALL, PairNetwork

    kinds = shares(options.relation_share)
    sizes = {"small": (SMALL, 1.5e-3, 1_000), "large": (LARGE, 8e-4, 10_000_000)}
    for name in NAMES:
        seconds, total, batch = (getattr(options, f"{name}_{what}") for what in ("seconds", "total", "batch"))
        if seconds <= 0:
            continue
        config, rate, first_seed = sizes[name]
        torch.manual_seed(options.seed)
        model = PairNetwork(config).to(device)
        if options.start_from is not None:
            took_over(model, options.start_from / f"{name}.safetensors")
            first_seed += 100_000_000  # scenes that the training before has not seen
        plan = Plan(seconds, total or seconds, batch, rate * options.rate, seed=first_seed,
                    most_steps=options.steps, compile=options.compile, shares=kinds)  # fmt: skip
        print(f"{name}: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters", flush=True)
        made, note = train_model(model, plan, options.out / name, lambda text: print(text, flush=True))
        file = options.out / f"{name}.safetensors"
        save_model(made, file, note)
        print(f"{name}: {file.stat().st_size / 2**20:.2f} MiB after {note['steps']} steps", flush=True)


def shares(relation: float | None) -> tuple[float, ...]:
    """Shares of the kinds of questions, with this one of relations."""
    from vidkit.synthetic.zoom_scenes.questions import KINDS, SHARES

    if relation is None:
        return SHARES
    if not 0 < relation < 1:
        raise SystemExit(f"--relation-share must be between 0 and 1, got {relation}")
    place = KINDS.index("relation")
    rest = (1 - relation) / (1 - SHARES[place])
    return tuple(relation if n == place else share * rest for n, share in enumerate(SHARES))


def took_over(model: PairNetwork, path: Path) -> None:
    """Give a model the weights of a file; parts that the file does not know stay, which is told."""
    from safetensors.torch import load_file

    found = {name: value.float() for name, value in load_file(path).items()}
    left = model.load_state_dict(found, strict=False)
    if left.unexpected_keys:
        raise SystemExit(f"'{path}' holds parts that the model has not: {', '.join(left.unexpected_keys)}")
    print(f"weights of {path.name} taken over; new: {', '.join(left.missing_keys) or 'none'}", flush=True)


def evaluate(options: argparse.Namespace, device: Any) -> None:
    """Held-out questions to both; figures.json and a table."""
    import torch

    from scripts.agent_pair_training.evaluation import figures
    from vidkit.agents.pair.columns import pair_columns
    from vidkit.agents.pair.costs import relative_costs
    from vidkit.agents.pair.folder import load_model
    from vidkit.utils.provenance import provenance

    small, large = (load_model(options.out / f"{name}.safetensors", device) for name in NAMES)
    ratio = relative_costs(small, large)
    columns = pair_columns(small, large, options.questions, min(500, options.questions))
    name = torch.cuda.get_device_name() if device.type == "cuda" else None
    record = {**provenance(("torch",), name), "questions": options.questions, "costs": ratio}
    record |= figures(columns, ratio)
    (options.out / "figures.json").write_text(json.dumps(record, indent=1) + "\n")
    for group, row in record["accuracy"].items():
        shares = " / ".join(f"{row[who]['share']:.3f}" for who in ("small", "no_zoom", "agent"))
        count = row["agent"]["count"]
        print(f"{group:24s} small / no zoom / agent {shares}  crops {row['crops']:.2f}  n {count}")
    for gate, row in record["gates"].items():
        print(f"gate {gate:26s} AUROC {row['auroc']:.4f}  AURC {row['aurc']:.4f}")
    for row in record["funnel"]:
        pair = f"{row['accuracy']['share']:.4f} (agent {row['agent_accuracy']['share']:.4f})"
        print(f"funnel {row['gate']:24s} believed {row['believed']:.2f}  right {pair}  {row['speedup']:.2f}x")


if __name__ == "__main__":
    main()
