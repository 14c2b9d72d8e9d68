"""Subtitles beside a video and inside it, read by one reader for frame selection and evaluation."""

from vidkit.video.subtitles.choosing import find_subtitles, sidecars
from vidkit.video.subtitles.cues import Subtitles, SubtitleSegment
from vidkit.video.subtitles.reading import SUFFIXES, read_subtitles

__all__ = ["SUFFIXES", "SubtitleSegment", "Subtitles", "find_subtitles", "read_subtitles", "sidecars"]
