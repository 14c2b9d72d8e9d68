"""Video-MME-v2 (arXiv 2604.05015): 800 videos, four questions each, scored as a group."""

from vidkit.evaluation.video_mme_v2.asking import items, prompt, visuals
from vidkit.evaluation.video_mme_v2.grading import REQUIRED, row_question_id
from vidkit.evaluation.video_mme_v2.groups import group_score
from vidkit.evaluation.video_mme_v2.scores import score

__all__ = ["REQUIRED", "group_score", "items", "prompt", "row_question_id", "score", "visuals"]
