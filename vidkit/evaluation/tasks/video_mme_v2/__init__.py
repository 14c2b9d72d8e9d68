"""Video-MME-v2 (arXiv 2604.05015): 800 videos, four questions each, scored as a group."""

from vidkit.evaluation.tasks.video_mme_v2.asking import items, prompt, visuals
from vidkit.evaluation.tasks.video_mme_v2.grading import REQUIRED, question_id, row_question_id, video_id
from vidkit.evaluation.tasks.video_mme_v2.groups import group_score
from vidkit.evaluation.tasks.video_mme_v2.scores import comparable, score
from vidkit.evaluation.types import Row

DATA_FILES = ("test.parquet",)
record_id = row_question_id
prediction_id = question_id


def group_of(row: Row) -> str:
    """The video of a data row: its four questions are scored together."""
    return video_id(row.get("video_id"))


__all__ = [
    "DATA_FILES",
    "REQUIRED",
    "comparable",
    "group_of",
    "group_score",
    "items",
    "prediction_id",
    "prompt",
    "record_id",
    "score",
    "visuals",
]
