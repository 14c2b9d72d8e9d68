"""`vidkit generate` block by block: what runs, what the record and the dry run say, what is refused."""

import json
from pathlib import Path

import pytest

from vidkit.cli.main import run

BLOCKS = ["ar_step=2", "causal_block_size=2", "causal_attention=true", "active_only=true"]


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[str]:
    small = ["height=32", "width=32", "frames=29", "steps=3", "guidance=2", "max_sequence_length=8"]
    model = ["model.family=skyreels_df", "model.weights=pretrained", f"model.path={tiny_model}"]
    out = ["--output", str(tmp_path / "x.mp4")]
    return ["generate", *small, *model, "image=null", "seed=1", "a red ball", *out]


def test_the_record_says_what_was_executed(words: list[str], tmp_path: Path, capsys) -> None:
    assert run([*words, *BLOCKS, "clean_refresh=true"]) == 0
    blocks = json.loads((tmp_path / "x.json").read_text())["blocks"]
    assert blocks["mode"] == "block_causal+active+refresh"
    dense, causal, active = (
        blocks["baselines"][name] for name in ("dense_original", "block_causal_dense", "block_causal_active")
    )
    assert active < blocks["executed_flops"] < causal < dense
    assert (
        blocks["state_bytes"] == 2 * 2 * 2 * (8 * 16) * 24 * 4
    )  # branches, K and V, layers, tokens, width, fp32
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("blocks"))
    assert line.startswith("blocks  block_causal+active+refresh: ")
    assert f"{dense / blocks['executed_flops']:.2f}x below dense original" in line


def test_active_blocks_alone_execute_what_the_flop_model_counts(words: list[str], tmp_path: Path) -> None:
    assert run([*words, *BLOCKS]) == 0
    blocks = json.loads((tmp_path / "x.json").read_text())["blocks"]
    assert blocks["executed_flops"] == pytest.approx(blocks["baselines"]["block_causal_active"], rel=1e-9)


def test_a_cache_skips_blocks_and_tells(words: list[str], tmp_path: Path) -> None:
    kept = [word for word in words if word != "steps=3"]
    assert run([*kept, "steps=8", *BLOCKS, "cache=interval", "cache.every=2"]) == 0
    record = json.loads((tmp_path / "x.json").read_text())
    blocks = record["blocks"]
    assert blocks["executed_flops"] < 0.95 * blocks["baselines"]["block_causal_active"]
    assert record["cache"]["decisions"]["skip"] > 0
    assert record["cache"]["executed_flops"] == pytest.approx(blocks["executed_flops"], rel=1e-9)


def test_whole_forwards_have_no_such_figures(words: list[str], tmp_path: Path) -> None:
    assert run(words) == 0
    assert json.loads((tmp_path / "x.json").read_text())["blocks"] is None


def test_a_dry_run_counts_the_blocks(capsys) -> None:
    words = ["generate", "-c", "skyreels_df_1_3b_540p", "frames=177", "dtype=bf16", "--dry-run", *BLOCKS[2:]]
    assert run(words) == 0
    said = capsys.readouterr().out
    assert "blocks      block_causal+active; the transformer's FLOPs are 2.07x below dense original" in said
    assert "1.43x below block causal dense, 1.00x below block causal active" in said
    assert "KV cache  about 17.51 GiB" in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["active_only=true"], "active_only=true needs causal_block_size"),
        (["causal_block_size=2", "clean_refresh=true"], "clean_refresh=true needs active_only=true"),
        (
            ["causal_block_size=2", "active_only=true", "kv_budget=2"],
            "kv_budget=2 needs active_only=true and causal_attention=true",
        ),
        ([*BLOCKS, "kv_budget=0"], "kv_budget must be >= 1, got 0"),
        (
            [*BLOCKS[1:], "frames=33"],
            "frames=33 leaves a window of 9 latent frames, which causal_block_size=2 does not divide",
        ),
        (
            [*BLOCKS, "frames=45", "base_frames=29", "overlap_frames=29"],
            "windows of 8 latent frames cannot share 8 with the one before",
        ),
    ],
)
def test_refusals_name_the_value(words: list[str], given: list[str], message: str, capsys) -> None:
    kept = [word for word in words if not (word.startswith("frames=") and given[-1].startswith("frames="))]
    kept = [word for word in kept if not (word.startswith("frames=") and "frames=45" in given)]
    assert run([*kept, *given]) == 2
    assert message in capsys.readouterr().err


def test_other_families_refuse_block_settings(capsys) -> None:
    words = ["generate", "-c", "wan1_3b_480p", "model.weights=random", "--dry-run", "active_only=true"]
    assert run(words) == 2
    assert "active_only is for diffusion-forcing models" in capsys.readouterr().err
