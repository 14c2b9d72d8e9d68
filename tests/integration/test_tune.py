"""`vidkit tune` on a tiny model: sweep, config, resuming, and what is refused."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import vidkit_process

from vidkit.bench.tuning.clips import TuneClips
from vidkit.cli.main import run

SMALL = ["image=null", "height=32", "width=32", "frames=13", "steps=5", "max_sequence_length=8"]
SWEEP = [
    "tune.psnr=15", "tune.first_clips=2", "tune.clips=3", "tune.attention=[xattention]", "tune.taus=[0.5]",
    "tune.caches=[]", "tune.combinations=1", "tune.precisions=[bf16]", "tune.steps=[0.6]",
    "attention.block_q=16", "attention.block_k=16", "attention.stride=4",
]  # fmt: skip


def words(model: Path, out: Path, *more: str) -> list[str]:
    where = ["model.weights=pretrained", f"model.path={model}", "--device", "cpu", "-o", str(out)]
    return ["tune", "a red ball", *SMALL, *SWEEP, *where, *more]


def rows_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "tune.jsonl").read_text().splitlines()[1:]]


@pytest.fixture(scope="module")
def swept(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that was cut off in the middle of a line and resumed."""
    out = tmp_path_factory.mktemp("tune") / "out"
    make, made = TuneClips._make, []

    def until_killed(self, setting, stage, clip):
        if len(made) == 4:
            raise KeyboardInterrupt
        made.append(setting)
        return make(self, setting, stage, clip)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TuneClips, "_make", until_killed)
        assert run(words(tiny_model, out)) == 130
    with (out / "tune.jsonl").open("a") as log:
        log.write('{"setting": "refer')
    assert run(words(tiny_model, out)) == 0
    return out


def test_it_writes_record_plot_and_config(swept: Path) -> None:
    record = json.loads((swept / "tune.json").read_text())
    assert record["complete"] and (swept / "tune.png").read_bytes().startswith(b"\x89PNG")
    assert {"3 steps", "xattention tau 0.5", "bf16"} <= {row["setting"] for row in record["settings"]}
    assert record["pareto"] and set(record["pareto"]) <= {row["setting"] for row in record["settings"]}
    assert record["chosen"] in {"reference", *(row["setting"] for row in record["settings"])}


def test_a_resumed_sweep_keeps_its_clips_and_times_them_in_turns(swept: Path) -> None:
    rows = rows_of(swept)
    kept = [row for row in rows if row["run"] == 1]
    assert len(kept) == 4 and {row["run"] for row in rows} == {1, 2}
    made = [(r["setting"], r["stage"], r["clip"]) for r in rows if r["setting"] != "reference"]
    assert len(made) == len(set(made))
    turns = {(r["stage"], r["clip"], r["run"]) for r in rows}
    assert turns == {(r["stage"], r["clip"], r["run"]) for r in rows if r["setting"] == "reference"}


def test_clips_of_a_setting_have_the_seeds_of_the_reference(swept: Path) -> None:
    same = [row["psnr"] for row in rows_of(swept) if row["setting"] == "bf16"]
    assert all(30 < psnr < 100 for psnr in same)  # the same noise, rounded


def test_generate_takes_the_config(swept: Path, tmp_path: Path) -> None:
    chosen = json.loads((swept / "tune.json").read_text())["chosen"]
    out = tmp_path / "clip.mp4"
    assert run(["generate", "-c", str(swept / "best.yaml"), "seed=1", "--output", str(out)]) == 0
    record = json.loads(out.with_suffix(".json").read_text())
    assert len(record["steps"]) == (3 if "3 steps" in chosen else 5)
    assert record["dtype"] == ("bfloat16" if "bf16" in chosen else "float32")
    assert (record["attention"] is not None) == ("xattention" in chosen)
    assert record["prompt"] == "a red ball"


def test_a_finished_sweep_makes_no_clip_again(swept: Path, tiny_model: Path, capsys) -> None:
    before = rows_of(swept)
    assert run(words(tiny_model, swept)) == 0
    assert rows_of(swept) == before
    assert f"the sweep resumes: {len(before)} clips found in" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("word", ["steps=6", "seed=1", "frames=9"])
def test_a_folder_belongs_to_one_sweep(word: str, swept: Path, tiny_model: Path, capsys) -> None:
    given = [w for w in words(tiny_model, swept) if w.partition("=")[0] != word.partition("=")[0]]
    before = (swept / "tune.jsonl").read_bytes()
    assert run([*given, word]) != 0
    told = capsys.readouterr().err
    assert "belongs to another sweep" in told and "None" not in told
    assert (swept / "tune.jsonl").read_bytes() == before


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["run", "dry run"])
def test_a_folder_of_others_is_left_alone(more: list[str], tiny_model: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert run([*words(tiny_model, tmp_path), *more]) == 2
    assert "is not a folder of vidkit tune" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["num_videos=2"], "num_videos=2"),
        (["video=a.mp4"], "not from video= or last_image="),
        (["--prompts", "nowhere.txt"], "a prompt and prompts=FILE|no prompt file"),
        (["tune.attention=[haste]"], "unknown attention policy 'haste'"),
        (["tune.psnr=-3"], "tune.psnr must be in"),
        (["tune.steps=[1.5]"], "shares of the config's steps, above 0 and below 1"),
        (["tune.steps=[a]"], "'a' is not a number: tune.steps"),
        (["tune.bogus=1"], "unknown setting 'tune.bogus' for 'tune'\nhint: settings: tune.psnr"),
        (["parallel=ulysses"], "tune makes its clips in one process, and parallel=ulysses needs several"),
    ],
)
def test_bad_inputs_are_refused(more: list[str], message: str, tiny_model: Path, tmp_path, capsys) -> None:
    import re

    given = words(tiny_model, tmp_path / "out", *more)
    names = {word.partition("=")[0] for word in more if "=" in word}
    given = [w for w in given if w in more or w.partition("=")[0] not in names]
    assert run(given) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_text_model_without_a_prompt_is_refused(tiny_model: Path, tmp_path: Path, capsys) -> None:
    given = [word for word in words(tiny_model, tmp_path / "out") if word != "a red ball"]
    assert run(given) == 2
    assert "there is no prompt to tune on" in capsys.readouterr().err


def test_a_model_of_which_every_setting_is_left_out_is_refused(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("vidkit.bench.tuning.space.Checker.problem", lambda *_: "it is too old")
    words = ["tune.attention=[xattention]", "tune.caches=[]", "tune.precisions=[]"]
    assert run(["tune", "a ball", "-c", "maze_magi_demo", *words, "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert (
        "nothing can be tried with 'magi_tiny'; 4 steps: it is too old" in said
        and "hint: choose another --config" in said
    )
    assert not (tmp_path / "out").exists()


def test_references_of_a_sweep_whose_log_is_gone_are_made_again(tiny_model: Path, tmp_path: Path) -> None:
    few = ["tune.attention=[]", "tune.precisions=[]", "tune.clips=2", "tune.combinations=0"]
    changed = {word.partition("=")[0] for word in few}
    given = [w for w in words(tiny_model, tmp_path) if w.partition("=")[0] not in changed] + few
    assert run([*given, "seed=1"]) == 0
    fresh = rows_of(tmp_path)
    for clip in (0, 1):
        kept = tmp_path / "references" / f"{clip}.npy"
        np.save(kept, 255 - np.load(kept))  # another clip of the same size
    (tmp_path / "tune.jsonl").unlink()
    assert run([*given, "seed=1"]) == 0
    told = {(row["setting"], row["clip"]): row["psnr"] for row in rows_of(tmp_path)}
    assert told == {(row["setting"], row["clip"]): row["psnr"] for row in fresh}


def test_a_dry_run_plans_and_writes_nothing(tiny_model: Path, tmp_path: Path, capsys) -> None:
    assert run([*words(tiny_model, tmp_path / "out"), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "clips at most" in told and "finals" in told and "3 steps" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_killed_sweep_resumes(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = vidkit_process.start(words(tiny_model, out), heavy=True)
    log, ends = out / "tune.jsonl", time.monotonic() + 300
    while time.monotonic() < ends and process.poll() is None:
        if log.exists() and log.read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.01)
    process.kill()
    process.wait(60)
    kept = rows_of(out)
    assert len(kept) >= 3
    assert run(words(tiny_model, out)) == 0
    assert rows_of(out)[: len(kept)] == kept
