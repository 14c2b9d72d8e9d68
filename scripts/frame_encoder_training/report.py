"""Evaluation of a checkpoint, and the folder that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from scripts.frame_encoder_training import text
from scripts.frame_encoder_training.evaluation import as_table, examine
from scripts.frame_encoder_training.network import MEAN, SIDE, STD, make_network


def load(folder: Path) -> tuple[Any, dict[str, Any]]:
    """Network and state of a run's checkpoint."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    state = torch.load(folder / "state.pt", map_location=device, weights_only=True)
    network = make_network().to(device).eval()
    network.load_state_dict(state["model"])
    return network, state


def evaluate(folder: Path, count: int) -> dict[str, Any]:
    """Write `metrics.json` of a run's checkpoint and print it."""
    network, state = load(folder)
    result = {key: state[key] for key in ("step", "drawn")} | {"seconds": round(state["seconds"])}
    result |= {"device": _device_name()} | examine(network, count)
    (folder / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")
    print(as_table(result), flush=True)
    return result


def _device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def export(run: Path, folder: Path) -> None:
    """Write a plain transformers CLIP folder in fp16 with vocabulary, log and measured accuracies."""
    from transformers import CLIPImageProcessor

    network, _ = load(run)
    folder.mkdir(parents=True, exist_ok=True)
    network.cpu().half().save_pretrained(folder)
    text.make_tokenizer().save_pretrained(folder)
    CLIPImageProcessor(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False, image_mean=[MEAN] * 3, image_std=[STD] * 3
    ).save_pretrained(folder)
    (folder / "words.txt").write_text("\n".join(text.vocabulary()) + "\n")
    for name in ("metrics.json", "log.jsonl"):
        if (run / name).exists():
            (folder / name).write_text((run / name).read_text())
    size = sum(file.stat().st_size for file in folder.iterdir())
    count = sum(p.numel() for p in network.parameters())
    print(f"{folder}: {size / 1e6:.1f} MB, {count / 1e6:.2f} M parameters", flush=True)
