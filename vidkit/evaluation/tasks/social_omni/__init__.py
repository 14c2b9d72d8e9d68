"""SocialOmni (arXiv 2603.16859): who speaks, when to speak, how to say it."""

from collections.abc import Mapping
from typing import Any

from vidkit.evaluation.tasks.social_omni.asking import (
    JUDGE_VERSION,
    JUDGED_KIND,
    MODALITY,
    STREAMED_KIND,
    items,
    judge_id,
    judge_prompt,
    prompt,
    should_ask,
    visuals,
)
from vidkit.evaluation.tasks.social_omni.foreign import foreign
from vidkit.evaluation.tasks.social_omni.how import parse_judge
from vidkit.evaluation.tasks.social_omni.published import published
from vidkit.evaluation.tasks.social_omni.records import attach, chosen_on, known_ids, record_id, replies_on
from vidkit.evaluation.tasks.social_omni.scores import comparable, score
from vidkit.evaluation.tasks.social_omni.settings import SocialOmniSettings, prompt_mode
from vidkit.evaluation.tasks.social_omni.when import when_metrics

config = SocialOmniSettings

REQUIRED = ()
HEADLINES = (
    ("who.accuracy", "who: accuracy", "who"),
    ("when.accuracy", "when: accuracy", "when_accuracy"),
    ("when.f1", "when: f1", "when_f1"),
    ("how.how", "how", "how"),
)
DATA_FILES = ("level_1/dataset.json", "level_2/annotations.json")


def plots(result: Mapping[str, Any], tables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Plots of a result as caption and SVG; matplotlib is loaded for them alone."""
    from vidkit.evaluation.tasks.social_omni.figures import plots

    return plots(result)


__all__ = [
    "DATA_FILES",
    "HEADLINES",
    "JUDGED_KIND",
    "JUDGE_VERSION",
    "MODALITY",
    "REQUIRED",
    "STREAMED_KIND",
    "attach",
    "chosen_on",
    "comparable",
    "config",
    "foreign",
    "items",
    "judge_id",
    "judge_prompt",
    "known_ids",
    "parse_judge",
    "plots",
    "prompt",
    "prompt_mode",
    "published",
    "record_id",
    "replies_on",
    "score",
    "should_ask",
    "visuals",
    "when_metrics",
]
