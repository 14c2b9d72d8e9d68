"""Rows of the attention benchmark: kept, labelled, shared out of the peak, drawn."""

import json
from pathlib import Path

import pytest
import torch

from vidkit.bench.attention import SHAPES, Check, Row, SeededShape, environment, parts_of, plot, save
from vidkit.bench.attention.report import peak_of, share_of, speed_words
from vidkit.bench.timing import Timing, measure_pairs
from vidkit.commands.bench.attention_report import AttentionTables, print_checks
from vidkit.errors import ConfigError

CPU = torch.device("cpu")
SHAPE, LOOP = "wan-1.3b-720p", "wan-1.3b-720p"


def gpu_rows() -> list[Row]:
    """What a run on a GPU may give, a failure among it."""
    rows = [Row("ceiling", "square", "matrix product", None, None, None, None, 800.0)]
    rows += [Row("dense", SHAPE, name, 1.0, ms, ms * 0.99, ms * 1.02, 14000 / ms) for name, ms in
             (("flash", 40.0), ("cudnn", 28.0), ("fa4", 25.0))]  # fmt: skip
    rows.append(Row("dense", SHAPE, "other", 1.0, None, None, None, None, "RuntimeError: no kernel"))
    for density in (1.0, 0.5, 0.25, 0.1):
        for name, ms in (("fa4", 26.0), ("triton", 33.0), ("flex", 41.0), ("auto", 26.0)):
            t = ms * density + 0.4
            rows.append(Row("executor", SHAPE, name, density, t, t * 0.98, t * 1.03, 14000 * density / t))
    rows += [Row("launch", SHAPE, f"triton w{w}", 0.25, 9.0 + w, 9.0 + w, 9.1 + w, 400.0) for w in (4, 8)]
    rows += [Row("prediction", SHAPE, name, None, ms, ms, ms * 1.1, None, f"{ms / 25:.2%} of dense")
             for name, ms in (("xattention score", 1.0), ("svg2 warm refresh", 2.4))]  # fmt: skip
    rows.append(Row("memory", SHAPE, "packed masks", None, None, None, None, None, "5.70 MiB"))
    for name, ms, density in (("dense flash", 2000.0, None), ("dense fa4, blocks compiled", 1100.0, None),
                              ("haste delta 30.00", 480.0, 0.24)):  # fmt: skip
        rows.append(Row("loop", LOOP, name, density, ms, ms * 0.99, ms * 1.01, None, "random weights"))
        for part, share in (("self-attention", 0.6), ("linear layers", 0.3), ("other", 0.1)):
            spent = ms * share
            rows.append(Row("breakdown", LOOP, f"{name}: {part}", None, spent, spent, spent, None))
    return rows


def test_a_record_has_shares_labels_and_whole_json(tmp_path: Path) -> None:
    env = environment(CPU, torch.float32)
    checks = [Check("a", 0.0, 0.1), Check("b", float("inf"), 0.1, "RuntimeError: no")]
    save(tmp_path / "new" / "a.json", gpu_rows(), env, checks, False, benchmark="attention")
    record = json.loads((tmp_path / "new" / "a.json").read_text())
    assert next(iter(record)) == "benchmark" and record["complete"] is False
    fa4 = next(row for row in record["rows"] if row["section"] == "dense" and row["provider"] == "fa4")
    assert fa4["share_of_peak"] == pytest.approx(14000 / 25 / 800)
    assert next(row for row in record["rows"] if row["section"] == "loop")["share_of_peak"] is None
    assert [check["passed"] for check in record["checks"]] == [True, False]
    assert record["checks"][1]["error"] is None
    assert record["inputs"]["rates"] == "random Q, K, V; random block lists"
    assert "random weights" in record["inputs"]["loop"] and "ceiling" not in record["inputs"]
    assert {"date", "commit", "load_before", "device", "dtype", "versions"} <= set(record["environment"])
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "sections", [None, {"dense", "executor"}, {"loop"}, {"launch"}, {"executor"}, {"memory"}]
)
def test_any_selection_of_rows_can_be_drawn(sections, tmp_path: Path) -> None:
    rows = [row for row in gpu_rows() if sections is None or row.section in sections]
    plot(tmp_path / "a.png", rows, environment(CPU, torch.float32))
    assert (tmp_path / "a.png").exists() is (sections != {"memory"})


def test_tables_come_part_by_part(capsys) -> None:
    tables = AttentionTables()
    shown = []
    rows = gpu_rows()
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        tables.add(row)
        if following is None or following.part != row.part:
            tables.flush()
            shown.append(capsys.readouterr().out)
    whole = "".join(shown)
    assert "ceiling 800 TFLOP/s" in shown[0]
    line = next(line for line in whole.splitlines() if "dense fa4" in line)
    assert "70%" in line and "as fast" in line
    assert "failed" in next(line for line in whole.splitlines() if "dense other" in line)
    assert "random Q, K, V; random block lists" in whole and "random weights" in whole
    assert "5.70 MiB" in whole and "GPU time of one forward" in whole


def test_checks_that_passed_are_one_line(capsys) -> None:
    print_checks([Check("a", 0.01, 0.1), Check("b", 0.0, 0.0)])
    assert capsys.readouterr().out == "checks  2 of 2 passed, the nearest at 10% of its limit\n"


def test_a_seed_changes_the_inputs() -> None:
    shape = SHAPES["odd"]
    same, other = SeededShape.of(shape, 0), SeededShape.of(shape, 1)
    q, changed = shape.qkv(CPU, torch.float32)[0], other.qkv(CPU, torch.float32)[0]
    assert torch.equal(same.qkv(CPU, torch.float32)[0], q) and not torch.equal(changed, q)
    assert (other.name, other.dense_flops) == (shape.name, shape.dense_flops)


def test_parts_are_refused_or_listed_before_anything_runs() -> None:
    shapes = [SHAPES["odd"]]
    parts = parts_of(shapes, CPU, torch.float32, ("loop", "memory", "rates", "launch"))
    assert [(part.section, part.name) for part in parts] == [
        ("rates", "odd"), ("memory", "odd"), ("loop", "tiny")
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="unknown benchmark part 'speed'"):
        parts_of(shapes, CPU, torch.float32, ("speed",))


def test_baseline_and_candidate_take_turns_and_a_ratio_is_of_one_turn() -> None:
    order: list[str] = []
    slow = iter([1.0, 1.0, 9.0, 1.0, 1.0])  # one turn on which the whole machine was slow

    def measured(call, device, budget_ms, least):
        order.append(call())
        factor = next(slow) if order[-1] == "dense" else measured.factor
        measured.factor = factor
        ms = factor * (4.0 if order[-1] == "dense" else 2.0)
        return Timing(ms, ms, ms)

    pairs = measure_pairs(lambda: "dense", lambda: "sparse", CPU, measured, turns=5)
    assert order == ["dense", "sparse"] * 5
    assert (pairs.gain, pairs.gain_low, pairs.gain_high, pairs.busy) == (2.0, 2.0, 2.0, False)


def test_no_ratio_where_the_baseline_itself_varies(capsys) -> None:
    times = iter([1.0, 5.0, 2.0, 5.0, 1.0, 5.0, 2.0, 5.0])
    pairs = measure_pairs(
        lambda: 0, lambda: 1, CPU, lambda *given: Timing(*[next(times)] * 3), turns=4
    )  # fmt: skip
    assert pairs.busy
    tables = AttentionTables()
    tables.add(Row("dense", SHAPE, "sdpa", 1.0, 10.0, 9.0, 11.0, 0.1))
    tables.add(Row("executor", SHAPE, "gather", 0.5, 12.0, 9.0, 20.0, 0.1, busy=True))
    tables.flush()
    shown = capsys.readouterr().out
    assert "busy machine: not reported" in shown and "as slow" not in shown


def test_a_rate_above_the_peak_shows_that_it_is_none() -> None:
    rows = [Row("ceiling", "square", "matrix product", None, None, None, None, 0.1),
            Row("dense", SHAPE, "sdpa", 1.0, 10.0, 9.0, 11.0, 0.223)]  # fmt: skip
    assert peak_of(rows) is None and share_of(0.223, 0.1) is None and share_of(0.05, 0.1) == 0.5
    assert share_of(0.05, None) is None and share_of(None, 0.1) is None


def test_a_ratio_of_speeds_cannot_be_read_the_wrong_way_round() -> None:
    words = [speed_words(ratio) for ratio in (0.84, 1.0, 1.35)]
    assert words == ["1.19x as slow", "as fast", "1.35x as fast"]
