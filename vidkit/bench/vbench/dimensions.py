"""VBench's sixteen dimensions, and what its totals are made of.

Source: VBench (Huang et al. 2024, arXiv 2311.17982), constants of its published totals. A raw score x counts
as (x - lowest) / (highest - lowest), unclipped; Quality is the weighted mean of seven, Semantic the mean of
nine, Total (4 Quality + Semantic) / 5. Their script takes a missing dimension for a raw score of 0, which is
below the lowest; here there is no total then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

QUALITY_SHARE, SEMANTIC_SHARE = 0.8, 0.2
LIKE = "vbench-like"
"""Stands behind the name of every score that is not VBench's own."""


@dataclass(frozen=True)
class Dimension:
    """One dimension.

    Attributes:
        name: with underscores, as in VBench's result files.
        lowest: raw score that counts as 0.
        highest: raw score that counts as 1.
        group: Quality or Semantic.
        weight: within the group.
        model: that VBench scores it with; None: none.
    """

    name: str
    lowest: float
    highest: float
    group: str
    weight: float = 1.0
    model: str | None = None

    def normalized(self, raw: float) -> float:
        """A raw score on the scale of the totals."""
        return (raw - self.lowest) / (self.highest - self.lowest)


DIMENSIONS: dict[str, Dimension] = {
    one.name: one
    for one in (
        Dimension("subject_consistency", 0.1462, 1.0, "Quality", model="DINO ViT-B/16"),
        Dimension("background_consistency", 0.2615, 1.0, "Quality", model="CLIP ViT-B/32"),
        Dimension("temporal_flickering", 0.6293, 1.0, "Quality"),
        Dimension("motion_smoothness", 0.706, 0.9975, "Quality", model="AMT-S"),
        Dimension("dynamic_degree", 0.0, 1.0, "Quality", 0.5, "RAFT"),
        Dimension("aesthetic_quality", 0.0, 1.0, "Quality", model="CLIP ViT-L/14 and a linear layer"),
        Dimension("imaging_quality", 0.0, 1.0, "Quality", model="MUSIQ"),
        Dimension("object_class", 0.0, 1.0, "Semantic", model="GRiT"),
        Dimension("multiple_objects", 0.0, 1.0, "Semantic", model="GRiT"),
        Dimension("human_action", 0.0, 1.0, "Semantic", model="UMT"),
        Dimension("color", 0.0, 1.0, "Semantic", model="GRiT"),
        Dimension("spatial_relationship", 0.0, 1.0, "Semantic", model="GRiT"),
        Dimension("scene", 0.0, 0.8222, "Semantic", model="Tag2Text"),
        Dimension("appearance_style", 0.0009, 0.2855, "Semantic", model="CLIP ViT-B/32"),
        Dimension("temporal_style", 0.0, 0.364, "Semantic", model="ViCLIP"),
        Dimension("overall_consistency", 0.0, 0.364, "Semantic", model="ViCLIP"),
    )
}


def coefficients(total: str) -> dict[str, float]:
    """Weight of each normalized dimension in a total: "Quality", "Semantic" or "Total"; they add up to 1."""
    if total == "Total":
        shares = (("Quality", QUALITY_SHARE), ("Semantic", SEMANTIC_SHARE))
        return {name: s * w for group, s in shares for name, w in coefficients(group).items()}
    members = [one for one in DIMENSIONS.values() if one.group == total]
    whole = sum(one.weight for one in members)
    return {one.name: one.weight / whole for one in members}


def total_of(raw: Mapping[str, float], total: str) -> float | None:
    """A total of raw scores by dimension; None: one that it needs is missing."""
    parts = coefficients(total)
    if missing(raw, total):
        return None
    return sum(part * DIMENSIONS[name].normalized(raw[name]) for name, part in parts.items())


def missing(known: Collection[str] | Mapping[str, float], total: str) -> list[str]:
    """Dimensions that a total needs and that are not known."""
    return [name for name in coefficients(total) if name not in known]
