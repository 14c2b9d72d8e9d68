"""All records of SocialOmni, graded."""

from __future__ import annotations

from dataclasses import dataclass

from vidkit.evaluation.tasks.social_omni import how, when, who


@dataclass(frozen=True)
class Graded:
    """All records, graded in one mode."""

    heard: list[who.WhoAnswer]
    decided: list[when.WhenAnswer]
    judged: list[how.Judged]
