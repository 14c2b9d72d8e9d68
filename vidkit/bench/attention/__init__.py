"""Measurements of sparse attention: correctness, then rates, prediction cost, denoising loops."""

from vidkit.bench.attention.figure import plot
from vidkit.bench.attention.report import Row
from vidkit.bench.attention.run import SECTIONS, Measurement, SeededShape, checked, measurements_of
from vidkit.bench.attention.shapes import SHAPES, Shape, shapes_for
from vidkit.bench.attention.verify import Check, verify

__all__ = [
    "SECTIONS",
    "SHAPES",
    "Check",
    "Measurement",
    "Row",
    "SeededShape",
    "Shape",
    "checked",
    "measurements_of",
    "plot",
    "shapes_for",
    "verify",
]
