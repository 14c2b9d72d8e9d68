"""What a selection says about itself: titles, fallbacks, fills, ties and frames without relevance."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vidkit.errors import ModelError
from vidkit.frames import METHODS, Candidates, select
from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video
from vidkit.frames.registry import load_selector
from vidkit.frames.sources import EncoderPool
from vidkit.utils.quiet import quiet_libraries, root_cause

BY_RELEVANCE = [name for name in METHODS if load_selector(name).uses == {"relevance"}]


def candidates(relevance: np.ndarray | None, n: int = 40) -> Candidates:
    rows = np.random.default_rng(0).normal(size=(n, 8))
    return Candidates(np.arange(float(n)), relevance, rows, query_features=rows[0])


@pytest.mark.parametrize("method", BY_RELEVANCE)
def test_a_rule_without_relevance_is_titled_by_what_ran(method: str) -> None:
    chosen = select(method, candidates(None), 8)
    assert chosen.headline == f"uniform ({method} fell back: no relevance)"
    assert "no relevance: frames are evenly spaced" in chosen.warnings
    if not method.endswith("-authors"):
        flat = select(method, candidates(np.full(40, 0.3)), 8)
        assert flat.headline == f"uniform ({method} fell back: relevance is constant)"


@pytest.mark.parametrize("method", ["efs", "efs+", "dpp", "lddr", "facility"])
def test_a_rule_of_features_is_query_free_without_relevance(method: str) -> None:
    assert select(method, candidates(None), 8).headline == f"{method} (query-free: no relevance)"
    assert (
        select(method, candidates(np.zeros(40)), 8).headline
        == f"{method} (query-free: relevance is constant)"
    )
    assert select(method, candidates(np.arange(40.0)), 8).headline == method


@pytest.mark.parametrize("method", ["uniform", "fps", "scene"])
def test_a_rule_that_never_looks_at_relevance_did_not_fall_back(method: str) -> None:
    assert select(method, candidates(None), 8).headline == method


def test_budget_above_the_candidates_is_titled_all() -> None:
    assert select("wfs-sb", candidates(None, 5), 9).headline == (
        "all candidates (wfs-sb did not run: 5 candidates for k = 9)"
    )
    assert "1 candidate for k = 2" in select("topk", candidates(None, 1), 2).headline


def test_wfs_sb_without_a_boundary_says_what_it_did() -> None:
    ramp = np.linspace(0, 1, 40) ** 2
    chosen = select("wfs-sb", candidates(ramp, 40), 8, height=50.0)
    assert chosen.headline == "wfs-sb (no boundary: half uniform, half topk)"
    plus = select("wfs-sb+", candidates(ramp, 40), 8, height=50.0)
    assert plus.headline.startswith("wfs-sb (wfs-sb+ fell back: no boundary of its own, no boundary:")


def test_topk_says_what_it_filled_with() -> None:
    relevance = np.zeros(40)
    relevance[[30, 33, 36]] = [0.5, 1.0, 0.2]
    chosen = select("topk", candidates(relevance), 8)
    assert chosen.reasons == ("fill",) * 5 + ("top",) * 3
    assert any(w.startswith("5 of 8 frames have the lowest relevance of all") for w in chosen.warnings)
    assert "5 of 8 frames only fill the budget: the rule itself chose 3" in chosen.warnings


@pytest.mark.parametrize("method", ["bin", "aks", "bolt", "focus", "mmr", "wfs-sb", "efs"])
def test_frames_without_relevance_are_counted(method: str) -> None:
    relevance = np.zeros(40)
    relevance[33] = 1.0
    chosen = select(method, candidates(relevance), 8)
    zero = sum(1 for i in chosen.indices if i != 33)
    assert any(f"{zero} of 8 frames have the lowest relevance" in w for w in chosen.warnings)
    assert all(reason != "top" for i, reason in zip(chosen.indices, chosen.reasons, strict=True) if i != 33)


def test_one_lowest_candidate_is_no_floor() -> None:
    chosen = select("topk", candidates(np.arange(40.0)), 39)
    assert not chosen.warnings and set(chosen.reasons) == {"top"}


def test_topk_says_that_its_cut_went_through_equals() -> None:
    relevance = np.r_[np.full(10, 0.5), np.linspace(0, 0.4, 28), 0.9, 0.8]
    chosen = select("topk", candidates(relevance), 6)
    assert "10 candidates share the last relevance kept (0.5): the 4 earliest stay" in chosen.warnings
    assert not select("topk", candidates(relevance), 12).warnings


def test_an_encoder_that_cannot_be_reached_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def load(spec: str, *_: object, **__: object) -> object:
        calls.append(spec)
        raise ModelError("cannot load the encoder 'a/b'", "give a folder")

    monkeypatch.setattr("vidkit.frames.encoders.models.load_encoder", load)
    shelf = EncoderPool(FrameOptions())
    for _ in range(3):
        with pytest.raises(ModelError, match="cannot load the encoder"):
            shelf.model("a/b")
    assert calls == ["a/b"]


def test_the_hub_is_silent_and_its_reason_is_kept(
    capfd: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("transformers")
    from vidkit.frames.encoders.models import _attempt

    capfd.readouterr()  # transformers says at import that torch is missing
    logger = logging.getLogger("huggingface_hub.utils._http")

    def load() -> None:
        logger.warning("thrown while requesting HEAD")
        try:
            raise ConnectionError("[Errno 111] Connection refused")
        except ConnectionError as error:
            raise OSError("We couldn't connect.\nCheck your connection.") from error

    with (
        quiet_libraries(libraries=("transformers",)),
        pytest.raises(ModelError, match=r"We couldn't connect \(\[Errno 111\] Connection refused\)"),
    ):
        _attempt("a/b", load)
    assert capfd.readouterr().err == ""
    assert logging.getLogger("huggingface_hub").level != logging.ERROR


def test_root_cause_of_plain_and_circular_errors() -> None:
    assert root_cause(OSError("nothing behind")) == ""
    one, two = OSError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert root_cause(one) == "two"


def test_a_time_outside_the_video_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for shade in range(40):
            picture = np.full((48, 64, 3), shade * 6, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    options = FrameOptions(relevance="lexicon")
    told = select_from_video(path, "something bright at 1:20", options).warnings
    assert "'at 1:20' lies outside what was looked at: 0.0 s to 4.0 s" in told
    told = select_from_video(path, "something bright at 0:02", options).warnings
    assert not any("lies outside" in note for note in told)
