"""Weights of the pair on disk: a safetensors file a model, with its size in the header."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from vidkit.agents.pair.network import PairConfig, PairNetwork
from vidkit.errors import ModelError

FORM = "vidkit agent pair 1"
NAMES = ("small", "large")
WEIGHTS = Path(__file__).with_name("weights")
"""The pair that ships."""


def save_model(model: PairNetwork, path: Path, note: dict[str, object]) -> None:
    """Write weights in bfloat16 with the model's size and a note on its training."""
    from safetensors.torch import save_file

    weights = {
        name: value.to(torch.bfloat16).contiguous().cpu() for name, value in model.state_dict().items()
    }
    head = {"form": FORM, "config": json.dumps(asdict(model.config)), "note": json.dumps(note)}
    save_file(weights, path, metadata=head)


def load_model(path: Path, device: torch.device | str = "cpu") -> PairNetwork:
    """A model from its file, in float32, ready to answer.

    Raises:
        ModelError: no such file, or none of this pair.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ModelError(f"no model file '{path}'", "name the folder that scripts/train_agent_pair.py wrote")
    try:
        with safe_open(path, "pt") as file:
            head = file.metadata() or {}
            if head.get("form") != FORM:
                raise ModelError(f"'{path}' is not a model of an agent pair")
            model = PairNetwork(PairConfig(**json.loads(head["config"])))
            model.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise ModelError(f"cannot read '{path}': {error}", "train the pair again") from error
    return model.to(device).eval()
