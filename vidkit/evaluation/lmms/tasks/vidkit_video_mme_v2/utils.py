"""Functions of the task `vidkit_video_mme_v2`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidkit.evaluation.lmms import hooks
from vidkit.evaluation.tasks import video_mme_v2

_METRICS = ("non_lin", "level_1", "level_2", "level_3", "consistency", "coherence", "avg_acc")

non_lin, level_1, level_2, level_3, consistency, coherence, avg_acc = (
    hooks.aggregator(video_mme_v2, name) for name in _METRICS
)


def doc_to_visual(doc: hooks.Document) -> list[str]:
    return hooks.visual(video_mme_v2, doc, "VIDKIT_VIDEO_MME_V2")


def doc_to_text(doc: hooks.Document, lmms_eval_specific_kwargs: Any = None) -> str:
    return hooks.text(video_mme_v2, doc)


def process_results(doc: hooks.Document, results: Sequence[str]) -> dict[str, hooks.Collected]:
    return hooks.collected(doc, results, _METRICS, "prediction")
