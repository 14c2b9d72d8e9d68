"""What can be set for SocialOmni alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from vidkit.evaluation.task_settings import StreamedSettings
from vidkit.evaluation.types import PromptMode


@dataclass(frozen=True)
class SocialOmniSettings(StreamedSettings):
    """How its questions are put."""

    asr: bool = False  # show the transcript
    wording: Literal["repo", "paper"] = "repo"  # prompts of the authors' repository, or of the paper


def prompt_mode(mode: PromptMode, settings: SocialOmniSettings) -> PromptMode:
    """The variant of the prompt that the settings ask for."""
    return replace(mode, asr=settings.asr, wording=settings.wording)
