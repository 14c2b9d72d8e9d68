"""Final tables of a trained model, and its export as a diffusers folder."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from safetensors.torch import load_file, save_file

from scripts.maze_training import sampling
from scripts.maze_training import text as prompts
from scripts.maze_training.denoiser import Trained
from scripts.maze_training.evaluation import Parts, from_text_alone, speed_control, success
from scripts.maze_training.parallel import Group
from scripts.maze_training.sampling import Sampler
from scripts.maze_training.vae import reconstruction

#: always evaluated; the first is the shipped default
SAMPLERS = (
    Sampler(steps=5),
    Sampler(steps=5, guidance=2.0),
    Sampler(steps=3),
    Sampler(steps=3, guidance=2.0),
    Sampler(steps=5, block=4, lag=5),
    Sampler(steps=5, block=4, lag=5, causal=True),
    Sampler(steps=10),
)
#: evaluated while there is time
MORE_SAMPLERS = (
    Sampler(steps=10, guidance=2.0),
    Sampler(steps=10, block=4, lag=3),
    Sampler(steps=10, block=4, lag=3, causal=True),
    Sampler(steps=10, block=4, lag=10),
    Sampler(steps=10, block=4, lag=10, causal=True),
    Sampler(steps=20),
)

TEXT_SAMPLER = Sampler(steps=20)  # for clips without a first frame


def load(out: Path, layers: int, device: torch.device) -> Trained:
    """The averaged weights of a run: its checkpoint, what `compact` kept, or an exported pipeline folder."""
    trained = Trained(layers)
    if _exported(out):
        trained.load_folder(out)
        return trained.to(device).eval()
    if (out / "checkpoint.pt").exists():
        state = torch.load(out / "checkpoint.pt", map_location="cpu", weights_only=True)["average"]
    else:
        state = load_file(out / "weights.safetensors")
    missing, unexpected = trained.load_state_dict(state, strict=False)
    known = dict(trained.named_parameters(remove_duplicate=False))
    loaded = {id(known[name]) for name in state if name in known}
    absent = [
        name
        for name in missing  # a table known by two names is stored under one of them
        if not name.startswith("heads") and "rope" not in name and id(known.get(name)) not in loaded
    ]
    if unexpected or absent:
        raise SystemExit(f"the weights in {out} do not fit: missing {absent[:3]}, unknown {unexpected[:3]}")
    return trained.to(device).eval()


def evaluate(
    group: Group,
    vae_folder: Path,
    out: Path,
    mazes: int,
    quick: bool,
    layers: int,
    target: Path,
    limit: float = 1e9,
) -> None:
    """Write `target`: success by sampler, size and path length, prompts, reconstruction.

    Samplers of `MORE_SAMPLERS` are left out once `limit` seconds have gone by.
    """
    began = time.perf_counter()
    trained = load(out, layers, group.device)
    vae = AutoencoderKLWan.from_pretrained(vae_folder).to(group.device).eval()
    parts = Parts(trained.model, vae, trained.encoder, group)
    result = _facts(group, mazes) | {"weights": "exported" if _exported(out) else "averaged, float32"}
    result["success"] = rows = []

    def keep(**more: Any) -> None:
        result.update(more)
        if group.rank == 0:
            target.write_text(json.dumps(result, indent=1) + "\n")
            print(round(time.perf_counter() - began), "s", *more.items(), flush=True)

    def add(how: Sampler, using: Parts, suffix: str = "") -> None:
        row = success(using, how, mazes)
        row["sampler"] += suffix
        rows.append(row)
        keep()
        if group.rank == 0:
            sizes = {n: round(row[f"{n}x{n}"]["success"], 3) for n in range(4, 9)}
            print(row["sampler"], "mean", round(row["mean"], 4), sizes, flush=True)

    add(SAMPLERS[0], parts)
    keep(reconstruction=reconstruction(vae, group, mazes))
    if quick:
        return
    if group.device.type == "cuda":
        add(SAMPLERS[0], replace(parts, autocast=False), ", float32")
    for how in SAMPLERS[1:]:
        add(how, parts)
    keep(speed=_named(SAMPLERS[0], speed_control(parts, SAMPLERS[0], min(64, mazes))))
    keep(from_text=_named(TEXT_SAMPLER, from_text_alone(parts, TEXT_SAMPLER, mazes)))
    for how in MORE_SAMPLERS:
        if group.agree(time.perf_counter() - began) > limit:
            break
        add(how, parts)


def _exported(out: Path) -> bool:
    return (out / "model_index.json").exists()


def _facts(group: Group, mazes: int) -> dict[str, Any]:
    """Where, when and how an evaluation runs."""
    cuda = group.device.type == "cuda"
    command = " ".join(["scripts/train_maze_model.py", *sys.argv[1:]])
    return {
        "made_by": f"torchrun --nproc-per-node {group.size} {command}",
        "date": date.today().isoformat(),
        "mazes_a_size": mazes,
        "device": torch.cuda.get_device_name() if cuda else str(group.device),
        "torch": torch.__version__,
    }


def _named(how: Sampler, values: dict[str, float]) -> dict[str, Any]:
    return {"sampler": how.name(), **values}


def compact(out: Path, layers: int, target: Path) -> None:
    """The averaged weights alone, bf16, without the solver heads: what travels from a training machine."""
    trained = load(out, layers, torch.device("cpu"))
    state = {
        n: p.to(torch.bfloat16).contiguous()
        for n, p in trained.state_dict().items()
        if not n.startswith("heads")
    }
    save_file(state, target)


def export(vae_folder: Path, out: Path, folder: Path, layers: int) -> None:
    """Write a folder that `SkyReelsV2DiffusionForcing*Pipeline.from_pretrained` loads."""
    trained = load(out, layers, torch.device("cpu"))
    vae = AutoencoderKLWan.from_pretrained(vae_folder)
    trained.model.to(torch.bfloat16).save_pretrained(folder / "transformer")
    vae.to(torch.float16).save_pretrained(folder / "vae")
    prompts.save(prompts.build_tokenizer(), trained.encoder.to(torch.bfloat16), folder)
    sampling.scheduler().save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "SkyReelsV2DiffusionForcingImageToVideoPipeline",
        "_diffusers_version": "0.38.0",
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "text_encoder": ["transformers", "UMT5EncoderModel"],
        "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
        "transformer": ["diffusers", type(trained.model).__name__],
        "vae": ["diffusers", "AutoencoderKLWan"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    config = folder / "vae" / "config.json"
    facts = json.loads(config.read_text())
    facts.pop("_name_or_path", None)  # where the training run happened to lie
    config.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
