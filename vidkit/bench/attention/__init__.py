"""Measurements of sparse attention: correctness, then rates, prediction cost, denoising loops."""

from vidkit.bench.attention.figure import plot
from vidkit.bench.attention.report import Row, environment, save
from vidkit.bench.attention.run import SECTIONS, Part, SeededShape, parts_of, record, run
from vidkit.bench.attention.shapes import SHAPES, Shape, shapes_for
from vidkit.bench.attention.verify import Check, verify

__all__ = [
    "SECTIONS",
    "SHAPES",
    "Check",
    "Part",
    "Row",
    "SeededShape",
    "Shape",
    "environment",
    "parts_of",
    "plot",
    "record",
    "run",
    "save",
    "shapes_for",
    "verify",
]
