"""`vidkit calibrate cache`: a table of magnitudes that cache=magcache takes, for any number of steps."""

import json
from pathlib import Path

import numpy as np
import pytest

from vidkit.caching.magnitudes import Curve, Magnitudes
from vidkit.caching.velocity_table import SHIPPED, load_velocities
from vidkit.cli.main import run
from vidkit.config.cache_schema import CacheSettings
from vidkit.errors import ConfigError, DataError
from vidkit.generation.cached import prepare_cache
from vidkit.generation.folder import embedded_folder
from vidkit.utils.fingerprint import weights_fingerprint


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
    assert found.velocities is not None and found.weights is not None
    assert np.linalg.eigvalsh(np.asarray(found.velocities.products)).min() > -1e-4
    clip = ["generate", "a red ball", *words, "image=null", "steps=12", "--output", str(tmp_path / "x.mp4")]
    assert run([*clip, "cache=magcache", f"cache.table={table}", "cache.threshold=1"]) == 0
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["cache"]["decisions"]["skip"] > 0
    assert run([*clip, "cache=change", f"cache.table={table}", "cache.full=0.5"]) == 0
    placed = json.loads((tmp_path / "x.json").read_text())["cache"]
    assert placed["decisions"] == {"full": 6, "skip": 6} and placed["policy"]["table"] == str(table)
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
    with pytest.raises(DataError, match="not a table of magnitudes"):
        Magnitudes.load(tmp_path / "t.json")


def test_the_table_that_ships_belongs_to_the_embedded_model_and_is_found_for_it() -> None:
    table = Magnitudes.load(SHIPPED)
    assert table.weights == weights_fingerprint(embedded_folder() / "transformer"), (
        "make a new one: vidkit calibrate cache frames=13 prompt_count=2 -o vidkit/caching/tables/maze.json"
    )
    found = prepare_cache(CacheSettings("magcache"), embedded_folder())
    assert found.policy is not None and found.settings.settings["table"] == str(SHIPPED)
    with pytest.raises(ConfigError, match="no table of magnitudes was given"):
        prepare_cache(CacheSettings("magcache"), None)


@pytest.mark.parametrize(
    ("velocities", "said"),
    [
        (None, "velocities"),
        ({"levels": [1, 0.5], "products": [[1, 0], [0, 1]]}, "three noise levels"),
        ({"levels": [0.1, 0.5, 0.9], "products": [[1] * 3] * 3}, "falling"),
        ({"levels": [0.9, 0.5, 0.1], "products": [[1] * 2] * 3}, "3 x 3 products"),
    ],
)
def test_tables_without_velocities_are_refused_with_what_to_do(velocities, said, tmp_path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({} if velocities is None else {"velocities": velocities}))
    with pytest.raises(DataError, match=said) as caught:
        load_velocities(str(tmp_path / "t.json"))
    assert "vidkit calibrate cache" in str(caught.value.hint)
    with pytest.raises(DataError, match="no table at"):
        load_velocities(str(tmp_path / "missing.json"))
