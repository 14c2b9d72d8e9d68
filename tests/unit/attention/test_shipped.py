"""`attention.table=auto`: the table of an embedded model where it fits, and a word where it does not."""

import pytest

from vidkit.attention import ThresholdTable, build_policy, preset, shipped
from vidkit.attention.policy import as_policy
from vidkit.attention.predictors import make_predictor
from vidkit.attention.presets import embedded_masks
from vidkit.config.attention_schema import AttentionSettings, Predictor, Reuse
from vidkit.config.catalog import builtin_dir
from vidkit.config.compose import compose
from vidkit.utils.fingerprint import PIECE, weights_fingerprint


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    predictor = make_predictor("xattention", block_q=48, block_k=48, stride=12)
    zeros = [[[0.0, 0.0]] * 2]
    made = ThresholdTable(
        "maze",
        predictor.describe(),
        [0.5, 0.9],
        0,
        0,
        0,
        [[0.5, 0.9]],
        zeros,
        zeros,
        {"fingerprint": "abc", "shared_tau": 0.9, "delta": 12.5},
    )
    made.save(tmp_path / "maze-xattention.json")
    return made


def settings(**changes):
    values = {"predictor": Predictor.XATTENTION, "block_q": 48, "block_k": 48, "stride": 12, "table": "auto"}
    return AttentionSettings(**{**values, "reuse": Reuse.TMR, **changes})


def test_the_table_that_fits_is_used_with_its_delta(table):
    policy = build_policy(settings(), "maze", "abc")
    assert policy.table == table and policy.note is None
    assert policy.describe()["table"] == "maze-xattention.json (ships with vidkit)"
    assert policy.reuse.delta == 12.5
    assert build_policy(settings(delta=3.0), "maze", "abc").reuse.delta == 3.0
    assert policy.thresholds(1, 2).values.tolist()[0] == pytest.approx([0.5, 0.9])


@pytest.mark.parametrize(
    ("changes", "model", "weights", "note"),
    [
        ({}, "maze", "def", "calibrated on other weights (abc, these are def)"),
        ({}, "maze", None, "calibrated on other weights (abc, these are not known)"),
        ({"block_q": 96}, "maze", "abc", "other masks (block_q=96, there 48)"),
        ({"tau": 0.8}, "maze", "abc", "tau=0.8 was asked for"),
        ({}, "wan1_3b", "abc", None),
        ({}, "maze (random weights)", "abc", None),
        ({}, None, None, None),
    ],
    ids=["weights", "unknown weights", "masks", "tau", "model", "random", "no model"],
)
def test_elsewhere_every_head_takes_tau_and_the_user_is_told(table, changes, model, weights, note):
    policy = build_policy(settings(**changes), model, weights)
    assert policy.table is None and policy.reuse.delta == 30.0 and policy.describe()["table"] is None
    assert policy.note is None if note is None else note in policy.note


def test_a_given_table_of_other_weights_is_used_with_a_warning(table, tmp_path):
    path = str(tmp_path / "maze-xattention.json")
    policy = build_policy(settings(table=path), "maze", "def")
    assert policy.table == table and "calibrated on other weights (abc, these are def)" in policy.note
    assert build_policy(settings(table=path), "maze", "abc").note is None
    assert build_policy(settings(table=path), "maze").note is None


def test_in_code_the_user_is_told_as_well(table, caplog):
    assert as_policy(settings(), "maze").table is None
    assert "is not used: it was calibrated on other weights (abc, these are not known)" in caplog.text


def test_presets_ask_for_the_models_own_table():
    assert preset("haste_xattention").table == preset("haste_svg2").table == "auto"
    assert "delta" not in preset("haste_svg2").settings and preset("xattention").table is None


def test_a_fingerprint_tells_weights_apart(tmp_path):
    assert weights_fingerprint(tmp_path) is None
    path = tmp_path / "model.safetensors"
    data = bytearray(3 * PIECE + 7)
    path.write_bytes(data)
    before = weights_fingerprint(tmp_path)
    assert before == weights_fingerprint(tmp_path) and len(before) == 16
    for place in (0, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[place] = 1
        path.write_bytes(changed)
        assert weights_fingerprint(tmp_path) != before
    path.write_bytes(data)
    (tmp_path / "model-2.safetensors").write_bytes(b"x")
    assert weights_fingerprint(tmp_path) != before


@pytest.mark.parametrize(("predictor", "blocks"), [("svg2", 16), ("xattention", 48), ("pooled_mean", 48)])
def test_cluster_block_is_svg2s_alone(predictor, blocks):
    made = AttentionSettings(predictor=predictor, block_q=48, block_k=48, stride=12, cluster_block=16)
    described = build_policy(made, "maze").predictor.describe()
    assert described["block_q"] == described["block_k"] == blocks


def test_masks_of_the_embedded_model_are_stated_once():
    masks = embedded_masks()
    assert {"block_q", "stride", "cluster_block", "query_clusters", "always_keep"} <= set(masks)
    for command, config in (("generate", "maze_demo"), ("calibrate", "maze")):
        file = builtin_dir() / command / f"{config}.yaml"
        assert not [name for name in masks if f"{name}:" in file.read_text(encoding="utf-8")]
        attention = compose(command, config, ["attention=svg2"]).attention
        assert {name: getattr(attention, name) for name in masks} == masks
    compared = compose("bench attention-quality", "default")
    assert compared.block is None and compared.always_keep is None  # those of the demo
