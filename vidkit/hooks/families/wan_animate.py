"""Wan Animate: Wan with a reference frame before the video and a face adapter between blocks."""

from __future__ import annotations

from vidkit.hooks.families.wan import Wan


class WanAnimate(Wan):
    """Self-attention is Wan's; the face adapter attends within frames to motion and is left as it is."""

    token_wise = False  # the face adapter takes whole frames
