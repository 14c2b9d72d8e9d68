"""Rows of SocialOmni as reported by the authors."""

from __future__ import annotations

from vidkit.evaluation.report.published import published_table
from vidkit.evaluation.types import ScoreTable

_COLUMNS = ("model", "Who", "cons.", "incons.", "gap", "When", "precision", "recall", "F1", "How")
_ROWS = """
GPT-4o|36.75|38.14|28.00|10.1|46.89|70.37|28.57|40.64|69.64
Gemini 2.5 Pro|44.69|45.88|37.23|8.7|55.67|75.95|45.80|57.14|72.32
Gemini 2.5 Flash|47.03|48.52|37.59|10.9|61.50|73.45|63.85|68.31|85.08
Gemini 3 Flash Prev.|53.23|53.66|50.55|3.1|61.06|73.21|61.65|66.94|79.08
Gemini 3 Pro Prev.|64.99|66.24|57.04|9.2|67.31|87.36|57.14|69.09|81.77
Qwen3-Omni|69.25|69.97|64.73|5.2|63.64|76.64|61.65|68.33|45.57
Qwen3-Omni-Thinking|54.60|53.74|59.64|-5.9|46.41|60.61|45.11|51.72|18.06
Qwen2.5-Omni|36.75|36.46|38.55|-2.1|57.42|65.94|68.42|67.16|66.15
OmniVinci|35.86|15.01|16.00|-1.0|41.63|70.37|14.29|23.75|55.86
VITA-1.5|36.95|36.81|37.82|-1.0|43.37|55.21|43.80|48.85|12.49
Baichuan-Omni-1.5|25.65|25.97|23.64|2.3|46.88|59.32|52.63|55.78|27.27
MiniOmni2|16.72|17.57|4.55|13.0|-|-|-|-|-
"""
_NOTE = (
    "arXiv 2603.16859; rows drop skipped items from their denominators (OmniVinci's Who is "
    "over 845 of 2,000), and models behind an API saw one small picture a second and no sound"
)


def published() -> list[ScoreTable]:
    """The table of reported rows."""
    return [published_table(_COLUMNS, _ROWS, _NOTE)]
