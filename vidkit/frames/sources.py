"""Which relevance and which features a run uses, and what is said about them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vidkit.errors import ConfigError, DataError, ModelError
from vidkit.frames.encoders.base import Encoder, Scored
from vidkit.frames.encoders.hist import HistEncoder
from vidkit.frames.encoders.lexicon import BLIND, KNOWS, LexiconEncoder, left_out
from vidkit.frames.options import FrameOptions
from vidkit.frames.relevance.bm25 import bm25_scores, spread_in_time
from vidkit.frames.relevance.query import read_query
from vidkit.frames.relevance.scores import read_scores
from vidkit.frames.relevance.sentences import sentences
from vidkit.frames.types import FloatArray
from vidkit.video.subtitles import Subtitles, find_subtitles, read_subtitles

_NEGATION = "the query says what must not be there"
# told in the record, no reason for a warning
_HARMLESS = frozenset({"notes", "style blocks", "regions", "comments", "empty cues"})
_WHOLE_LINES = ("lrc",)  # a line of a song ends without a full stop
_KINDS = ("auto", "none", "subtitle", "lexicon", "ocr", "embedded", "encoder")
_log = logging.getLogger(__name__)


@dataclass
class Sources:
    """Where relevance and features of one video come from.

    `scorer` is set when relevance needs pictures; `direct` gives it from times alone. `facts` go into the
    record.
    """

    name: str
    scorer: Encoder | None = None
    direct: Callable[[FloatArray], Scored] | None = None
    features: Encoder | None = None
    features_name: str = "none"
    fallback: Encoder | None = None
    facts: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class EncoderPool:
    """Models loaded once and kept for all videos of a run."""

    def __init__(self, options: FrameOptions) -> None:
        self._options = options
        self._models: dict[str, Encoder] = {}
        self._failed: dict[str, ModelError] = {}

    def model(self, spec: str) -> Encoder:
        """The model `spec`, from the hub or a folder.

        Raises:
            ModelError: it cannot be loaded.
        """
        if spec in self._failed:
            # a data set must not wait for a dead server once an item
            raise self._failed[spec]
        if spec not in self._models:
            from vidkit.frames.encoders.models import load_encoder

            options = self._options
            try:
                self._models[spec] = load_encoder(
                    spec, options.device, options.dtype, pooling=options.pooling
                )
            except ModelError as error:
                self._failed[spec] = error
                raise
        return self._models[spec]


def choose_sources(path: Path, query: str, options: FrameOptions, shelf: EncoderPool) -> Sources:
    """Decide for one video and query.

    Raises:
        ConfigError: a relevance that needs something absent (a query, an encoder, subtitles).
        DataError: an explicit subtitle or score file that cannot be used.
    """
    sources = _relevance(path, query, options, shelf)
    _add_features(sources, options, shelf)
    return sources


def _relevance(path: Path, query: str, options: FrameOptions, shelf: EncoderPool) -> Sources:
    kind = options.relevance
    if kind not in _KINDS:
        return _from_file(Path(kind.removeprefix("scores:")))
    if kind == "none":
        return Sources("none")
    if not query.strip():
        if kind != "auto" or options.encoder is not None:
            raise ConfigError(
                f"relevance={kind} needs a query", "give one after the video, or use relevance=none"
            )
        return Sources("none", facts={"query_used": False})
    if kind == "encoder" or (kind == "auto" and options.encoder is not None):
        assert options.encoder is not None
        model = shelf.model(options.encoder)
        if not model.is_relevance:
            raise ConfigError(
                f"'{options.encoder}' gives features but no relevance",
                "use it as features=, or name a CLIP or ITM model",
            )
        negated = read_query(query).negated
        note = f"{_NEGATION} ({_quoted(negated)}): models that match text and pictures hardly read that"
        return Sources(f"encoder:{options.encoder}", scorer=model, warnings=[note] if negated else [])
    if kind in ("auto", "subtitle"):
        found = _from_subtitles(path, query, options, must=kind == "subtitle")
        if found.name == "subtitle" or kind == "subtitle":
            return found
        return _from_pictures(kind, query, found.warnings)
    return _from_pictures(kind, query, [])


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _from_file(path: Path) -> Sources:
    if not path.is_file():
        raise ConfigError(
            f"no relevance '{path}'",
            f"use {', '.join(_KINDS)}, or the path of a .npy, .json or .csv with scores",
        )
    return Sources(f"scores:{path}", direct=lambda times: Scored(read_scores(path, times)))


def _from_subtitles(path: Path, query: str, options: FrameOptions, must: bool) -> Sources:
    warnings: list[str] = []
    found, why = _find_subtitles(path, query, options, must, warnings)
    if found is None:
        if must:
            raise ConfigError(
                f"no subtitles next to or inside '{path}'", "give subtitles=FILE, or another relevance="
            )
        return Sources("none", warnings=warnings)
    if found.problems or set(found.left_out) - _HARMLESS:
        warnings.append(f"left out of the subtitles: {found.account()}")
    cues = sorted(found.cues, key=lambda cue: (cue.start_s, cue.end_s))
    joined = cues if found.kind in _WHOLE_LINES else sentences(tuple(cues))
    read = read_query(query)
    if read.negated:
        warnings.append(f"{_NEGATION}: subtitles are not searched for {_quoted(read.negated)}")
    scores = bm25_scores([cue.text for cue in joined], read.text)
    if scores.max(initial=0.0) <= 0 and not must:
        warnings.append(f"no word of the query occurs in the subtitles ({found.source})")
        return Sources("none", warnings=warnings)
    starts, ends = (np.array([getattr(cue, end) for cue in joined]) for end in ("start_s", "end_s"))
    best = [joined[int(i)] for i in np.argsort(-scores, kind="stable")[:3] if scores[int(i)] > 0]
    facts: dict[str, object] = {
        "subtitles": found.source,
        "subtitles_chosen": why,
        "subtitles_encoding": found.encoding,
        "subtitles_language": found.language,
        "subtitles_left_out": dict(found.left_out),
        "cues": len(found.cues),
        "best_cues": [{"start_s": c.start_s, "end_s": c.end_s, "text": c.text} for c in best],
        "knows": "what is said or written in the subtitles (BM25)",
        "blind": "what is only shown",
    }
    return Sources(
        "subtitle",
        direct=lambda times: Scored(spread_in_time(scores, starts, ends, times)),
        facts=facts,
        warnings=warnings,
    )


def _find_subtitles(
    path: Path, query: str, options: FrameOptions, must: bool, warnings: list[str]
) -> tuple[Subtitles | None, str]:
    """The subtitles to use and why these; what could not be read becomes a warning."""
    if options.subtitles is not None:
        return read_subtitles(Path(options.subtitles), video=path), "given"
    found = find_subtitles(path, query)
    if found.subtitles is None and must and found.notes:
        raise DataError(found.notes[0], "give subtitles=FILE, or another relevance=")
    warnings += found.notes
    return found.subtitles, found.why


def _from_pictures(kind: str, query: str, warnings: list[str]) -> Sources:
    from vidkit.frames.encoders import embedded

    if kind == "ocr":
        from vidkit.frames.encoders.ocr import OcrEncoder

        return Sources("ocr", scorer=OcrEncoder(), warnings=warnings)
    # colours, light, motion and times are measured, on any footage; the network is for words beyond these
    read = read_query(query)
    beyond = " ".join(word for word in left_out(query) if word in read.wanted)
    for_network = kind == "auto" and embedded.knows_some_of(beyond)
    if read.negated and (kind == "embedded" or for_network):
        warnings = [
            *warnings,
            f"{_NEGATION} ({_quoted(read.negated)}): the embedded network hardly reads that",
        ]
    if kind == "embedded" or for_network:
        encoder = embedded.load()
        facts: dict[str, object] = {"knows": embedded.KNOWS, "blind": embedded.BLIND}
        return Sources("embedded", scorer=encoder, facts=facts, warnings=warnings)
    facts = {"knows": KNOWS, "blind": BLIND}
    return Sources("lexicon", scorer=LexiconEncoder(), facts=facts, warnings=warnings)


def fall_back(sources: Sources, why: str) -> Sources:
    """The same sources with measured words in place of the embedded network, and the reason said."""
    warnings = [*sources.warnings, f"{why}: the query's measurable words are used instead"]
    facts: dict[str, object] = {"knows": KNOWS, "blind": BLIND, "embedded_not_used": why}
    return replace(sources, name="lexicon", scorer=LexiconEncoder(), facts=facts, warnings=warnings)


def _add_features(sources: Sources, options: FrameOptions, shelf: EncoderPool) -> None:
    kind = options.features
    if kind == "none":
        return
    if kind == "encoder" or (kind == "auto" and sources.name.startswith("encoder:")):
        if options.encoder is None:
            raise ConfigError(
                "features=encoder needs an encoder", "name one: encoder=HUB_ID or encoder=FOLDER"
            )
        sources.features, sources.features_name = shelf.model(options.encoder), f"encoder:{options.encoder}"
    elif kind in ("auto", "hist"):
        sources.features, sources.features_name = HistEncoder(), "hist"
    else:
        sources.features, sources.features_name = shelf.model(kind), f"encoder:{kind}"
