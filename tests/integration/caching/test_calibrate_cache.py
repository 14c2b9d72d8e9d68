"""`vidkit calibrate cache`: a table of magnitudes that cache=magcache takes, for any number of steps."""

import json
from pathlib import Path

import pytest

from vidkit.caching.magnitudes import Curve, Magnitudes
from vidkit.cli.main import run
from vidkit.errors import DataError


@pytest.fixture
def words(tiny_model: Path) -> list[str]:
    model = ["model.weights=pretrained", f"model.path={tiny_model}"]
    return [*model, "height=32", "width=32", "frames=13", "--device", "cpu"]


def test_a_table_is_made_and_taken_with_other_steps(words, tmp_path, capsys) -> None:
    table = tmp_path / "table.json"
    (tmp_path / "p.txt").write_text("a red ball\na green ball\n")
    prompts = f"prompts={tmp_path / 'p.txt'}"
    made = ["calibrate", "cache", *words, prompts, "prompt_count=null", "steps=8", "--output", str(table)]
    assert run(made) == 0
    found = Magnitudes.load(table)
    assert found.clips == 2 and found.steps == 8 and len(found.curve("cond").levels) == 8
    assert found.curve("cond").levels[0] == pytest.approx(1.0, abs=0.01)
    assert "branches cond" in capsys.readouterr().out
    clip = ["generate", "a red ball", *words, "image=null", "steps=12", "--output", str(tmp_path / "x.mp4")]
    assert run([*clip, "cache=magcache", f"cache.table={table}", "cache.threshold=1"]) == 0
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["cache"]["decisions"]["skip"] > 0
    assert run(made) == 0  # its own file may be made again
    table.write_text("{}")
    assert run(made) != 0  # that of others may not


def test_ratios_between_levels_multiply_and_are_interpolated() -> None:
    curve = Curve((1.0, 0.5, 0.1), (0.0, 0.2, -0.4))
    assert curve.ratio(0.5, 1.0) * curve.ratio(0.1, 0.5) == pytest.approx(curve.ratio(0.1, 1.0))
    assert curve.at(0.75) == pytest.approx(0.1) and curve.at(2.0) == 0.0 and curve.at(0.0) == -0.4


@pytest.mark.parametrize("text", ["{}", "[1]", "not json", '{"format": "other"}'])
def test_other_files_are_refused(text, tmp_path) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(DataError, match="no table of magnitudes"):
        Magnitudes.load(tmp_path / "t.json")
