"""The names that other programs rely on, with their arguments and what comes back."""

import inspect

import pytest

from vidkit.evaluation.answers import Choice, parse_choice
from vidkit.evaluation.tasks import video_mme_v2
from vidkit.evaluation.tasks.social_omni import when_metrics


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_group_score() -> None:
    assert parameters(video_mme_v2.group_score)[:3] == ["correct", "group_type", "group_structure"]
    made = video_mme_v2.group_score([1, 1, 1, 0], "logic", "[1, [2, 3], 4]")
    assert isinstance(made, float) and made == pytest.approx(700 / 12)


def test_score() -> None:
    assert parameters(video_mme_v2.score)[:2] == ["rows", "mode"]
    assert inspect.signature(video_mme_v2.score).parameters["mode"].default == "robust"
    rows = [
        {
            "video_id": "001",
            "question_id": f"001-{k}",
            "group_type": "relevance",
            "level": 1,
            "group_structure": "None",
            "second_head": "a",
            "third_head": "b",
            "answer": "A",
            "prediction": "A",
        }
        for k in range(1, 5)
    ]
    result = video_mme_v2.score(rows)
    assert (result["non_lin"], result["avg_acc"], result["level_1"], result["consistency"]) == (100,) * 4
    assert result["level_2"] is result["level_3"] is result["coherence"] is None
    assert result["second_head"]["a"]["non_lin"] == 100 and result["third_head"]["b"]["avg_acc"] == 100
    assert result["intervals"]["non_lin"] == [None, None]  # one group
    assert video_mme_v2.score(rows, mode="official")["mode"] == "official"


def test_parse_choice() -> None:
    assert inspect.signature(parse_choice).parameters["options"].default == "ABCDEFGH"
    made = parse_choice("Final Answer: C")
    assert isinstance(made, Choice) and (made.letter, made.rule) == ("C", "declaration")
    assert parse_choice("hello").letter is None


def test_when_metrics() -> None:
    assert parameters(when_metrics)[:4] == ["tp", "fp", "fn", "tn"]
    made = when_metrics(38, 16, 95, 60)
    assert set(made) == {"accuracy", "precision", "recall", "f1", "early", "late"}
    assert made["f1"] == pytest.approx(76 / 187)
