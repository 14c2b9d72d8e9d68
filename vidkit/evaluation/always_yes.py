"""What always giving one answer is worth on yes/no questions: the baseline beside every F1."""

from __future__ import annotations


def always_yes(positives: int, negatives: int) -> dict[str, float]:
    """Always-YES baseline in percent; all 0 without items.

    Args:
        positives: items whose right answer is YES.
        negatives: items whose right answer is NO.

    Returns:
        `accuracy`, `precision`, `recall`, `f1`.
    """
    if positives + negatives == 0:
        return dict.fromkeys(("accuracy", "precision", "recall", "f1"), 0.0)
    share = positives / (positives + negatives)
    return {
        "accuracy": 100 * share,
        "precision": 100 * share,
        "recall": 100.0 if positives else 0.0,
        "f1": 200 * share / (1 + share),
    }


def always_no(positives: int, negatives: int) -> dict[str, float]:
    """Always-NO baseline in percent, as `always_yes`: it finds nothing, so all but accuracy is 0."""
    n = positives + negatives
    return {"accuracy": 100 * negatives / n if n else 0.0, "precision": 0.0, "recall": 0.0, "f1": 0.0}
