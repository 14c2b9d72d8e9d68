"""Measurements of sparse attention: correctness, then rates, prediction cost, denoising loops."""

from vidkit.attention.benchmark.report import Row, environment, plot, save
from vidkit.attention.benchmark.run import SECTIONS, run
from vidkit.attention.benchmark.shapes import SHAPES, Shape, shapes_for
from vidkit.attention.benchmark.verify import Check, verify

__all__ = [
    "SECTIONS",
    "SHAPES",
    "Check",
    "Row",
    "Shape",
    "environment",
    "plot",
    "run",
    "save",
    "shapes_for",
    "verify",
]
