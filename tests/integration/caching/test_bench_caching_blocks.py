"""`vidkit bench caching attention=[block_causal]`: clips in blocks at different noise levels."""

import json
from pathlib import Path

import pytest
import torch

from vidkit.bench.caching.block_clips import OPTIONS, BlockClipMaker
from vidkit.bench.caching.clips import draw_set
from vidkit.caching import FULL, CachePolicy, enable, tokens_where
from vidkit.cli.main import run
from vidkit.commands.bench.caching import load
from vidkit.config.bench_caching_schema import BenchCachingSettings, ClipSet
from vidkit.mazes.embedded import render_first_frame

STEPS = 4


@pytest.fixture(scope="module")
def maker(tiny_model: Path) -> BlockClipMaker:
    model, _ = load(BenchCachingSettings(model_path=str(tiny_model), device="cpu"))
    return BlockClipMaker(model, latent_frames=8)


@pytest.fixture(scope="module")
def clips() -> list:
    return draw_set(ClipSet.plain, 5, 2, 0, "test")


def test_the_loop_is_that_of_the_pipeline(maker, clips) -> None:
    clip, whole = clips[0], BlockClipMaker(maker.model)
    picture = torch.from_numpy(render_first_frame(clip.level)).permute(2, 0, 1)[None] / 127.5 - 1
    prompt = maker._embedding(clip.caption)
    made = maker.pipe.denoise(
        prompt_embeds=prompt, negative_prompt_embeds=None, image=picture, height=96, width=96,
        num_frames=61, num_inference_steps=STEPS, guidance_scale=1.0, fps=24,
        generator=torch.Generator().manual_seed(clip.seed), options=OPTIONS,
    )  # fmt: skip
    torch.testing.assert_close(whole.latents([clip], STEPS), made, atol=1e-5, rtol=0)


class Own(CachePolicy):
    """Each clip has tokens, and a number of them, of its own."""

    name, partial = "own", True

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def decide(self, ctx, signals):
        if ctx.step < 2:
            return FULL
        mask = torch.zeros(2, ctx.grid.tokens, dtype=torch.bool)
        mask[0, 3:50:2] = True
        mask[1, 40:45] = True
        return tokens_where(mask[self.rows])


@pytest.mark.parametrize("reuse", ["residual", "velocity"])
def test_clips_of_a_batch_compute_tokens_of_their_own(maker, clips, reuse) -> None:
    made, computed = [], []
    for rows in ([0, 1], [0], [1]):
        policy = Own(rows)
        policy.reuse = type(policy.reuse)(reuse)
        with enable(maker.pipe, policy) as handle:
            made.append(maker.latents([clips[row] for row in rows], STEPS))
            computed.append(sum(row.computed for row in handle.rows()))
    both, first, second = made
    torch.testing.assert_close(both, torch.cat([first, second]), atol=1e-5, rtol=1e-5)
    assert computed[0] == (computed[1] + computed[2]) / 2  # repeats that fill up are not counted


def test_rows_of_both_kinds_of_attention_stand_in_tables_of_their_own(
    tiny_model, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("vidkit.bench.caching.report.plot", lambda record, path: None)
    methods = ["fewer_steps", "interval"]
    words = ["bench", "caching", f"model_path={tiny_model}", "clips=1", "tune_clips=1"]
    words += ["search=false", "sets=[plain]", "frames=29", "steps=[8]", "targets=[0.7]"]
    words += ["attention=[block_causal,bidirectional]", f"methods=[{','.join(methods)}]"]
    words += ["--device", "cpu", "--output", str(tmp_path)]
    assert run(words) == 0
    record = json.loads((tmp_path / "caching.json").read_text())
    rows = {(row["attention"], row["method"]): row for row in record["rows"]}
    in_blocks = {method for attention, method in rows if attention == "block_causal"}
    assert in_blocks == {"uncached", *methods}
    for (attention, method), row in rows.items():
        assert row["clips"] == 1 and row["flops_share"] <= (1 if method == "uncached" else 0.712)
        if method not in ("uncached", "fewer_steps"):
            assert row["over"]["fewer_steps"]["count"] == 1, attention
    assert rows["block_causal", "interval"]["psnr"] != rows["bidirectional", "interval"]["psnr"]
    out = capsys.readouterr().out
    assert "plain, N = 8, block-causal, 1 clip" in out and "1 clips" not in out
    log = (tmp_path / "work" / "rows.jsonl").read_text()
    assert run(words) == 0
    assert (tmp_path / "work" / "rows.jsonl").read_text() == log


def test_the_oracle_which_looks_at_whole_forwards_is_left_out_block_by_block(capsys) -> None:
    words = ["attention=[bidirectional,block_causal]", "methods=[oracle,change]", "--device", "cpu"]
    assert run(["bench", "caching", "--dry-run", *words]) == 0
    out = capsys.readouterr().out
    assert "oracle, N=20" in out and "change, N=20, block_causal" in out
    assert "oracle, N=20, block_causal" not in out


def test_clips_that_are_no_whole_blocks_are_refused(capsys) -> None:
    assert run(["bench", "caching", "--dry-run", "attention=[block_causal]", "frames=25"]) == 2
    assert "frames=25: attention=block_causal takes whole blocks of 4" in capsys.readouterr().err
