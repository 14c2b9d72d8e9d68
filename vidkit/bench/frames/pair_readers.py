"""The embedded pair as readers of frames: the small model alone, and the large one that zooms."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidkit.agents.pair.folder import WEIGHTS, load_model
from vidkit.agents.pair.network import PairNetwork
from vidkit.agents.pair.running import draft, run_agent
from vidkit.bench.frames.video_questions import Reader, Said
from vidkit.synthetic.zoom_scenes.questions import LENGTH
from vidkit.synthetic.zoom_scenes.single import question_tokens
from vidkit.synthetic.zoom_scenes.words import FIRST_SHAPE, SHAPES
from vidkit.synthetic.zoom_videos import VideoQuestion

_TOGETHER = 8  # pictures a pass


def pair_readers(device: torch.device, folder: str | Path | None = None) -> dict[str, Reader]:
    """Both models by name: `small` and `agent`.

    Raises:
        ModelError: no weights.
    """
    place = Path(folder or WEIGHTS)
    small, large = (load_model(place / f"{name}.safetensors", device) for name in ("small", "large"))
    return {
        "small": _reader(small, lambda model, pictures, tokens: draft(model, pictures, tokens).logits),
        "agent": _reader(large, lambda model, pictures, tokens: run_agent(model, pictures, tokens).final),
    }


def reader_weights(folder: str | Path | None = None) -> dict[str, str]:
    """Hash of each reader's weights."""
    place = Path(folder or WEIGHTS)
    files = {"small": place / "small.safetensors", "agent": place / "large.safetensors"}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for name, file in files.items()}


def _reader(model: PairNetwork, ask: Callable[[PairNetwork, Tensor, Tensor], Tensor]) -> Reader:
    device = model.grid.device

    def read(pictures: Sequence[np.ndarray], question: VideoQuestion) -> list[Said]:
        tokens = question_tokens(question.question, question.options, LENGTH)[None].to(device)
        said: list[Said] = []
        for first in range(0, len(pictures), _TOGETHER):
            some = np.stack(pictures[first : first + _TOGETHER]).astype(np.float32) / 255
            pixels = torch.from_numpy(some).to(device)
            logits = ask(model, pixels, tokens.expand(len(some), -1))[:, 0]
            chances = logits.softmax(-1)[:, FIRST_SHAPE : FIRST_SHAPE + len(SHAPES)]
            said += [
                Said(SHAPES[best], sure)
                for sure, best in zip(chances.amax(1).tolist(), chances.argmax(1).tolist(), strict=True)
            ]
        return said

    return read
