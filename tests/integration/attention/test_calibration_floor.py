"""The rounding floor of a calibration: found in bf16, negligible in fp32, told where it hides the errors."""

import json
import logging

import pytest
import torch
from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel

from vidkit.attention import ThresholdTable
from vidkit.attention.calibration import (
    CalibrationPlan,
    Calibrator,
    Snapshot,
    assign_prompts,
    calibrate,
    capture_snapshots,
    floor_of,
    make_table,
)
from vidkit.attention.calibration.calibrator import Measurements
from vidkit.attention.calibration.floor import above_floor, nudged, warn_at_floor
from vidkit.attention.calibration.probe_log import FLOOR
from vidkit.attention.predictors import make_predictor
from vidkit.attention.shipped import FOLDER
from vidkit.cli.main import run as command
from vidkit.commands.calibrate.report import summary_lines, summary_of
from vidkit.errors import DataError
from vidkit.generation.folder import embedded_folder

# deep enough that flipped last bits spread as far as they can; the masks leave out little
LAYERS, HEADS, TAUS = 16, 2, [0.85, 0.9, 0.95]
SIZE = {
    "num_attention_heads": HEADS,
    "attention_head_dim": 24,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
}


def make(dtype=torch.float32, layers=LAYERS):
    torch.manual_seed(0)
    return WanTransformer3DModel(**SIZE, num_layers=layers).eval().requires_grad_(False).to(dtype)


def predictor():
    return make_predictor("xattention", block_q=16, block_k=16, stride=4)


def inputs(prompt, step, dtype=torch.float32):
    g = torch.Generator().manual_seed(10 * prompt + step)
    return {
        "hidden_states": torch.randn(1, 4, 3, 12, 12, generator=g).to(dtype),
        "timestep": torch.tensor([900.0 - 100 * step]),
        "encoder_hidden_states": torch.randn(1, 6, 16, generator=g).to(dtype),
    }


def small(path, layers=2, taus=(0.5, 0.7)):
    shots = [Snapshot(prompt, step, inputs(prompt, step)) for prompt in (0, 1) for step in (1, 3)]
    assignment = assign_prompts(layers, HEADS, 2)
    return Calibrator(make(layers=layers), predictor(), list(taus), shots, assignment, path)


def calibrated(dtype, work):
    model = make(dtype)

    def generate(prompt):
        for step in range(2):
            with model.cache_context("cond"):
                model(**inputs(prompt, step, dtype))
        model._reset_stateful_cache()

    plan = CalibrationPlan(
        candidates=TAUS, prompts=["a", "b"], steps=2, dense_steps=1, intervals=1, target_reuse=None
    )
    meta = {"dtype": str(dtype).removeprefix("torch.")}
    return calibrate(model, generate, predictor(), plan, "random", work, meta)


def test_bf16_has_a_floor_that_hides_the_heads_and_fp32_has_not(tmp_path, caplog):
    tables = {dtype: calibrated(dtype, tmp_path / str(dtype)) for dtype in (torch.float32, torch.bfloat16)}
    exact, rough = (tables[dtype].meta["floor"] for dtype in (torch.float32, torch.bfloat16))
    assert len(exact["layers"]) == len(rough["layers"]) == LAYERS
    assert 0 < max(exact["layers"]) < 1e-12 and min(rough["layers"]) > 1e-7
    assert exact["heads_at_floor"] == 0 and exact["heads"] > LAYERS
    assert 2 * rough["heads_at_floor"] > rough["heads"]

    told = [r.message for r in caplog.records if "rounding alone" in r.message]
    assert len(told) == 1  # of two calibrations
    assert told[0].startswith(f"{rough['heads_at_floor']} of {rough['heads']} heads lose about as much")
    assert "with dtype=fp32, or at steps or thresholds where errors are larger" in told[0]

    # most of what bf16 predicts is rounding, nothing of what fp32 predicts
    joint = tables[torch.bfloat16].meta["joint"]
    assert 0 <= joint["above_floor"] < 0.5 * joint["predicted"]
    joint = tables[torch.float32].meta["joint"]
    assert joint["above_floor"] == pytest.approx(joint["predicted"], rel=1e-4)
    lines = summary_lines(summary_of(tables[torch.bfloat16], tmp_path / "t.json"))
    assert (
        f"floor   {rough['median']:.2g} from a change of one unit in the last place;"
        f" {rough['heads_at_floor']} of {rough['heads']} heads lie below twice their layer's floor"
        " at every threshold"
    ) in lines
    assert any("above the floor); tau 0.9 on every head" in line for line in lines)


def test_fp32_on_the_embedded_model_has_no_floor_to_speak_of(tmp_path):
    model = SkyReelsV2Transformer3DModel.from_pretrained(
        embedded_folder() / "transformer", local_files_only=True, torch_dtype=torch.float32
    ).eval()
    config, g = model.config, torch.Generator().manual_seed(0)
    noise = {  # the first step of a clip: noise, whatever is asked for
        "hidden_states": torch.randn(1, config.in_channels, 16, 12, 12, generator=g),
        "timestep": torch.tensor([1000]),
        "encoder_hidden_states": 0.1 * torch.randn(1, 20, config.text_dim, generator=g),
    }
    shots = capture_snapshots(model, lambda _: model(**noise), [0], [0])
    heads, masks = config.num_attention_heads, make_predictor("xattention", block_q=48, block_k=48, stride=12)
    probes = Calibrator(
        model, masks, [0.9], shots, assign_prompts(config.num_layers, heads, 1), tmp_path / "log"
    )
    last = config.num_layers - 1
    wanted = [key for key in probes.wanted() if key[2] in (0, last)]
    found = list(probes._probe(wanted))
    for layer in (0, last):
        floor = next(p.error for p in found if p.layer == layer and p.candidate == FLOOR)
        sparse = [p.error for p in found if p.layer == layer and p.candidate != FLOOR and p.sparsity > 0]
        assert sparse and 0 < floor < 1e-5 * min(sparse)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_nudge_is_a_unit_or_two_in_the_last_place_and_repeats(dtype):
    x = torch.randn(2, 500, 8, generator=torch.Generator().manual_seed(0)).to(dtype)
    y = nudged(x, 7)
    step = (y.double() - x.double()).abs() / x.double().abs()
    eps = torch.finfo(dtype).eps
    assert y.dtype == dtype and y.shape == x.shape
    assert eps / 2 <= float(step.min()) and float(step.max()) <= 2 * eps
    assert 0.45 < float((y > x).double().mean()) < 0.55
    assert torch.equal(nudged(x, 7), y) and not torch.equal(nudged(x, 8), y)
    assert not nudged(torch.zeros(3, dtype=dtype), 0).any()


def test_one_more_probe_a_layer_and_step(tmp_path):
    run = small(tmp_path / "log", layers=3)
    keys = run.wanted()
    floor = [key for key in keys if key[4] == FLOOR]
    assert sorted((key[2], key[1]) for key in floor) == [(n, step) for n in range(3) for step in (1, 3)]
    assert all(run.assignment[layer][head] == prompt for prompt, _, layer, head, _ in floor)
    assert len(floor) * HEADS * 2 == len(keys) - len(floor)  # 1 / (heads x thresholds) more
    for layer in range(3):  # another head at the other step
        assert len({head for _, _, n, head, _ in floor if n == layer}) == HEADS


def test_logs_without_floor_and_logs_cut_at_it_go_on(tmp_path):
    path = tmp_path / "log"
    whole = small(path).run()
    lines = path.read_text().splitlines(keepends=True)
    old = [line for line in lines if f'"candidate": {FLOOR}' not in line]
    floor = [json.loads(line) for line in lines if line not in old]
    assert len(floor) == 4 and all(row["error"] > 0 == row["sparsity"] for row in floor)
    path.write_text("".join(old))  # as logs were before there was a floor
    seen = []
    again = small(path).run(seen.append)
    assert [p.done for p in seen] == [17, 18, 19, 20]
    assert torch.equal(again.errors, whole.errors) and torch.equal(again.floor, whole.floor)
    first = next(n for n, line in enumerate(lines) if line not in old)
    path.write_text("".join(lines[:first]) + lines[first][:30])  # killed while writing a floor
    again = small(path).run()
    assert torch.equal(again.errors, whole.errors) and torch.equal(again.floor, whole.floor)


def test_heads_are_counted_at_the_floor_of_their_layer():
    layers = torch.tensor([1e-5, 1e-6], dtype=torch.float64)
    # at the floor; above it once; dense everywhere / 2e-6 is not below twice 1e-6; dense once; rounded away
    E = [[[1.9e-5, 1e-5], [2.1e-5, 1e-5], [0, 0]], [[2e-6, 1e-6], [1e-6, 0], [0, 0]]]
    S = [[[0.5, 0.4], [0.5, 0.4], [0, 0]], [[0.5, 0.4], [0.5, 0], [0.5, 0.4]]]
    E, S = (torch.tensor(x, dtype=torch.float64) for x in (E, S))
    found = floor_of(layers, E, S)
    assert (found.layers, found.heads, found.heads_at_floor) == ([1e-5, 1e-6], 5, 3)
    assert found.median == pytest.approx(5.5e-6)
    assert floor_of(torch.zeros(2).double(), E, S).heads_at_floor == 0

    table = make_table(Measurements(E, S, 1.0, layers), [0.5, 0.9], {"name": "x"}, "m", budget=0.0)
    tau = [[0.5, 0.5, 0.9], [0.5, 0.9, 0.9]]
    table = ThresholdTable(**{**vars(table), "tau": tau})
    assert above_floor(table) == pytest.approx(0.9e-5 + 1.1e-5 + 1e-6)


def table_with(floor, path):
    zeros = [[[1e-5, 1e-5]] * 2]
    meta = {} if floor is None else {"floor": floor}
    ThresholdTable("m", {"name": "x"}, [0.5, 0.9], 0, 0, 0, [[0.5, 0.9]], zeros, zeros, meta).save(path)
    return path


def test_another_budget_keeps_the_floor_and_its_warning(tmp_path, capsys, caplog):
    floor = {"layers": [1e-5], "median": 1e-5, "heads": 2, "heads_at_floor": 2}
    path = table_with(floor, tmp_path / "t.json")
    assert command(["calibrate", "--resolve", str(path), "budget=0", "-o", str(tmp_path / "u.json")]) == 0
    told = "2 of 2 heads lose about as much at every threshold as rounding alone (1e-05)"
    assert caplog.text.count(told) == 1
    assert (
        "floor   1e-05 from a change of one unit in the last place; 2 of 2 heads" in capsys.readouterr().out
    )
    assert ThresholdTable.load(tmp_path / "u.json").meta["floor"] == floor


@pytest.mark.parametrize("floor", [None, {"layers": [1e-9], "median": 1e-9, "heads": 2, "heads_at_floor": 1}])
def test_no_word_without_a_floor_or_above_it(floor, tmp_path, caplog):
    table = ThresholdTable.load(table_with(floor, tmp_path / "t.json"))
    warn_at_floor(table)
    assert not caplog.records
    printed = [line for line in summary_lines(summary_of(table, None)) if line.startswith("floor")]
    assert len(printed) == (floor is not None)


def test_in_fp32_the_advice_is_not_fp32(tmp_path, caplog):
    floor = {"layers": [1e-5], "median": 1e-5, "heads": 2, "heads_at_floor": 2}
    table = ThresholdTable.load(table_with(floor, tmp_path / "t.json"))
    table.meta["dtype"] = "float32"
    with caplog.at_level(logging.WARNING):
        warn_at_floor(table)
    assert "calibrate at steps or thresholds where errors are larger" in caplog.text


@pytest.mark.parametrize(
    "floor",
    [
        "0.1",
        [1e-5],
        {"layers": 1e-5, "median": 1e-5, "heads": 2, "heads_at_floor": 2},
        {"layers": [1e-5, 1e-5], "median": 1e-5, "heads": 2, "heads_at_floor": 2},
        {"layers": [-1.0], "median": 1e-5, "heads": 2, "heads_at_floor": 2},
        {"layers": [1e-5], "median": "small", "heads": 2, "heads_at_floor": 2},
        {"layers": [1e-5], "median": 1e-5, "heads": 2},
    ],
)
def test_a_floor_of_another_kind_is_refused_when_read(floor, tmp_path):
    path = table_with(floor, tmp_path / "t.json")
    with pytest.raises(DataError, match=r"t\.json: field 'floor' is .* not the fields layers, median"):
        ThresholdTable.load(path)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_shipped_tables_load_and_their_floor_is_unknown_or_whole(path):
    table = ThresholdTable.load(path)
    assert "floor" not in table.meta or above_floor(table) is not None
    assert summary_lines(summary_of(table, path))
