"""What a selection run can be told, apart from the query: plain values, checked on construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vidkit.errors import ConfigError
from vidkit.frames.registry import check_budget, load_selector, method_settings
from vidkit.frames.tokens import VisionTokens
from vidkit.frames.window import Window, read_window

PRESETS: dict[str, dict[str, Any]] = {
    "videomme": {"alpha": 0.5, "events": 10},
    "longvideobench": {"alpha": 0.1, "events": 14},
    "mlvu": {"alpha": 0.1, "events": 14},
}
_CHOICES = {
    "short_video": ("densify", "keep"),
    "pad": ("none", "repeat"),
    "rel_norm": ("auto", "none", "minmax", "rank", "sigmoid-z"),
    "nan": ("reject", "impute"),
    "sample": ("times", "authors"),
}


@dataclass(frozen=True)
class FrameOptions:
    """Options of one run.

    Args:
        method: name of a selector.
        k: frame budget.
        method_settings: of the selector, as given (`{"alpha": 0.1}`).
        tokens: vision tokens of all pictures together; None: no limit, frames stay as they are.
        vision: how pictures become tokens and how the budget is shared.
        preset: EFS settings of a benchmark (videomme, longvideobench, mlvu); given settings win.
        compare: further selectors whose picks are reported beside.
        start: where candidates begin: seconds or a clock time; None: at the start.
        end: where they end; None: at the end.
        fps: candidates per second; None: by the video's length.
        phase: shift of the sampling grid, in [0, 1).
        max_candidates: above it the rate is lowered.
        sample: "times" (frame on display) or "authors" (integer step).
        short_video: "densify" or "keep" when there are fewer candidates than k.
        pad: "repeat" the last frame up to k, or "none".
        relevance: auto, none, subtitle, lexicon, ocr, embedded, encoder, or a file of scores.
        features: auto, hist, encoder, none, or a hub id or folder of a feature model.
        encoder: hub id or folder of a relevance model.
        pooling: of DINO features: mean or cls.
        subtitles: path of a subtitle file; None: beside or inside the video.
        rel_norm: how relevance is scaled; auto: minmax for cosines, none otherwise.
        nan: reject or impute scores that are not finite.
        reader: auto or pyav (seeks where that is exact), ordered or decord (decode from the first frame).
        stream: number among the video streams.
        frame_rate: of an image folder.
        threads: of the decoder; 0: all cores; 1: decoding and encoding take turns on one core.
        device: of models.
        dtype: of models.
        batch_size: frames per forward pass.
        seed: of methods that probe at random.
    """

    method: str = "wfs-sb"
    k: int = 16
    method_settings: dict[str, Any] = field(default_factory=dict)
    tokens: int | None = None
    vision: VisionTokens = field(default_factory=VisionTokens)
    preset: str | None = None
    compare: tuple[str, ...] = ()
    start: str | float | None = None
    end: str | float | None = None
    fps: float | None = 1.0
    phase: float = 0.0
    max_candidates: int = 7200
    sample: str = "times"
    short_video: str = "densify"
    pad: str = "none"
    relevance: str = "auto"
    features: str = "auto"
    encoder: str | None = None
    pooling: str = "mean"
    subtitles: str | None = None
    rel_norm: str = "auto"
    nan: str = "reject"
    reader: str = "auto"
    stream: int = 0
    frame_rate: float = 1.0
    threads: int = 0
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        check_budget(self.k)
        read_window(self.start, self.end)
        if self.tokens is not None and self.tokens < 1:
            raise ConfigError(
                f"tokens must be >= 1, got {self.tokens}", "vision tokens of all pictures together"
            )
        if self.tokens is not None and self.pad == "repeat":
            raise ConfigError("pad=repeat would spend tokens= more than once", "leave one of them out")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigError(f"{name} cannot be '{getattr(self, name)}'", f"choose {', '.join(choices)}")
        if self.preset is not None and self.preset not in PRESETS:
            raise ConfigError(f"no preset '{self.preset}'", f"available: {', '.join(PRESETS)}")
        if self.relevance == "encoder" and self.encoder is None:
            raise ConfigError(
                "relevance=encoder needs an encoder", "name one: encoder=HUB_ID or encoder=FOLDER"
            )
        for name in ("stream", "threads"):
            # -1 would be the last one, or any number of them
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be >= 0, got {getattr(self, name)}", f"e.g. {name}=0")
        if self.batch_size < 1:
            raise ConfigError(f"batch_size must be >= 1, got {self.batch_size}", "e.g. batch_size=16")
        method_settings(self.method, self.settings_of(self.method))
        for other in self.compare:
            load_selector(other)

    @property
    def window(self) -> Window:
        """The part of the video that candidates come from."""
        return read_window(self.start, self.end)

    def settings_of(self, method: str) -> dict[str, Any]:
        """The method's settings: those of the preset, then those given."""
        values = dict(PRESETS[self.preset]) if self.preset and method in ("efs", "efs+") else {}
        return values | self.method_settings if method == self.method else values
