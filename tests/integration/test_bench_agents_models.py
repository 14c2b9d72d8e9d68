"""`vidkit bench agents` with models: every section of a tiny pair from start to table."""

import json

import pytest
import torch

from vidkit.agents.pair.folder import save_model
from vidkit.agents.pair.network import PairConfig, PairNetwork
from vidkit.cli.main import run

FEW = ("pair.calibrate=24", "pair.test=12", "pair.timed=6", "pair.batch=4", "pair.workers=4", "pair.splits=3",
       "pair.mixes=[0.5]", "pair.subsets=[attributes]", "pair.rounds=2", "pair.stream=60",
       "pair.stream_s=0.2", "pair.loads=[0.8]", "pair.faster=[1.5]",
       "pair.losses=[0.01,0.5]", "pair.mix=0.5", "shapes.small=tiny", "shapes.large=tiny",
       "shapes.queries=4")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("pair")
    torch.manual_seed(3)
    for name in ("small", "large"):
        config = PairConfig(view=64, width=32, depth=3, heads=2, can_zoom=name == "large")
        save_model(PairNetwork(config), place / f"{name}.safetensors", {})
    return place


def test_every_section(folder, tmp_path, capsys) -> None:
    words = [f"pair.folder={folder}", f"pair.columns={tmp_path / 'kept'}", *FEW, "--device", "cpu"]
    sections = "sections=[gates,pair,groups,replay,load,shapes]"
    assert run(["bench", "agents", sections, *words, "-o", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "agents.json").read_text())
    assert record["complete"]
    rows = {name: part["rows"] for name, part in record["sections"].items()}
    assert rows["pair"][0]["engine"] == "agent, one by one" and len(rows["pair"]) == 12
    assert [row["group"] for row in rows["groups"]] == ["0.5"] * 4 + ["attributes"] * 4
    replayed = [row for row in rows["replay"] if "engine" in row]
    assert [row["pass"] for row in rows["replay"][:3]] == ["draft", "look", "crop"] and len(replayed) == 10
    assert all(row["seconds"] > 0 and row["difference_low"] <= row["difference"] for row in replayed)
    assert [row["group"] for row in rows["replay"] if "load" in row] == ["0.5", "attributes"]
    curve = [row for row in rows["replay"] if "loss" in row]
    ours = [(row["group"], row["loss"]) for row in curve if row["score"] == "min_prob"]
    assert ours == [("0.5", 0.01), ("0.5", 0.5), ("attributes", 0.01), ("attributes", 0.5)]
    assert len({row["score"] for row in curve}) == 9  # every score
    for row in rows["groups"]:
        assert row["speedup_low"] <= row["speedup"] <= row["speedup_high"] and row["rounds"] == 2
        assert (row["ceiling"] is None) == (row["beta"] == 0)
    assert all(row["questions"] == 6 and row["difference_low"] <= row["difference"] for row in rows["pair"])
    assert sum("gate" in row for row in rows["gates"]) == 9 and all(
        row.get("kept", 0) <= 3 for row in rows["gates"]
    )
    assert [row["engine"] for row in rows["load"]].count("funnel") == 2
    assert rows["load"][-1]["engine"] == "funnel at the agents' p99"
    assert all(row.get("failed", 0) == 0 for row in (*rows["pair"], *rows["shapes"]))
    out = capsys.readouterr().out
    assert "random weights of real shapes" in out and "SpecReason-like" in out


@pytest.mark.parametrize(
    ("word", "told"),
    [("pair.gate=best", "pair.gate=best is unknown"), ("pair.risk=1.5", "risk must be between 0 and 1"),
     ("pair.subsets=[colour]", "unknown subset 'colour'"), ("pair.subsets=['existence 2']", "unknown subset"),
     ("pair.losses=[2]", "losses must be between 0 and 1, got 2"),
     ("pair.mix=0", "mix must be between 0 and 1"),
     ("shapes.small=9b", "small must be 2b, 7b or tiny"), ("pair.timed=0", "timed must be >= 1")],
)  # fmt: skip
def test_settings_that_cannot_be(capsys, tmp_path, word, told) -> None:
    assert run(["bench", "agents", "sections=[pair]", word, "-o", str(tmp_path)]) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_a_dry_run_says_what_would_be_measured(capsys, tmp_path) -> None:
    assert (
        run(["bench", "agents", "sections=[gates,pair,shapes]", "--dry-run", "-o", str(tmp_path / "none")])
        == 0
    )
    out = " ".join(capsys.readouterr().out.split())
    assert "splits it was not trained on" in out and not (tmp_path / "none").exists()
