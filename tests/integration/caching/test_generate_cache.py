"""`vidkit generate cache=...` from words to record and picture, on a tiny model of the embedded kind."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.tiny_cache import magnitude_table
from vidkit.cli.main import run


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[str]:
    model = ["model.weights=pretrained", f"model.path={tiny_model}", "image=null"]
    size = ["height=32", "width=32", "frames=13", "steps=10"]
    out = ["--output", str(tmp_path / "x.mp4"), "--device", "cpu", "--seed", "3"]
    return ["generate", "a red ball", *size, *model, *out]


def record_in(folder: Path) -> dict:
    return json.loads((folder / "x.json").read_text())


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


POLICIES = {
    "interval": ["cache.every=2"],
    "change": ["cache.share=0.25", "cache.full_every=4"],
    "motioncache": ["cache.threshold=2", "cache.phase1_updates=1", "cache.min_share=0"],
    "teacache": ["cache.threshold=2"],
    "first_block": [],
    "seacache": [],
    "magcache": ["cache.threshold=1"],
}


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_reports_into_steps_record_summary_and_picture(name, words, tmp_path, capsys) -> None:
    table = [f"cache.table={magnitude_table(tmp_path)}"] if name == "magcache" else []
    assert run([*words, f"cache={name}", *POLICIES[name], *table]) == 0
    record = record_in(tmp_path)
    did, steps = record["cache"], record["steps"]
    assert did["policy"]["name"] == name and 0 < did["flops_share"] < 1
    assert sum(step["executed_flops"] for step in steps) == pytest.approx(did["executed_flops"])
    assert sum(step["skipped_flops"] for step in steps) == pytest.approx(did["skipped_flops"])
    assert did["state_bytes"] > 0 and did["vae_flops"] > 0
    assert steps[0]["skipped_tokens"] == 0 and max(step["skipped_tokens"] for step in steps) > 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("cache  "))
    assert f"{name}: {100 * did['flops_share']:.0f} % of the transformer's FLOPs" in line
    picture = np.asarray(Image.open(record["outputs"]["heatmap"]))
    assert picture.ndim == 3 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 3


def test_without_a_cache_there_is_no_picture_and_nothing_in_the_record(words, tmp_path) -> None:
    assert run(words) == 0
    record = record_in(tmp_path)
    assert record["cache"] is None and set(record["outputs"]) == {"video", "sheet", "record"}
    assert record["steps"][0]["executed_flops"] is None


def test_fewer_steps_runs_fewer_steps(words, tmp_path) -> None:
    assert run([*words, "cache=fewer_steps", "cache.share=0.4"]) == 0
    record = record_in(tmp_path)
    assert len(record["steps"]) == 4 and record["cache"]["policy"] == {"name": "fewer_steps", "share": 0.4}


@pytest.mark.parametrize(
    ("name", "target"), [("interval", 0.7), ("change", 0.7), ("motioncache", 0.8), ("fewer_steps", 0.5)]
)
def test_a_target_of_flops_is_met(name, target, words, tmp_path) -> None:
    assert run([*words, f"cache={name}", f"cache.target_flops={target}"]) == 0
    did = record_in(tmp_path)["cache"]
    assert did["target"]["target_flops"] == target
    if name != "fewer_steps":
        assert did["flops_share"] <= target + 0.05
        assert did["flops_share"] >= target - 0.15  # steps are whole


def test_a_target_below_the_floor_names_the_floor(words, tmp_path, capsys) -> None:
    assert run([*words, "cache=interval", "cache.target_flops=0.1"]) == 2
    lines = error_lines(capsys)
    assert "target_flops=0.1 is below what 'interval' must compute: 0.6" in lines[0]
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["cache=motioncache", "cache.threshold=-1"], "threshold must be >= 0, got -1"),
        (["cache=change", "cache.full=0"], "full must be in (0, 1], got 0"),
        (["cache=interval", "cache.target_flops=1.5"], "target_flops must be in (0, 1], got 1.5"),
        (["cache=none", "cache.target_flops=0.5"], "nothing to set for cache.target_flops"),
        (["cache=change", "cache.full=0.5", "cache.target_flops=0.5"], "the second sets the first"),
        (["cache=chnge"], "chnge"),
        (["cache=magcache", "cache.table=missing.json"], "no magnitudes at missing.json"),
    ],
    ids=str,
)
def test_bad_input_is_refused_in_words(given, text, words, capsys) -> None:
    assert run([*words, *given]) != 0
    assert text in " ".join(error_lines(capsys))


@pytest.mark.parametrize(
    "given",
    [
        ["cache=change", "cache.full=0"],
        ["cache=magcache"],  # no table ships for this model
        ["cache=flowcache", "cache.threshold=nan"],
    ],
    ids=str,
)
def test_a_dry_run_refuses_what_the_run_would_before_it_prints_a_plan(given, words, capsys) -> None:
    assert run([*words, *given, "--dry-run"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["interval", "change", "motioncache", "tokens"])
def test_policies_go_with_sparse_attention(name, words, tmp_path) -> None:
    given = {"tokens": ["cache=change", "cache.share=0.25", "cache.full_every=4"]}
    given["motioncache"] = ["cache=motioncache", *POLICIES["motioncache"]]
    sparse = ["attention=xattention", "attention.block_q=8", "attention.block_k=8", "attention.stride=4"]
    assert run([*words, *sparse, "attention.always_keep=[]", *given.get(name, [f"cache={name}"])]) == 0
    record = record_in(tmp_path)
    assert record["attention"]["sparse_calls"] > 0 and set(record["cache"]["decisions"]) - {"full"}


def test_a_dry_run_says_what_is_planned(words, capsys) -> None:
    assert run([*words, "cache=change", "cache.target_flops=0.7", "--dry-run"]) == 0
    said = re.search(r"cache       change: about (\d+) % of the transformer's FLOPs", capsys.readouterr().out)
    assert said is not None and 55 <= int(said[1]) <= 70  # steps are whole


FORCING = ["causal_block_size=2", "ar_step=3"]  # 2 blocks of 2 latent frames


@pytest.mark.parametrize("name", ["interval", "flowcache", "change"])
def test_blocks_at_different_noise_levels_are_decided_one_by_one(name, words, tmp_path) -> None:
    settings = {"flowcache": ["cache.threshold=9"], "change": ["cache.share=0.25", "cache.full_every=4"]}
    assert run([*words, *FORCING, f"cache={name}", *settings.get(name, [])]) == 0
    did = record_in(tmp_path)["cache"]
    assert 0 < did["flops_share"] < 1 and did["decisions"]["full"] > 0
    assert set(did["decisions"]) - {"full"} >= ({"tokens"} if name == "change" else {"skip"})


def test_a_threshold_of_zero_changes_no_frame_of_a_clip_in_blocks(words, tmp_path) -> None:
    clips = []
    for extra in ([], ["cache=flowcache", "cache.threshold=0"], ["cache=change", "cache.threshold=0"]):
        assert run([*words, *FORCING, *extra]) == 0
        clips.append(Path(record_in(tmp_path)["outputs"]["video"]).read_bytes())
    assert clips[0] == clips[1] == clips[2]
