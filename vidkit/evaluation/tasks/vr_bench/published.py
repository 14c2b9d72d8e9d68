"""Rows that VR-Bench's authors report, for orientation."""

from __future__ import annotations

from vidkit.evaluation.report.published import published_table
from vidkit.evaluation.types import ScoreTable

_COLUMNS = ("model", "EM", "SR", "PR", "SD")
_ROWS = (
    (
        "Gemini-2.5-pro (VLM)",
        "2.8 36.1 13.9 2.8 25.0",
        "4.2 37.5 13.9 2.8 31.9",
        "9.5 47.9 57.6 19.4 33.8",
        "25.0 1.9 0 0 1.1",
    ),
    (
        "GPT-5 high (VLM)",
        "13.9 31.9 18.1 0 23.6",
        "69.4 33.3 27.8 1.4 34.7",
        "11.8 43.6 53.7 23.7 35.6",
        "31.0 2.1 6.9 20.0 0.5",
    ),
    (
        "Qwen2.5-VL-7B (VLM)",
        "0 1.3 0 0 1.4",
        "1.4 6.9 1.4 1.4 2.8",
        "6.5 12.4 14.3 11.3 7.8",
        "300 26.7 66.7 80.0 1150",
    ),
    (
        "Qwen2.5-VL-7B-SFT (VLM)",
        "12.5 29.2 22.2 31.9 29.8",
        "52.8 34.7 52.8 36.1 37.5",
        "32.5 45.1 71.6 59.3 43.0",
        "52.6 2.3 11.3 4.5 3.0",
    ),
    (
        "Veo-3.1-pro",
        "0 4.2 1.4 0 0",
        "47.2 36.1 59.7 50.0 37.5",
        "24.6 33.9 39.1 18.0 21.4",
        "140.7 94.5 85.4 40.1 141.8",
    ),
    (
        "Sora-2",
        "1.4 5.6 0 0 4.2",
        "75.0 72.2 83.0 37.5 43.1",
        "45.1 45.7 46.6 19.3 27.4",
        "302.9 187.0 145.1 92.4 138.7",
    ),
    (
        "Seedance-1.0-pro",
        "0 2.8 2.8 0 0",
        "75.0 45.8 59.7 77.8 13.9",
        "12.8 35.8 42.7 23.6 17.1",
        "162.3 143.4 99.1 84.4 241.9",
    ),
    (
        "MiniMax-Hailuo-2.3",
        "0 1.4 2.8 0 0",
        "68.1 40.3 70.8 55.6 45.8",
        "23.2 24.2 30.3 20.3 15.5",
        "464.0 170.0 90.9 50.1 165.5",
    ),
    (
        "Wan2.5-i2v-preview",
        "0 2.8 4.2 0 0",
        "58.3 26.4 77.8 24.5 22.4",
        "14.3 21.8 34.4 24.5 17.1",
        "378.4 281.8 73.2 119.9 278.0",
    ),
    (
        "Wan2.2-TI2V-5B",
        "0 0 0 0 0",
        "6.9 12.5 0 31.9 11.1",
        "6.6 9.1 7.1 12.8 9.2",
        "388.7 66.1 - 5.4 176.6",
    ),
    (
        "Wan-R1 (5B, fine-tuned)",
        "33.3 56.9 38.9 65.3 4.2",
        "76.4 69.4 100 100 69.4",
        "60.6 71.6 79.1 93.5 44.3",
        "10.3 2.4 3.9 3.9 10.2",
    ),
)


def published() -> list[ScoreTable]:
    """Rows as reported by the authors."""
    note = (
        "per cent; each cell: regular, irregular, trapfield, maze3d, sokoban; skin 1, 72 levels per type, "
        "the authors' metrics with tracker csrt (arXiv 2511.15065)"
    )
    return [published_table(_COLUMNS, "\n".join("|".join(row) for row in _ROWS), note)]
