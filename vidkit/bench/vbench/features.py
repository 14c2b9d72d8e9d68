"""Features of frames by local DINO and CLIP models, prepared as VBench does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from vidkit.bench.vbench.scoring import Clip, Frames, Score, consistency
from vidkit.errors import ModelError
from vidkit.utils.quiet import quiet_libraries, root_cause

SIDE = 224
AT_ONCE = 16
DINO_MEAN, DINO_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
DINO_KINDS = {"vit": "ViTModel", "dinov2": "Dinov2Model", "dinov2_with_registers": "Dinov2WithRegistersModel"}


class Features:
    """A model with its preparation of pictures.

    Args:
        model: of transformers.
        kind: its `model_type`.
        published: it has the shape of the model that VBench uses. Weights cannot be told apart.
    """

    def __init__(self, model: Any, kind: str, published: bool) -> None:
        self.model, self.kind, self.published = model, kind, published

    @torch.inference_mode()
    def of(self, frames: Frames) -> NDArray[np.float32]:
        """Rows `[T, D]` fp32 of RGB frames `[T, H, W, 3]`."""
        found = [self._some(frames[first : first + AT_ONCE]) for first in range(0, len(frames), AT_ONCE)]
        return torch.cat(found).float().cpu().numpy()

    def _some(self, frames: Frames) -> Tensor:
        pixels = torch.from_numpy(frames).to(self.model.device).permute(0, 3, 1, 2).float()
        if self.kind == "clip":
            side = int(self.model.config.vision_config.image_size)
            pixels = _normalized(_centre(_resized(pixels, side, "bicubic"), side) / 255, CLIP_MEAN, CLIP_STD)
            made = self.model.get_image_features(pixel_values=pixels)
            found: Tensor = getattr(made, "pooler_output", made)
            return found
        pixels = _normalized(_resized(pixels, SIDE, "bilinear") / 255, DINO_MEAN, DINO_STD)
        more = {"interpolate_pos_encoding": True} if self.kind == "vit" else {}
        states: Tensor = self.model(pixel_values=pixels, **more).last_hidden_state[:, 0]
        return states

    def consistency(self, clip: Clip) -> Score:
        """Of a clip's frames."""
        return consistency(self.of(clip.frames))


class Aesthetic:
    """A linear layer on unit CLIP features, a tenth of it, mean over frames.

    Args:
        features: of CLIP.
        weight: `[D]`.
        bias: of the layer.
    """

    def __init__(self, features: Features, weight: Tensor, bias: float) -> None:
        self.features, self.weight, self.bias = features, weight, bias

    def score(self, clip: Clip) -> Score:
        """Of a clip."""
        rows = normalize(torch.from_numpy(self.features.of(clip.frames)), dim=1)
        values = (rows @ self.weight + self.bias) / 10
        return Score(float(values.mean()), len(values))


def load_dino(folder: Path, device: torch.device) -> Features:
    """DINO or DINOv2 from a folder in transformers format; the published one is ViT-B/16.

    Raises:
        ModelError: unreadable, or another kind of model.
    """
    config, model = _load(folder, DINO_KINDS, device)
    shape = config.hidden_size, config.num_hidden_layers, config.patch_size
    return Features(model, config.model_type, config.model_type == "vit" and shape == (768, 12, 16))


def load_clip(folder: Path, device: torch.device, *, large: bool = False) -> Features:
    """CLIP from a folder in transformers format; the published one is ViT-B/32, or ViT-L/14 for aesthetics.

    Raises:
        ModelError: unreadable, or another kind of model.
    """
    config, model = _load(folder, {"clip": "CLIPModel"}, device)
    vision = config.vision_config
    shape = vision.hidden_size, vision.num_hidden_layers, vision.patch_size
    return Features(model, "clip", shape == ((1024, 24, 14) if large else (768, 12, 32)))


def load_aesthetic(folder: Path, layer: Path, device: torch.device) -> Aesthetic:
    """CLIP and a linear layer, a file of PyTorch or safetensors with `weight` and `bias`.

    Raises:
        ModelError: unreadable, or a layer for other features.
    """
    features = load_clip(folder, device, large=True)
    state = _layer(layer)
    width = int(features.model.config.projection_dim)
    weight, bias = state.get("weight"), state.get("bias")
    if weight is None or bias is None or weight.numel() != width or bias.numel() != 1:
        shapes = {name: list(value.shape) for name, value in state.items()}
        raise ModelError(
            f"'{layer}' is not a linear layer from {width} features to one number: {shapes}",
            "give the layer that belongs to this CLIP model",
        )
    return Aesthetic(features, weight.float().flatten(), float(bias))


def _layer(file: Path) -> dict[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(file))
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors raise many kinds for a broken file
        raise ModelError(
            f"cannot load '{file}': {root_cause(error) or error}", "give a linear layer"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError(f"'{file}' holds no named tensors", "give a linear layer's weight and bias")
    return state


def _load(folder: Path, kinds: dict[str, str], device: torch.device) -> tuple[Any, Any]:
    if not (folder / "config.json").is_file():
        raise ModelError(f"'{folder}' has no config.json", "give a local folder in transformers format")
    with quiet_libraries(progress=False, libraries=("transformers",)):
        import transformers

        try:
            config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
            if config.model_type in kinds:
                build = getattr(transformers, kinds[config.model_type])
                model = build.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
                return config, model.to(device).eval()
        except Exception as error:  # transformers raises OSError, ValueError and its own for one cause
            raise ModelError(
                f"cannot load the model in '{folder}': {root_cause(error) or error}",
                "give a local folder in transformers format",
            ) from error
    raise ModelError(
        f"'{folder}' holds a {config.model_type} model", f"this takes one of: {', '.join(kinds)}"
    )


def _resized(pixels: Tensor, side: int, mode: str) -> Tensor:
    """The shorter side to so many pixels."""
    height, width = pixels.shape[2:]
    shorter = min(height, width)
    size = (int(side * height / shorter), int(side * width / shorter))
    return interpolate(pixels, size=size, mode=mode, align_corners=False)


def _centre(pixels: Tensor, side: int) -> Tensor:
    top, left = (round((size - side) / 2) for size in pixels.shape[2:])
    return pixels[:, :, top : top + side, left : left + side]


def _normalized(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    shape = (1, 3, 1, 1)
    return (pixels - pixels.new_tensor(mean).view(shape)) / pixels.new_tensor(std).view(shape)
