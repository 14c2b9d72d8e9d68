"""Settings of `vidkit bench vbench`. Imports only other schemas, and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class VbenchDimension(StrEnum):
    """What videos can be scored for here."""

    temporal_flickering = "temporal_flickering"
    subject_consistency = "subject_consistency"  # with dino=
    background_consistency = "background_consistency"  # with clip=
    aesthetic_quality = "aesthetic_quality"  # with aesthetic_clip= and aesthetic_layer=
    motion_smoothness = "motion_smoothness"  # a stand-in
    dynamic_degree = "dynamic_degree"  # a stand-in


_MODELS = {
    VbenchDimension.subject_consistency: "dino",
    VbenchDimension.background_consistency: "clip",
    VbenchDimension.aesthetic_quality: "aesthetic_clip",
}
"""Settings of the models that dimensions need."""


@dataclass
class BenchVbenchSettings:
    videos: list[str] = field(default_factory=list)  # folders of videos; the first is the baseline
    results: list[str] = field(default_factory=list)  # VBench's result files or their folders; likewise
    # to score for; none: all that the given models allow
    dimensions: list[VbenchDimension] = field(default_factory=list)
    dino: str | None = None  # local folder of DINO ViT-B/16, for subject consistency
    clip: str | None = None  # local folder of CLIP ViT-B/32, for background consistency
    aesthetic_clip: str | None = None  # local folder of CLIP ViT-L/14, for aesthetic quality
    aesthetic_layer: str | None = None  # its linear layer from features to one number (.pth, .safetensors)
    output: str | None = None  # folder; none: outputs/bench/vbench
    seed: int = 0  # nothing here is drawn with it
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        if self.videos and self.results:
            raise ValueError("give videos to score or results to total, not both\nleave one of them out")
        if (self.aesthetic_clip is None) != (self.aesthetic_layer is None):
            raise ValueError("aesthetic_clip and aesthetic_layer go together\ngive both, or neither")
        for one in self.dimensions:
            if not self._has_model(one):
                raise ValueError(f"{one.value} needs {_MODELS[one]}=FOLDER, a local model; none was given")

    @property
    def scored(self) -> list[VbenchDimension]:
        """Dimensions that videos are scored for."""
        return self.dimensions or [one for one in VbenchDimension if self._has_model(one)]

    def _has_model(self, dimension: VbenchDimension) -> bool:
        return dimension not in _MODELS or bool(getattr(self, _MODELS[dimension]))
