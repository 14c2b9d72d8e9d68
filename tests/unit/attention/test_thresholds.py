import json

import pytest
import torch

from vidkit.attention import ThresholdTable, build_policy, preset, solve_budget
from vidkit.attention.ebc import allocate, lagrangian
from vidkit.attention.policy import as_policy
from vidkit.attention.thresholds import Thresholds
from vidkit.config.attention_schema import AttentionSettings, ExecutorName, Keep, Predictor, Reuse
from vidkit.errors import ConfigError, DataError


def instance(L=6, H=4, K=3, seed=0):
    """Errors fall and densities rise with tau, as measured ones do."""
    g = torch.Generator().manual_seed(seed)
    E = torch.rand(L, H, K, generator=g).exp().cumsum(-1).flip(-1) * 1e-6
    S = torch.rand(L, H, K, generator=g).sort(-1, descending=True).values
    return E, S


def brute_force(E, S, least):
    n, K = E.flatten(0, 1).shape
    choices = torch.cartesian_prod(*[torch.arange(K)] * n)
    e = E.flatten(0, 1).gather(1, choices.T).sum(0)
    s = S.flatten(0, 1).gather(1, choices.T).mean(0)
    return float(e[s >= least - 1e-12].min())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("least", [0.2, 0.4, 0.5])
def test_milp_is_optimal(seed, least):
    E, S = instance(2, 4, seed=seed)
    found = allocate(E, S, least, "milp")
    assert found.objective == pytest.approx(brute_force(E, S, least), rel=1e-5)
    assert found.sparsity >= least - 1e-12 and found.solver == "milp"


@pytest.mark.parametrize("seed", range(4))
def test_lagrangian_meets_the_budget_and_is_close(seed):
    E, S = instance(30, 12, seed=seed)
    exact, quick = allocate(E, S, 0.5, "milp"), allocate(E, S, 0.5, "lagrangian")
    assert quick.sparsity >= 0.5 - 1e-12
    assert exact.objective <= quick.objective * (1 + 1e-5) <= exact.objective * 1.01


def test_budget_zero_takes_the_least_error_and_the_top_budget_the_sparsest():
    E, S = instance()
    assert torch.equal(solve_budget(E, S, 0.0), E.argmin(-1))
    top = float(S.double().max(-1).values.mean())
    choice = solve_budget(E, S, top)
    assert torch.equal(S.gather(-1, choice[..., None]).squeeze(-1), S.max(-1).values)


def test_one_candidate_and_equal_candidates():
    assert solve_budget(torch.ones(2, 3, 1), torch.full((2, 3, 1), 0.5), 0.5).tolist() == [[0] * 3] * 2
    same = allocate(torch.zeros(2, 2, 3), torch.full((2, 2, 3), 0.5), 0.5, "lagrangian")
    assert same.objective == 0 and same.gap == 0


def test_lagrangian_reports_an_honest_gap():
    E, S = (x.double().flatten(0, 1).numpy() for x in instance(2, 4))
    choice, gap = lagrangian(E, S, 0.5)
    value = float(E[range(8), choice].sum())
    assert (value - brute_force(*instance(2, 4), 0.5)) / value <= gap + 1e-9


@pytest.mark.parametrize("as_given", [lambda x: x.numpy(), lambda x: x.tolist(), lambda x: x.double()])
def test_arrays_and_lists_are_tensors_to_the_budget(as_given):
    E, S = instance()
    assert torch.equal(solve_budget(as_given(E), as_given(S), 0.4), solve_budget(E, S, 0.4))
    with pytest.raises(DataError, match="of one shape"):
        solve_budget(as_given(E[0]), as_given(S[0]), 0.4)
    for bad in ("x", [[1.0], [1.0, 2.0]], [[["a"]]], None):
        with pytest.raises(DataError):
            solve_budget(bad, as_given(S), 0.4)


def test_infeasible_budget_and_bad_arrays():
    E, S = instance()
    with pytest.raises(ConfigError, match=r"sparsity of 0\.9900; the maximum is"):
        solve_budget(E, S, 0.99)
    with pytest.raises(DataError, match="of one shape"):
        solve_budget(E, S[:1], 0.5)
    E[0, 0, 0] = float("nan")
    with pytest.raises(DataError, match="not finite"):
        solve_budget(E, S, 0.5)


def table(**changes):
    E, S = instance(3, 2)
    values = {
        "model": "maze",
        "predictor": {"name": "xattention", "block_q": 16, "block_k": 16, "stride": 4},
        "candidates": [0.85, 0.9, 0.95],
        "budget": 0.3,
        "achieved_sparsity": 0.31,
        "objective": 1.0,
        "tau": [[0.85, 0.9]] * 3,
        "E": E.tolist(),
        "S": S.tolist(),
        "meta": {"seed": 3, "delta": 7.5},
    }
    return ThresholdTable(**{**values, **changes})


def test_table_round_trip(tmp_path):
    path = tmp_path / "deep" / "table.json"
    table().save(path)
    again = ThresholdTable.load(path)
    assert again == table() and again.tensor().shape == (3, 2)
    row = json.loads(path.read_text())
    assert row["format"] == 1 and row["seed"] == 3 and "meta" not in row
    assert [p.name for p in path.parent.iterdir()] == ["table.json"]


def test_stored_errors_solve_another_budget(tmp_path):
    table().save(tmp_path / "t.json")
    again = ThresholdTable.load(tmp_path / "t.json")
    choice = solve_budget(torch.tensor(again.E), torch.tensor(again.S), 0.4)
    assert choice.shape == (3, 2)


def test_damaged_table_files_are_named(tmp_path):
    path = tmp_path / "t.json"
    table().save(path)
    text = path.read_text()
    cases = {
        text[: len(text) // 2]: r"t\.json, line \d+: not a whole table",
        "[]": "holds a JSON object",
        text.replace('"format": 1', '"format": 7'): "table format 7",
        json.dumps({**json.loads(text), "tau": [[0.9]]}): "shapes do not agree",
        json.dumps({**json.loads(text), "tau": [[1.9, 0.9]] * 3}): r"outside \(0, 1\]",
        json.dumps({**json.loads(text), "tau": [[0.9], [0.9, 0.9]]}): "not a rectangular array",
        json.dumps({k: v for k, v in json.loads(text).items() if k != "E"}): "field 'E' is missing",
    }
    for damaged, message in cases.items():
        path.write_text(damaged)
        with pytest.raises(DataError, match=message):
            ThresholdTable.load(path)
    with pytest.raises(DataError, match="no table file"):
        ThresholdTable.load(tmp_path / "none.json")


JOINT = {"joint": 0.1, "predicted": 0.1, "shared": 0.1, "sparsity": 0.5, "shared_sparsity": 0.5, "runs": 1}
FIELDS = {
    "model": [None, 3, ["maze"]],
    "predictor": [None, "xattention", [], {}, {"name": 3}],
    "candidates": [None, 0.9, "0.9", [0.85, "0.9", 0.95], [0.0, 0.9, 0.95], [True, 0.9, 0.95]],
    "budget": [None, "0.3", -0.1, 1.5, float("nan")],
    "delta": ["7.5", [7.5], True, float("nan"), -7.5, float("inf")],
    "delta_reuse": [-0.1, 1.1],
    "target_reuse": [-0.1, "0.5"],
    "shared_tau": ["0.9", {}, -0.9, 0, 1.5],
    "shared_tau_objective": [-1e-6, True],
    "shared_tau_sparsity": [-0.1, 2],
    "calibration_seconds": ["1", [], -1],
    "gap": [-0.1, "x"],
    "achieved_sparsity": [-0.1, 1.1, "x"],
    "objective": [-1e-6, [1]],
    "steps": [0, -1, "5"],
    "dense_steps": [-1],
    "frames": [0],
    "joint": [
        "0.1",
        {},
        {"joint": 0.1},
        {**JOINT, "joint": -0.1},
        {**JOINT, "sparsity": 1.2},
        {**JOINT, "predicted": float("nan")},
        {**JOINT, "runs": 0},
    ],
    "E": [None, 3, "x", [None], [[[]]], [[[-1.0] * 3] * 2] * 3, [[[float("nan")] * 3] * 2] * 3],
    "S": [None, {}, [], [[[-0.1] * 3] * 2] * 3, [[[1.1] * 3] * 2] * 3],
    "tau": [None, {}, "x", [[float("nan"), 0.9]] * 3, [[]], [[-0.9, 0.9]] * 3, [[0.0, 0.9]] * 3],
}


@pytest.mark.parametrize(("name", "value"), [(name, v) for name, row in FIELDS.items() for v in row])
def test_a_field_of_another_kind_is_refused_when_the_file_is_read(name, value, tmp_path):
    path = tmp_path / "t.json"
    table().save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(DataError) as caught:
        ThresholdTable.load(path)
    assert caught.value.message.startswith(f"{path}: ")
    if name not in ("E", "S", "tau"):
        assert f"field '{name}' is {value!r:.60}, not " in caught.value.message


def test_a_folder_is_no_table_file(tmp_path):
    with pytest.raises(DataError, match=f"table file {tmp_path} cannot be read: Is a directory"):
        ThresholdTable.load(tmp_path)


def settings(path, **changes):
    return AttentionSettings(
        **{
            "predictor": Predictor.XATTENTION,
            "block_q": 16,
            "block_k": 16,
            "stride": 4,
            "table": str(path),
            **changes,
        }
    )


def test_table_of_something_else_is_refused_naming_both(tmp_path):
    path = tmp_path / "t.json"
    table().save(path)
    good = build_policy(settings(path), model="maze")
    assert torch.equal(good.thresholds(3, 2).values, table().tensor())
    for policy, size, message in (
        (build_policy(settings(path), model="wan"), (3, 2), "made for model 'maze', this is 'wan'"),
        (build_policy(settings(path, stride=8)), (3, 2), "'stride': 4.*'stride': 8"),
        (build_policy(settings(path, predictor=Predictor.SVG2)), (3, 2), "'xattention'.*'svg2'"),
        (build_policy(settings(path)), (30, 12), "3 layers x 2 heads, the model 30 x 12"),
    ):
        with pytest.raises(ConfigError, match=message):
            policy.thresholds(*size)
    with pytest.raises(ConfigError, match="needs a predictor"):
        build_policy(AttentionSettings(table=str(path)))


def test_tmr_auto_takes_the_tables_delta(tmp_path):
    path = tmp_path / "t.json"
    table().save(path)
    assert build_policy(settings(path, reuse=Reuse.TMR_AUTO)).reuse.describe()["delta"] == 7.5
    table(meta={}).save(path)
    with pytest.raises(ConfigError, match="calibrated delta"):
        build_policy(settings(path, reuse=Reuse.TMR_AUTO))


def test_thresholds_know_dense_layers():
    thresholds = Thresholds(torch.tensor([[1.0, 1.0], [1.0, 0.9]]), 2, 2)
    assert thresholds.all_dense(0) and not thresholds.all_dense(1)
    assert thresholds.tau(1, 3, torch.device("cpu")).shape == (3, 2)
    with pytest.raises(ConfigError, match="do not fit"):
        Thresholds(torch.ones(2, 2), 3, 2)
    with pytest.raises(ConfigError, match=r"\(0, 1\]"):
        Thresholds(1.2, 2, 2)


@pytest.mark.parametrize("name", ["dense", "xattention", "svg2", "haste_xattention", "haste-svg2", "svg1"])
def test_presets(name):
    policy = as_policy(name)
    assert (policy.predictor is None) == (name == "dense")
    if name.startswith("haste"):
        assert policy.reuse.name == "tmr" and policy.dense_steps == 5
        assert policy.reuse.describe()["delta"] == (8.0 if "svg2" in name else 30.0)


def test_unknown_preset_and_bad_settings():
    with pytest.raises(ConfigError, match="unknown attention policy 'haste'"):
        preset("haste")
    with pytest.raises(ValueError, match="tau"):
        AttentionSettings(tau=0.0)
    with pytest.raises(ValueError, match="dense_steps"):
        AttentionSettings(dense_steps=-1)
    for name in ("predictor", "reuse", "executor"):
        with pytest.raises(ValueError, match=f"unknown {name}.* 'none', choose from: "):
            AttentionSettings(**{name: "none"})
    with pytest.raises(ValueError, match="unknown keep 'edges', choose from: first_frame, sink, diag"):
        AttentionSettings(always_keep=["edges"])


def test_settings_in_code_take_names():
    made = AttentionSettings(
        predictor="pooled-mean", reuse="tmr-relative", executor="gather", always_keep=["first_frame"]
    )
    assert made == AttentionSettings(
        Predictor.POOLED_MEAN,
        reuse=Reuse.TMR_RELATIVE,
        executor=ExecutorName.GATHER,
        always_keep=[Keep.FIRST_FRAME],
    )
    policy = build_policy(made)
    assert policy.predictor.describe()["always_keep"] == ["first_frame"]
    assert policy.reuse.name == "tmr_relative" and policy.executor.name == "gather"
