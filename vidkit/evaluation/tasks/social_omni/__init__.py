"""SocialOmni (arXiv 2603.16859): who speaks, when to speak, how to say it."""

from vidkit.evaluation.tasks.social_omni.asking import (
    JUDGE_VERSION,
    items,
    judge_id,
    judge_prompt,
    prompt,
    should_ask,
    visuals,
)
from vidkit.evaluation.tasks.social_omni.records import attach, known_ids, record_id
from vidkit.evaluation.tasks.social_omni.scores import comparable, score
from vidkit.evaluation.tasks.social_omni.when import when_metrics

DATA_FILES = ("level_1/dataset.json", "level_2/annotations.json")

__all__ = [
    "DATA_FILES",
    "JUDGE_VERSION",
    "attach",
    "comparable",
    "items",
    "judge_id",
    "judge_prompt",
    "known_ids",
    "prompt",
    "record_id",
    "score",
    "should_ask",
    "visuals",
    "when_metrics",
]
