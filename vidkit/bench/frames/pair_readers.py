"""The embedded pair as readers of frames: the small model alone, and the large one that zooms."""

from __future__ import annotations

from collections.abc import Callable
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


def _reader(model: PairNetwork, ask: Callable[[PairNetwork, Tensor, Tensor], Tensor]) -> Reader:
    device = model.grid.device

    def read(picture: np.ndarray, question: VideoQuestion) -> Said:
        pixels = torch.from_numpy(picture.astype(np.float32) / 255)[None].to(device)
        tokens = question_tokens(question.question, question.options, LENGTH)[None].to(device)
        chances = ask(model, pixels, tokens)[0, 0].softmax(-1)[FIRST_SHAPE : FIRST_SHAPE + len(SHAPES)]
        best = int(chances.argmax())
        return Said(SHAPES[best], float(chances[best]))

    return read
