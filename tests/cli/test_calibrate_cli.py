"""`vidkit calibrate` from words to a table that `vidkit generate` uses, on a tiny model."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import vidkit_process

from vidkit.attention import ThresholdTable
from vidkit.cli.main import run
from vidkit.config.compose import compose

# 4 latent frames of 4x4 tokens, 2 layers of 2 heads: 2 x 2 heads x 2 thresholds x 2 steps = 16 probes,
# and 2 layers x 2 steps = 4 of the floor
BLOCKS = ["attention.block_q=8", "attention.block_k=8", "attention.stride=4", "attention.always_keep=[]"]
SMALL = ["height=32", "width=32", "frames=13", "steps=3", *BLOCKS]
POOL = ["candidates=[0.5,0.7]", "attention.tau=0.7", "intervals=3", "target_reuse=0.3"]


def model_words(tiny_model: Path) -> list[str]:
    return ["model.weights=pretrained", f"model.path={tiny_model}", "--device", "cpu"]


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[str]:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("# three clips\na red ball\n\na green ball\na light maze\n")
    table = tmp_path / "table.json"
    return [
        "calibrate",
        f"prompts={prompts}",
        "prompt_count=3",
        *SMALL,
        *POOL,
        *model_words(tiny_model),
        "--output",
        str(table),
    ]


def changed(words: list[str], *more: str) -> list[str]:
    names = {word.split("=")[0] for word in more if "=" in word}
    return [*(word for word in words if "=" not in word or word.split("=")[0] not in names), *more]


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


def test_calibrate_resolve_and_generate(words, tiny_model: Path, tmp_path: Path, capsys, caplog) -> None:
    path = tmp_path / "table.json"
    assert run([*words, "--json", str(tmp_path / "summary.json")]) == 0
    told = capsys.readouterr()
    table = ThresholdTable.load(path)
    assert (table.model, table.layers, table.heads, table.candidates) == ("maze", 2, 2, [0.5, 0.7])
    assert table.achieved_sparsity >= table.budget - 1e-12
    assert table.meta["frames"] == 13 and table.meta["joint"]["runs"] == 2 and table.meta["delta"] > 0
    assert "dense run 1 of " in told.err and "probing 100 %  20/20  0 s left" in told.err
    assert f"table   {path}" in told.out and "joint   error" in told.out and "reuse   delta" in told.out
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["sparsity"] == table.achieved_sparsity and summary["floor"] == table.meta["floor"]
    # fp32: the errors are those of the masks
    assert len(table.meta["floor"]["layers"]) == 2 and table.meta["floor"]["heads_at_floor"] == 0
    assert "floor   " in told.out and " above the floor)" in told.out and "rounding" not in caplog.text

    # another budget from the same measurements, without a model
    sparser = str(tmp_path / "sparser.json")
    most = float(max(max(max(row) for row in layer) for layer in table.S))
    assert run(["calibrate", "--resolve", str(path), "budget=0", "--output", sparser]) == 0
    fresh = ThresholdTable.load(sparser)
    assert fresh.E == table.E and fresh.objective <= table.objective and "joint" not in fresh.meta
    before = sorted(tmp_path.iterdir())
    assert run(["calibrate", "--resolve", str(path), "budget=0", "--dry-run"]) == 0
    # every field that the format names
    assert {
        "format", "model", "revision", "transformer", "predictor", "resolution", "frames", "steps", "shift",
        "guidance", "candidates", "budget", "achieved_sparsity", "objective", "shared_tau_objective",
        "solver", "gap", "weights", "bands", "prompts_sha", "seed", "tau", "E", "S",
    } <= set(json.loads(path.read_text()))  # fmt: skip
    assert "table   not written (dry run)" in capsys.readouterr().out and sorted(tmp_path.iterdir()) == before
    assert run(["calibrate", "--resolve", str(path), "budget=1"]) == 2
    assert error_lines(capsys)[0].startswith(
        "error: no choice of thresholds reaches a mean sparsity of 1.0000"
    )
    assert most < 1

    # the table at work
    clip = ["generate", "a red ball", "image=null", *SMALL, *model_words(tiny_model)]
    use = ["attention=haste_xattention", f"attention.table={path}", "attention.reuse=tmr_auto"]
    assert run([*clip, *use, "--output", str(tmp_path / "x.mp4")]) == 0, capsys.readouterr().err
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["attention"]["table"] == str(path) and record["attention"]["sparse_calls"] == 2
    capsys.readouterr()
    use = ["attention=xattention", f"attention.table={path}", "--output", str(tmp_path / "y.mp4")]
    assert run(changed([*clip, *use], "attention.stride=8")) == 2
    first, second = error_lines(capsys)
    assert first.startswith(f"error: table {path} was made with predictor ") and "'stride': 8" in first
    assert second == "hint: use the same predictor settings, or calibrate again"
    assert run([*clip, *use, "model.name=mine"]) == 2
    assert error_lines(capsys) == [
        f"error: table {path} was made for model 'maze', this is 'mine'",
        "hint: calibrate this model, or use a shared tau",
    ]


def test_a_killed_calibration_goes_on_where_it_was(words, tmp_path: Path, capsys) -> None:
    # sums depend on how many threads share them: with the same number a resumed table is the whole one's
    threads = torch.get_num_threads()
    code = (
        f"import torch; torch.set_num_threads({threads})"
        + """
import os, signal
from vidkit.attention.calibration.probe_log import ProbeLog
append = ProbeLog.append
def killed(self, probe):
    append(self, probe)
    if len(self.done) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
ProbeLog.append = killed
"""
    )
    done = vidkit_process.run(words, heavy=True, prepare=code)
    assert done.returncode == -signal.SIGKILL, done.stderr
    log = tmp_path / "table.calibration" / "probes.jsonl"
    assert len(log.read_text().splitlines()) == 1 + 5 and not (tmp_path / "table.json").exists()
    assert run([*words, "--dry-run"]) == 0
    assert "20 at steps 1, 2 (5 on disk), 4 of them of the rounding floor" in capsys.readouterr().out
    assert run(words) == 0
    err = capsys.readouterr().err
    assert "resumed: 5 of 20 probes were on disk" in err
    # the dense runs were kept as well; what is told is the traced run
    assert "dense run" not in err
    whole = changed(words, "work=" + str(tmp_path / "anew"), "--output", str(tmp_path / "whole.json"))
    assert run(whole) == 0
    tables = [ThresholdTable.load(tmp_path / name) for name in ("table.json", "whole.json")]
    # to the bit nearly always; where buffers happen to lie may still change how a sum is vectorised
    np.testing.assert_allclose(tables[0].E, tables[1].E, rtol=1e-4)
    assert tables[0].tau == tables[1].tau
    capsys.readouterr()
    # measurements of something else are not mixed in, and nothing is run to find out
    assert run(changed(words, "candidates=[0.3,0.7]")) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2] == (
        f"error: {log} belongs to another calibration (candidates: file [0.5, 0.7], now [0.3, 0.7])"
    )
    assert lines[-1] == "hint: choose another output, or delete the file to start over"
    assert not [line for line in lines if "dense run" in line]


def test_mazes_are_drawn_when_asked_for(tiny_model: Path, tmp_path: Path, capsys) -> None:
    words = ["calibrate", *model_words(tiny_model), "prompt_count=2", "steps=2", "intervals=1",
             "attention=svg2", "attention.query_clusters=4", "attention.key_clusters=8",
             "candidates=[0.5,0.9]",
             "target_reuse=null", "-o", str(tmp_path / "t.json")]  # fmt: skip
    assert run(words) == 0, capsys.readouterr().err
    table = ThresholdTable.load(tmp_path / "t.json")
    assert (
        table.predictor["name"] == "svg2"
        and "delta" not in table.meta
        and table.meta["resolution"] == [96, 96]
    )


def test_random_weights_are_labelled_and_fit_no_real_model(tmp_path: Path, capsys) -> None:
    cut = ["model.weights=random", "height=32", "width=32", "frames=9", "steps=2", "model.vae.base_dim=4",
           "model.transformer.num_layers=1", "model.transformer.num_attention_heads=1",
           "model.transformer.ffn_dim=32", *BLOCKS]  # fmt: skip
    table = tmp_path / "t.json"
    words = ["calibrate", "-c", "wan1_3b_480p", *cut, "attention.dense_steps=0", "prompt_count=2",
             "intervals=1", "target_reuse=null", "-o", str(table)]  # fmt: skip
    assert run(words) == 0, capsys.readouterr().err
    assert "note    random weights" in capsys.readouterr().out
    assert ThresholdTable.load(table).model == "wan1_3b (random weights)"


def test_the_shipped_maze_config_fits_the_one_of_generate() -> None:
    theirs = compose("generate", "maze_demo", ["attention=xattention"])
    ours = compose("calibrate", "maze")
    assert ours.attention == theirs.attention
    for name in ("height", "width", "frames", "fps", "sampler", "steps", "guidance", "shift", "model"):
        assert getattr(ours, name) == getattr(theirs, name)


BAD = {
    "dense": (["attention=dense"], "dense attention has nothing to calibrate",
              "add attention=xattention or attention=svg2"),
    "svg1": (["attention=svg1"], "svg1 keeps a fixed share of the blocks: it has no threshold to calibrate",
             "add attention=xattention or attention=svg2"),
    "no-prompts": (["prompts=null"], "no prompts were given", "add prompts=FILE, one prompt per line"),
    "no-file": (["prompts=none.txt"], "no prompt file 'none.txt'", "check the path given as prompts="),
    "few": (["prompt_count=9"], "prompt_count=9, but '{tmp}/prompts.txt' holds 3 prompts",
            "add prompts to the file, or lower prompt_count"),
    "held-out": (["held_out=3"], "prompt_count=3 leaves no probe prompt with held_out=3",
                 "change 'prompt_count' and run again"),
    "tau": (["attention.tau=0.9"],
            "candidates=[0.5, 0.7] lack attention.tau=0.9, whose sparsity is the budget",
            "add it to the candidates, or set a budget, e.g. budget=0.6"),
    "candidates": (["candidates=[0.7,0.5]"],
                   "candidates=[0.7, 0.5] must be ascending, different and in (0, 1]",
                   "change 'candidates' and run again"),
    "suffix": (["output={tmp}/table.txt"], "output '{tmp}/table.txt' is not a .json file", "end it in .json"),
    "table": (["attention.table=t.json"],
              "attention.table=t.json: calibration makes a table and does not take one",
              "leave attention.table out; --resolve FILE solves a table for another budget"),
    "no-steps": (["attention.dense_steps=3"],
                 "no sparse steps to probe: 3 steps, the first 3 dense, 3 intervals", None),
    "no-budget": (["resolve=t.json"], "resolve needs the new budget",
                  "add the minimum mean sparsity, e.g. budget=0.5"),
    "no-table": (["resolve=t.json", "budget=0.5"], "no table file t.json",
                 "make one with `vidkit calibrate`"),
    "long-prompt": (["prompts={tmp}/long.txt"], "the prompt 1 has 31 tokens, but the text encoder takes 20",
                    "shorten the prompt 1 by 11 tokens or more"),
    "twice": (["prompts={tmp}/twice.txt"], "{tmp}/twice.txt:3: the same prompt as in line 1",
              "keep one of them"),
}  # fmt: skip


@pytest.mark.parametrize(("more", "message", "hint"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_word_by_word(more, message, hint, words, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long.txt").write_text("red " * 30 + "\na\nb\n")
    (tmp_path / "twice.txt").write_text("a\nb\na\n")
    before = sorted(tmp_path.iterdir())
    given = [word.format(tmp=tmp_path) for word in more]
    if more[0].startswith("output="):
        words = [word for word in words if word not in ("--output", str(tmp_path / "table.json"))]
    assert run(changed(words, *given)) == 2
    lines = error_lines(capsys)
    assert lines[0] == f"error: {message.format(tmp=tmp_path)}"
    assert hint is None or lines[1] == f"hint: {hint}"
    assert sorted(tmp_path.iterdir()) == before


def test_a_table_of_another_model_is_not_overwritten(words, tmp_path: Path, capsys) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"model": "wan14b", "predictor": {"name": "svg2"}}))
    assert run(words) == 2
    assert error_lines(capsys) == [
        f"error: '{path}' holds another table, of model 'wan14b' and svg2",
        "hint: choose another --output, or overwrite it with --force",
    ]
    assert "wan14b" in path.read_text()
