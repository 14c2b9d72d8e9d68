"""Video-MME-v2 (arXiv 2604.05015): 800 videos, four questions each, scored as a group."""

from collections.abc import Mapping
from typing import Any

from vidkit.evaluation.tasks.video_mme_v2.asking import items, prompt, visuals
from vidkit.evaluation.tasks.video_mme_v2.consistency_coherence import group_score
from vidkit.evaluation.tasks.video_mme_v2.grading import REQUIRED, question_id, row_question_id, video_id
from vidkit.evaluation.tasks.video_mme_v2.published import published
from vidkit.evaluation.tasks.video_mme_v2.scores import comparable, score
from vidkit.evaluation.tasks.video_mme_v2.settings import VideoMMEv2Settings, score_options
from vidkit.evaluation.types import Row

config = VideoMMEv2Settings
DATA_FILES = ("test.parquet",)
HEADLINES = (
    ("non_lin", "Non-Lin", "non_lin"),
    ("avg_acc", "Avg Acc", "avg_acc"),
    ("consistency", "Consistency", "consistency"),
    ("coherence", "Coherence", "coherence"),
)
prediction_id = question_id


def record_id(row: Row, number: int = 0) -> str:
    """The question's id, under which a data row is unique; its number says nothing."""
    return row_question_id(row)


def group_of(row: Row) -> str:
    """The video of a data row: its four questions are scored together."""
    return video_id(row.get("video_id"))


def plots(result: Mapping[str, Any], tables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Plots of a result as caption and SVG; matplotlib is loaded for them alone."""
    from vidkit.evaluation.tasks.video_mme_v2.figures import plots

    return plots(result, tables)


__all__ = [
    "DATA_FILES",
    "HEADLINES",
    "REQUIRED",
    "comparable",
    "config",
    "group_of",
    "group_score",
    "items",
    "plots",
    "prediction_id",
    "prompt",
    "published",
    "record_id",
    "score",
    "score_options",
    "visuals",
]
