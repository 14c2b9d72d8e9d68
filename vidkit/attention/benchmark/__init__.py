"""Measurements of sparse attention: correctness, then rates, prediction cost, denoising loops."""

from vidkit.attention.benchmark.figure import plot
from vidkit.attention.benchmark.report import Row, environment, save
from vidkit.attention.benchmark.run import SECTIONS, Part, SeededShape, parts_of, record, run
from vidkit.attention.benchmark.shapes import SHAPES, Shape, shapes_for
from vidkit.attention.benchmark.verify import Check, verify

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
