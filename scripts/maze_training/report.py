"""Final tables of a trained model, and its export as a diffusers folder."""

from __future__ import annotations

import json
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

SAMPLERS = (
    Sampler(steps=5),
    Sampler(steps=10),
    Sampler(steps=10, block=4, lag=10),
    Sampler(steps=10, block=4, lag=10, causal=True),
    Sampler(steps=10, guidance=2.0),
    Sampler(steps=5, guidance=2.0),
    Sampler(steps=20),
    Sampler(steps=10, block=4, lag=3),
    Sampler(steps=10, block=4, lag=3, causal=True),
)


TEXT_SAMPLER = Sampler(steps=20)  # for clips without a first frame


def load(out: Path, layers: int, device: torch.device) -> Trained:
    """The averaged weights of a run: its checkpoint, what `compact` kept, or an exported pipeline folder."""
    trained = Trained(layers)
    if (out / "model_index.json").exists():
        trained.load_folder(out)
        return trained.to(device).eval()
    if (out / "checkpoint.pt").exists():
        state = torch.load(out / "checkpoint.pt", map_location="cpu", weights_only=True)["average"]
    else:
        state = load_file(out / "weights.safetensors")
    missing, unexpected = trained.load_state_dict(state, strict=False)
    if unexpected or any(not name.startswith("heads") and "rope" not in name for name in missing):
        raise SystemExit(f"the weights in {out} do not fit: missing {missing[:3]}, unknown {unexpected[:3]}")
    return trained.to(device).eval()


def evaluate(
    group: Group, vae_folder: Path, out: Path, mazes: int, quick: bool, layers: int, target: Path
) -> None:
    """Write `target`: success by sampler, size and path length, prompts, reconstruction."""
    cuda = group.device.type == "cuda"
    trained = load(out, layers, group.device)
    vae = AutoencoderKLWan.from_pretrained(vae_folder).to(group.device).eval()
    parts = Parts(trained.model, vae, trained.encoder, group)
    result: dict[str, Any] = {"mazes_a_size": mazes, "device": str(group.device), "torch": torch.__version__}
    if cuda:
        result["device"] = torch.cuda.get_device_name()
    result["success"] = []

    def keep() -> None:
        if group.rank == 0:
            target.write_text(json.dumps(result, indent=1) + "\n")

    for how in SAMPLERS[:1] if quick else SAMPLERS:
        row = success(parts, how, mazes)
        result["success"].append(row)
        keep()
        if group.rank == 0:
            sizes = {n: round(row[f"{n}x{n}"]["success"], 3) for n in range(4, 9)}
            print(row["sampler"], "mean", round(row["mean"], 4), sizes, flush=True)
        if how == SAMPLERS[0]:
            result["reconstruction"] = reconstruction(vae, group, mazes)
            if not quick:
                result["speed"] = _named(SAMPLERS[0], speed_control(parts, SAMPLERS[0], 64))
                result["from_text"] = _named(TEXT_SAMPLER, from_text_alone(parts, TEXT_SAMPLER, 128))
            keep()
            if group.rank == 0:
                print(json.dumps({k: v for k, v in result.items() if k != "success"}), flush=True)


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
