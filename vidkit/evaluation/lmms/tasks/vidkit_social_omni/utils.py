"""Functions of the tasks `vidkit_social_omni_who` and `vidkit_social_omni_when`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidkit.evaluation.lmms import hooks
from vidkit.evaluation.tasks import social_omni

_WHO = ("accuracy", "consistent", "inconsistent", "macro_f1")
_WHEN = ("accuracy", "precision", "recall", "f1")

who_accuracy, who_consistent, who_inconsistent, who_macro_f1 = (
    hooks.aggregator(social_omni, "who", name) for name in _WHO
)
when_accuracy, when_precision, when_recall, when_f1 = (
    hooks.aggregator(social_omni, "when", name) for name in _WHEN
)


def doc_to_visual(doc: hooks.Document) -> list[str]:
    return hooks.visual(social_omni, doc, "VIDKIT_SOCIAL_OMNI")


def doc_to_text(doc: hooks.Document, lmms_eval_specific_kwargs: Any = None) -> str:
    return hooks.text(social_omni, doc)


def when_target(doc: hooks.Document) -> str:
    return str(doc["question_1"]["correct_answer"])


def process_who(doc: hooks.Document, results: Sequence[str]) -> dict[str, hooks.Collected]:
    return hooks.collected(doc, results, _WHO, "prediction")


def process_when(doc: hooks.Document, results: Sequence[str]) -> dict[str, hooks.Collected]:
    return hooks.collected(doc, results, _WHEN, "q1")
