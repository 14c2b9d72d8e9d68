"""Mask predictors by name."""

from __future__ import annotations

from typing import Any

from vidkit.attention.predictors.base import MaskPredictor, PlanState, keeps_text
from vidkit.attention.predictors.exact_mass import ExactMassPredictor
from vidkit.attention.predictors.pooled import PooledMeanPredictor
from vidkit.attention.predictors.svg1 import SVG1Predictor
from vidkit.attention.predictors.svg2 import SVG2Predictor
from vidkit.attention.predictors.xattention import XAttentionPredictor
from vidkit.errors import ConfigError
from vidkit.utils.method_settings import make_method
from vidkit.utils.plugins import is_file_spec, load_class, plugins

PREDICTORS: dict[str, Any] = {
    "xattention": XAttentionPredictor,
    "svg2": SVG2Predictor,
    "svg1": SVG1Predictor,
    "pooled_mean": PooledMeanPredictor,
    "exact_mass": ExactMassPredictor,
}

__all__ = ["PREDICTORS", "MaskPredictor", "PlanState", "keeps_text", "make_predictor"]


def make_predictor(name: str, **settings: Any) -> MaskPredictor:
    """A predictor by name.

    Raises:
        ConfigError: unknown name or setting, or a value it cannot take.
    """
    name = name if is_file_spec(name) else name.replace("-", "_")
    predictor: MaskPredictor = make_method(predictor_class(name), name, settings)
    if not hasattr(predictor, "name"):
        predictor.name = name
    return predictor


def predictor_class(name: str) -> type[Any]:
    """The class of a predictor: ours, an installed package's, or of `FILE.py:Class`.

    Raises:
        ConfigError: there is none of that name, or it lacks a method of `MaskPredictor`.
    """
    if name not in PREDICTORS and not is_file_spec(name) and name not in plugins("predictor"):
        raise ConfigError(f"unknown mask predictor '{name}'", f"choose from: {', '.join(PREDICTORS)}")
    return load_class("predictor", name, PREDICTORS, ("describe", "refresh", "plan"))
