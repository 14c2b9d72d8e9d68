"""Two runs of VR-Bench are compared level by level, with paired intervals."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vidkit.cli.main import app
from vidkit.errors import DataError
from vidkit.evaluation.comparing import compare
from vidkit.evaluation.tasks.vr_bench.comparing import comparable_attempts, compared_results, is_result

LEVELS = 40


def attempt(level: int, success: bool, sample: str = "0") -> dict[str, Any]:
    ours = {"success": float(success), "em": 0.0, "sr_end": 1.0, "legal": None, "pr": 0.5, "sd": None}
    return {
        "level": f"regular/1/easy_{level:04d}",
        "sample": sample,
        "type": "regular",
        "robust": {**ours, "mf": 1.0, "tracked_ratio": 1.0},
        "official": None,
    }


def write_result(path: Path, rows: list[dict[str, Any]], **more: object) -> str:
    found = {"benchmark": "vr-bench", "kind": "videos", "model": path.stem, "mode": "robust", **more}
    path.write_text(json.dumps({**found, "items": rows}))
    return str(path)


def test_a_difference_is_paired_over_levels(tmp_path: Path) -> None:
    a = write_result(tmp_path / "a.json", [attempt(n, n % 4 != 0) for n in range(LEVELS)])
    b = write_result(tmp_path / "b.json", [attempt(n, n % 4 == 1) for n in range(LEVELS)])
    described, sides = compared_results([a, b])
    assert described["A"]["model"] == "a"
    found = compare(*sides, resamples=300)
    success = found["metrics"]["success"]
    assert (success["a"], success["b"], success["difference"]) == (75, 25, 50)
    assert success["better"] == "A"
    low, high = success["interval"]
    assert 30 < low < 50 < high < 70
    assert found["disagreements"]["solved"] == {"items": LEVELS, "only_a": 20, "only_b": 0}
    assert "sd" not in found["metrics"], "no attempt arrived with a step deviation"


def test_equal_runs_do_not_differ_and_more_attempts_pair_with_one() -> None:
    one = [attempt(n, n % 2 == 0) for n in range(LEVELS)]
    four = [attempt(n, n % 2 == 0, str(k)) for n in range(LEVELS) for k in range(4)]
    found = compare(comparable_attempts(one), comparable_attempts(four), resamples=100)
    assert found["metrics"]["success"]["difference"] == 0
    assert found["metrics"]["success"]["better"] == ""


def test_results_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    rows = [attempt(n, True) for n in range(4)]
    a = write_result(tmp_path / "a.json", rows)
    for text, said in (
        ("{", "is not JSON"),
        ('{"benchmark": "v-star"}', "is not a result of vr-bench"),
        ('{"benchmark": "vr-bench", "items": []}', "does not hold the attempts"),
        (Path(a).read_text(), "A and B are the same result"),
    ):
        (tmp_path / "b.json").write_text(text)
        with pytest.raises(DataError, match=said):
            compared_results([a, str(tmp_path / "b.json")])
    with pytest.raises(DataError, match="cannot read"):
        compared_results([a, str(tmp_path)])
    other = write_result(tmp_path / "c.json", rows[:3])
    with pytest.raises(DataError, match="1 are in only one of them, first 'regular/1/easy_0003'"):
        compare(*compared_results([a, other])[1], resamples=10)
    assert is_result(a)
    assert not is_result("replies.jsonl")


def test_the_command_compares_two_results_without_data(tmp_path: Path) -> None:
    a = write_result(tmp_path / "a.json", [attempt(n, True) for n in range(LEVELS)])
    b = write_result(tmp_path / "b.json", [attempt(n, n % 2 == 0) for n in range(LEVELS)])
    words = ["eval", "vr-bench", "--compare", a, b, "--json", str(tmp_path / "out.json"), "resamples=100"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "A against B" in done.output
    assert json.loads((tmp_path / "out.json").read_text())["metrics"]["success"]["difference"] == 50
    mixed = CliRunner().invoke(app, ["eval", "vr-bench", "--compare", a, "replies.jsonl"])
    assert mixed.exit_code != 0
    assert "are a result and replies" in str(mixed.exception)
    idle = CliRunner().invoke(app, ["eval", "vr-bench", "--compare", a, b, "benchmark.tracker=ncc"])
    assert "benchmark.tracker would have no effect here" in str(idle.exception)
    both = CliRunner().invoke(app, ["eval", "vr-bench", "--compare", a, b, "--predictions", "x.jsonl"])
    assert "cannot be used together" in str(both.exception)
