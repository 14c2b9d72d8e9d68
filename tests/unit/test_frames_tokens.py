"""A budget of vision tokens: sizes that models keep, rules that share, and never a token too many."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidkit.cli.main import run
from vidkit.errors import ConfigError
from vidkit.frames import Candidates, select
from vidkit.frames.options import FrameOptions
from vidkit.frames.tokens import VisionTokens, picture_sizes, share_tokens
from vidkit.video.mp4_stream import mp4_stream


def made(seed: int = 0, n: int = 60, features: bool = True, relevance: bool = True) -> Candidates:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 16))
    return Candidates(np.arange(float(n)), rng.random(n) if relevance else None, rows if features else None)


FRAMES = [(1920, 1080), (1080, 1920), (640, 360), (192, 192), (80, 48), (20, 20), (4000, 90), (3840, 2160)]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("cell", [(14, 2), (16, 2), (14, 1)])
def test_sizes_are_whole_cells_of_the_frames_shape(frame: tuple[int, int], cell: tuple[int, int]) -> None:
    vision = VisionTokens(*cell)
    sizes = picture_sizes(*frame, vision)
    costs = [size.tokens for size in sizes]
    assert costs == sorted(set(costs)) and costs[-1] <= vision.most
    for width, height, tokens in sizes:
        assert width % vision.cell == height % vision.cell == 0
        assert width * height == tokens * vision.cell**2
        assert width <= frame[0] + vision.cell and height <= frame[1] + vision.cell
    whole = round(frame[0] / vision.cell) * round(frame[1] / vision.cell)
    if whole >= 2 * vision.least:
        assert costs[0] >= vision.least and len(costs) > 1


@pytest.mark.parametrize("frame", FRAMES[:3] + FRAMES[7:])
def test_a_qwen_processor_keeps_these_sizes(frame: tuple[int, int]) -> None:
    qwen = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")
    for width, height, _ in picture_sizes(*frame, VisionTokens()):
        kept = qwen.smart_resize(height, width, factor=28, min_pixels=56 * 56, max_pixels=1024 * 28 * 28)
        assert kept == (height, width)


@pytest.mark.parametrize("rule", ["lddr", "qframe", "equal"])
@pytest.mark.parametrize("budget", [64, 65, 300, 1000, 4096, 20_000, 10**6])
@pytest.mark.parametrize("inputs", [(True, True), (False, True), (True, False), (False, False)])
def test_the_budget_is_kept_and_used(rule: str, budget: int, inputs: tuple[bool, bool]) -> None:
    c = made(3, features=inputs[0], relevance=inputs[1])
    chosen = select("uniform", c, 24)
    vision = VisionTokens(rule=rule)
    sizes_of = picture_sizes(1280, 720, vision)
    if budget < sizes_of[0].tokens:
        with pytest.raises(ConfigError, match=f"tokens={budget} holds no picture: the smallest takes 66"):
            share_tokens(chosen, c, budget, (1280, 720), vision)
        return
    kept, sizes = share_tokens(chosen, c, budget, (1280, 720), vision)
    costs = [size.tokens for size in sizes]
    assert sum(costs) <= budget and len(costs) == kept.indices.size == len(kept.reasons) >= 1
    assert set(kept.indices) <= set(chosen.indices) and (np.diff(kept.indices) > 0).all()
    left_out = 24 - kept.indices.size
    assert any("least important were left out" in w for w in kept.warnings) == (left_out > 0)
    # no frame could be shown larger with what is left
    spare = budget - sum(costs)
    steps = [s.tokens for s in sizes_of]
    assert all(cost == steps[-1] or steps[steps.index(cost) + 1] - cost > spare for cost in costs)


def test_important_frames_are_larger() -> None:
    c = made(1)
    chosen = select("topk", c, 20)
    kept, sizes = share_tokens(chosen, c, 4000, (1280, 720), VisionTokens(rule="qframe"))
    by_relevance = np.argsort(-c.relevance[kept.indices], kind="stable")
    costs = np.array([size.tokens for size in sizes])[by_relevance]
    assert kept.indices.size == 20 and (np.diff(costs) <= 0).all()
    assert costs[0] > 5 * costs[-1]
    equal = share_tokens(chosen, c, 4000, (1280, 720), VisionTokens(rule="equal"))[1]
    assert max(s.tokens for s in equal) < 2 * min(s.tokens for s in equal)


def test_lddr_gives_a_repeated_frame_less_than_a_new_one() -> None:
    rows = np.eye(6)
    rows[1] = rows[0] + 0.05 * rows[5]  # two frames show nearly the same
    c = Candidates(np.arange(6.0), np.array([1, 1, 1, 1, 0.99, 0.0]), rows)
    chosen = select("topk", c, 4)
    kept, sizes = share_tokens(chosen, c, 2000, (1280, 720), VisionTokens(least=20))
    cost = {int(i): size.tokens for i, size in zip(kept.indices, sizes, strict=True)}
    assert min(cost[2], cost[3]) > 5 * cost.get(1, 1)


def test_what_a_full_picture_cannot_use_goes_to_the_others() -> None:
    rows = np.eye(4)
    c = Candidates(np.arange(4.0), np.array([1.0, 0.3, 0.3, 0.0]), rows)
    chosen = select("topk", c, 3)
    sizes = share_tokens(chosen, c, 1500, (1280, 720), VisionTokens(most=600))[1]
    assert sizes[0].tokens > 560 and sum(size.tokens for size in sizes) > 1400


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"tokens": 0}, "tokens must be >= 1, got 0"),
        ({"tokens": 99, "pad": "repeat"}, "pad=repeat would spend tokens= more than once"),
    ],
)
def test_settings_that_do_not_fit(words: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FrameOptions(**words)
    for bad in ({"patch": 0}, {"least": 9, "most": 8}, {"rule": "best"}):
        with pytest.raises(ConfigError):
            VisionTokens(**bad)


def test_files_page_and_record_show_the_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with mp4_stream(tmp_path / "v.mp4") as stream:
        rng = np.random.default_rng(0)
        for i in range(24):
            picture = rng.integers(0, 60, (270, 480, 3), dtype=np.uint8)
            picture[: 11 * i, :, 0] = 230
            stream.add(picture, float(i))
    words = [
        "tokens=400",
        "vision.least=12",
        "vision.rule=qframe",
        "k=12",
        "write.messages=interleaved",
        "--html",
    ]
    out = tmp_path / "out"
    assert (
        run(["select-frames", str(tmp_path / "v.mp4"), "red", *words, "write.plot=none", "-o", str(out)]) == 0
    )
    record = json.loads((out / "selection.json").read_text())
    rows = record["frames"]
    assert record["tokens"]["used"] == sum(row["tokens"] for row in rows) <= 400
    assert len({row["tokens"] for row in rows}) > 1
    pictures = [Image.open(path) for path in sorted((out / "frames").iterdir())]
    assert [picture.size for picture in pictures] == [(row["width"], row["height"]) for row in rows]
    page, shown = (out / "page.html").read_text(), capsys.readouterr().out
    assert f"{rows[0]['width']}x{rows[0]['height']}" in page and f"{record['tokens']['used']} of 400" in page
    assert f"{record['tokens']['used']} of 400" in shown
    import base64
    import io

    content = json.loads((out / "messages.json").read_text())[0]["content"]
    sent = [p["image_url"]["url"].split(",")[1] for p in content if p["type"] == "image_url"]
    assert [Image.open(io.BytesIO(base64.b64decode(s))).size for s in sent] == [p.size for p in pictures]
    capsys.readouterr()
    assert run(["select-frames", str(tmp_path / "v.mp4"), "tokens=9", "--dry-run"]) == 2
    assert "tokens=9 holds no picture: the smallest takes" in capsys.readouterr().err
