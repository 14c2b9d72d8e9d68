"""`vidkit bench caching` as a whole on a tiny model: rows, differences, resuming, the clock."""

import json
from pathlib import Path

import pytest

from vidkit.cli.main import run

METHODS = "fewer_steps,interval,motioncache,change,tokens,random,oracle"


@pytest.fixture(scope="module")
def made(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("bench")
    words = ["bench", "caching", f"model_path={tiny_model}", "clips=2", "tune_clips=1", "batch=2"]
    words += ["search=false", "sets=[extras]"]
    words += ["steps=[10]", "targets=[0.7]", f"methods=[{METHODS}]", "sections=[quality,clock]"]
    words += ["clock_shapes=[tiny]", "clock_shares=[0.25]", "--device", "cpu", "--output", str(folder)]
    assert run(words) == 0
    return folder, words


def record_in(folder: Path) -> dict:
    return json.loads((folder / "caching.json").read_text())


def test_every_method_has_a_row_beside_the_uncached_one(made) -> None:
    record = record_in(made[0])
    assert record["complete"] and (made[0] / "caching.png").stat().st_size > 10_000
    rows = {(row["set"], row["method"]): row for row in record["rows"]}
    assert {method for _, method in rows} == {"uncached", *METHODS.split(",")}
    for (kind, method), row in rows.items():
        assert kind == "extras" and row["clips"] == 2 and row["area"] is not None
        if method == "uncached":
            assert row["flops_share"] == 1 and row["psnr"] is None
            continue
        assert row["flops_share"] <= 0.7 + 0.012, method
        assert row["psnr"]["count"] == 2 and 0 < row["psnr"]["mean"] <= 100
        assert (row["over"].get("fewer_steps") is None) == (method == "fewer_steps")
    assert [row["set"] for row in record["headroom"]] == ["extras"]


def test_rankers_have_the_settings_that_were_tuned_for_ours(made) -> None:
    tuned = {row["method"]: row["settings"] for row in record_in(made[0])["tuned"]}
    assert tuned["random"] == tuned["oracle"] == tuned["tokens"]
    assert 0 < tuned["tokens"]["share"] < 1 and tuned["tokens"]["full"] <= tuned["change"]["full"] <= 0.7


def test_the_clock_tells_partial_forwards_from_whole_ones(made) -> None:
    record = record_in(made[0])
    rows = {row["kind"]: row for row in record["clock"]}
    assert set(rows) == {"plain", "full", "tokens", "skip"}
    assert rows["full"]["flops_gain"] == 1 and rows["tokens"]["flops_gain"] > 1
    assert rows["tokens"]["state_bytes"] > 0
    assert record["clock_loops"][0]["flops_gain"] > 1


def test_a_second_run_takes_everything_from_the_log(made, capsys) -> None:
    folder, words = made
    before = record_in(folder)["rows"]
    log = (folder / "work" / "rows.jsonl").read_text()
    assert run([word for word in words if not word.startswith("sections")]) == 0
    assert (folder / "work" / "rows.jsonl").read_text() == log
    assert record_in(folder)["rows"] == before


def test_a_dry_run_names_every_part(capsys) -> None:
    assert run(["bench", "caching", "--dry-run", "methods=[interval,change]", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "uncached, N=20" in out and "change, N=20" in out


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("targets=[0]", "targets must be in (0, 1]"),
        ("steps=[4]", "caching needs 8 or more steps"),
        ("methods=[]", "is empty"),
        ("clock_shares=[1.5]", "clock_shares must be between 0 and 1"),
    ],
)
def test_bad_settings_are_refused(word, text, capsys) -> None:
    assert run(["bench", "caching", "--dry-run", word]) == 2
    assert text in capsys.readouterr().err
