"""scripts/make_tables.py calibrates what `vidkit calibrate` would."""

import dataclasses
from pathlib import Path

import pytest

from scripts.make_tables import settings_of
from vidkit.attention import ThresholdTable
from vidkit.attention.shipped import FOLDER
from vidkit.config.compose import compose


@pytest.mark.parametrize("predictor", ["xattention", "svg2"])
def test_the_script_reads_the_settings_that_hydra_would(predictor, tmp_path: Path):
    made = settings_of(predictor, "cpu", tmp_path)
    wanted = compose("calibrate", "maze", [f"attention={predictor}", "device=cpu"])
    assert made.output == str(FOLDER / f"maze-{predictor}.json") and made.work == str(tmp_path / predictor)
    assert dataclasses.replace(made, output=None, work=None) == wanted


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_shipped_tables_are_for_the_masks_of_the_demo(path: Path):
    from vidkit.attention import build_policy

    table = ThresholdTable.load(path)
    settings = compose("generate", "maze_demo", [f"attention=haste_{path.stem.partition('-')[2]}"]).attention
    policy = build_policy(settings, "maze", table.meta["fingerprint"])
    assert policy.table == table and policy.note is None
    assert policy.thresholds(12, 4).values.shape == (12, 4)
    assert policy.reuse.describe()["delta"] == table.meta["delta"]
    assert table.meta["denoising_steps"] == 5 and table.meta["dense_steps"] == settings.dense_steps
