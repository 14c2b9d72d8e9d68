"""What sparse attention does to videos: fidelity to dense, at matched density, with paired statistics."""

from vidkit.bench.attention_quality.diagnosis import WatchingPredictor, diagnosis_of
from vidkit.bench.attention_quality.matching import Match, match_density
from vidkit.bench.attention_quality.metrics import PSNR_CAP_DB, psnr, ssim
from vidkit.bench.attention_quality.rows import METHODS, MethodSpec, matched_interval

__all__ = [
    "METHODS",
    "PSNR_CAP_DB",
    "Match",
    "MethodSpec",
    "WatchingPredictor",
    "diagnosis_of",
    "match_density",
    "matched_interval",
    "psnr",
    "ssim",
]
