"""The quality table of sparse attention: figures, matching, batched clips, resume."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from vidkit.bench.attention_quality import (
    PSNR_CAP_DB,
    match_density,
    matched_interval,
    psnr,
    ssim,
)
from vidkit.bench.attention_quality.clips import ClipMaker, draw_clips, solved
from vidkit.bench.attention_quality.measuring import QualityRun
from vidkit.commands.bench.attention_quality import load, run
from vidkit.commands.bench.common import command_of
from vidkit.config.bench_quality_schema import BenchAttentionQualitySettings, Family
from vidkit.errors import DataError
from vidkit.mazes.embedded import judge
from vidkit.mazes.embedded.render import render


def clips_of(seed, count=2):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 24, 20, 3), generator=g, dtype=torch.uint8)


def test_psnr_by_hand_and_capped_for_equal_frames():
    a = torch.zeros(1, 2, 16, 16, 3, dtype=torch.uint8)
    b = a.clone()
    b[:, 1] = 5  # frame 0 equal, frame 1 off by 5 everywhere
    assert psnr(a, a).item() == PSNR_CAP_DB
    assert psnr(b, a).item() == pytest.approx((PSNR_CAP_DB + 20 * math.log10(255 / 5)) / 2)


def test_ssim_equals_scikit_image():
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    a = clips_of(0)
    noise = torch.randint(-9, 10, a.shape, generator=torch.Generator().manual_seed(1))
    b = (a.int() + noise).clamp(0, 255).to(torch.uint8)
    for clip in range(2):
        wanted = np.mean(
            [
                metrics.structural_similarity(
                    x,
                    y,
                    gaussian_weights=True,
                    sigma=1.5,
                    channel_axis=2,
                    data_range=255,
                    use_sample_covariance=False,
                )
                for x, y in zip(a[clip].numpy(), b[clip].numpy(), strict=True)
            ]
        )
        assert ssim(b, a)[clip].item() == pytest.approx(wanted, abs=1e-9)
    assert ssim(a, a).tolist() == pytest.approx([1.0, 1.0])


def test_density_is_matched_and_says_when_it_is_not():
    found = match_density(lambda tau: tau**3, 0.9, 0.5, 2.0, 0.05, 1.0)
    assert found.matched and found.density == pytest.approx(0.5, abs=0.005) and found.runs <= 7
    falling = match_density(lambda budget: 0.9 - 0.7 * budget, 0.2, 0.4, -1.0, 0.0, 1.0)
    assert falling.matched and falling.value == pytest.approx(5 / 7, abs=0.01)
    out_of_reach = match_density(lambda tau: 0.2 * tau, 0.9, 0.5, 2.0, 0.05, 1.0)
    assert not out_of_reach.matched and out_of_reach.value == 1.0


def test_an_interval_is_matched_to_a_reuse_rate():
    assert matched_interval(0.0, 4) == 1 and matched_interval(0.5, 4) == 2 and matched_interval(0.75, 4) == 4
    assert matched_interval(0.66, 18) == 3


@pytest.fixture(scope="module")
def settings(tiny_model):
    return BenchAttentionQualitySettings(
        families=[Family.xattention], steps=[3], sizes=[4], mazes=2, tune_mazes=1, calibrate_mazes=2,
        candidates=[0.85, 0.9],
        block=96, stride=24, batch=2, model_path=str(tiny_model), device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(settings):
    return load(settings)


def test_batched_clips_are_those_of_generate(model, settings):
    from PIL import Image

    from vidkit.generation.decode import decode_latents
    from vidkit.generation.run import make_latents
    from vidkit.generation.spec import Request
    from vidkit.mazes.embedded import render_first_frame

    maker, clips = ClipMaker(model[0]), draw_clips([4], 2, 0, "measure")
    together = maker.latents(clips, 3)
    for n, clip in enumerate(clips):
        request = Request(
            height=96, width=96, frames=61, steps=3, shift=4.0, sampler="unipc", seed=clip.seed,
            has_image=True, prompt=clip.caption, guidance=1.0, max_sequence_length=20, fps=12,
        )  # fmt: skip
        alone = make_latents(model[0], request, Image.fromarray(render_first_frame(clip.level)))
        assert torch.equal(maker.latents([clip], 3), alone)
        assert torch.allclose(together[n : n + 1], alone, atol=1e-4)
        assert np.array_equal(maker.decode(alone)[0].numpy(), decode_latents(model[0].pipe, alone))


@pytest.mark.slow
def test_the_whole_table_resumes_and_refuses_another_measurement(model, settings, tmp_path, capsys):
    one = dataclasses.replace(settings, output=str(tmp_path / "out"))
    record = run(one)
    rows = {row["method"]: row for row in record["rows"]}
    assert set(rows) == {"dense", "dense (other kernel)"} | {
        f"xattention/{name}" for name in ("base", "tmr", "interval", "freeze", "ebc", "haste")
    }
    assert rows["dense"]["psnr"] is None and rows["dense"]["clips"] == 2
    assert rows["dense (other kernel)"]["psnr"]["mean"] > rows["xattention/base"]["psnr"]["mean"]
    assert rows["xattention/base"]["reuse"] == 0 and 0 < rows["xattention/freeze"]["reuse"] <= 0.5
    assert rows["xattention/base"]["predicted_heads"] == 2 * 4  # 2 sparse steps, 2 layers of 2 heads
    for name in ("tmr", "interval", "freeze", "ebc", "haste"):
        row = rows[f"xattention/{name}"]
        assert row["matched"] == (abs(row["density"] - rows["xattention/base"]["density"]) <= 0.01)
    assert {row["method"] for row in record["differences"]} == set(rows) - {
        "dense",
        "dense (other kernel)",
        "xattention/base",
    }
    stored = json.loads((tmp_path / "out" / "attention_quality.json").read_text())
    assert (
        stored["weights"] == model[1] and (tmp_path / "out" / "attention_quality.png").stat().st_size > 1000
    )
    told = capsys.readouterr()
    assert "Mazes solved" in told.out and "left" in told.err

    # a killed run: half a line at the end, the last batch missing
    log = tmp_path / "out" / "work" / "clips.jsonl"
    lines = log.read_text().splitlines()
    kept = "\n".join(lines[:-2]) + "\n"
    log.write_text(kept + lines[-2][:20])
    again = run(one)
    assert log.read_text().startswith(kept) and len(log.read_text().splitlines()) == len(lines)
    assert again["rows"] == record["rows"]

    with pytest.raises(DataError, match=r"another measurement \(tau: file 0\.9, now 0\.85\)"):
        QualityRun(model[0], dataclasses.replace(one, tau=0.85), tmp_path / "out" / "work", model[1], print)


def test_clips_of_several_sizes_are_judged_together():
    clips = draw_clips([4, 8, 6], 1, 0, "measure")
    frames = torch.stack(
        [(render(clip.level.levels, frames=61)[0] * 255).round().to(torch.uint8) for clip in clips]
    )
    frames[1] = frames[1, :1]  # the ball of the second never moves
    found = solved(clips, frames)
    for n, clip in enumerate(clips):
        alone = judge(clip.level, frames[n].numpy())
        assert found[n] == {
            "success": alone.success,
            "legal": alone.legal,
            "reached_goal": alone.reached_goal,
        }
    assert [row["success"] for row in found] == [True, False, True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tau": 0.8}, "tau=0.8 must be one of candidates"),
        ({"candidates": [0.9, 0.8]}, "must be ascending"),
        ({"steps": [2]}, "needs 3 or more steps"),
        ({"sizes": [3]}, r"must be in 4\.\.8"),
        ({"families": []}, r"families=\[\] is empty"),
        ({"batch": 0}, "batch must be >= 1, got 0"),
    ],
)
def test_settings_that_make_no_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        BenchAttentionQualitySettings(**changes)


def test_the_command_that_repeats_it():
    changed = BenchAttentionQualitySettings(steps=[5, 20], mazes=40, output="x", families=[Family.svg2])
    command = command_of("attention-quality", changed)
    assert command == "vidkit bench attention-quality families=[svg2] steps=[5,20] mazes=40"
