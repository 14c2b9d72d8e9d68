"""Rows of the attention benchmark: kept, labelled, shared out of the peak, drawn."""

from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from vidkit.bench.attention import SHAPES, Check, Row, SeededShape, measurements_of, plot
from vidkit.bench.attention.end_to_end import LoopBench, Way, loop_rows_of
from vidkit.bench.attention.loops import LOOPS, forward_seconds
from vidkit.bench.attention.markdown import loop_table
from vidkit.bench.attention.planning import loop_s
from vidkit.bench.attention.report import findings, peak_of, share_of, speed_words, spread_words
from vidkit.bench.record import environment
from vidkit.bench.timing import Gain, Timing, gain_of, measure_pairs
from vidkit.commands.bench.attention_report import AttentionTables, print_checks
from vidkit.errors import ConfigError

CPU = torch.device("cpu")
SHAPE, LOOP = "wan-1.3b-720p", "wan-1.3b-720p"


def gpu_rows() -> list[Row]:
    """What a run on a GPU may give, a failure among it."""
    rows = [Row("ceiling", "square", "matrix product", None, None, None, None, 800.0)]
    rows += [
        Row("dense", SHAPE, name, 1.0, ms, ms * 0.99, ms * 1.02, 14000 / ms)
        for name, ms in (("flash", 40.0), ("cudnn", 28.0), ("fa4", 25.0))
    ]
    rows.append(Row("dense", SHAPE, "other", 1.0, None, None, None, None, "RuntimeError: no kernel"))
    for density in (1.0, 0.5, 0.25, 0.1):
        for name, ms in (("fa4", 26.0), ("triton", 33.0), ("flex", 41.0), ("auto", 26.0)):
            t = ms * density + 0.4
            rows.append(Row("executor", SHAPE, name, density, t, t * 0.98, t * 1.03, 14000 * density / t))
    rows += [Row("launch", SHAPE, f"triton w{w}", 0.25, 9.0 + w, 9.0 + w, 9.1 + w, 400.0) for w in (4, 8)]
    rows += [
        Row("prediction", SHAPE, name, None, ms, ms, ms * 1.1, None, f"{ms / 25:.2%} of dense")
        for name, ms in (("xattention score", 1.0), ("svg2 warm refresh", 2.4))
    ]
    rows.append(Row("memory", SHAPE, "packed masks", None, None, None, None, None, "5.70 MiB"))
    for name, ms, density in (
        ("dense flash", 2000.0, None),
        ("dense fa4, blocks compiled", 1100.0, None),
        ("haste delta 30.00", 480.0, 0.24),
    ):
        rows.append(Row("loop", LOOP, name, density, ms, ms * 0.99, ms * 1.01, None, "random weights"))
        for part, share in (("self-attention", 0.6), ("linear layers", 0.3), ("other", 0.1)):
            spent = ms * share
            rows.append(Row("breakdown", LOOP, f"{name}: {part}", None, spent, spent, spent, None))
    return rows


ENV = environment(("torch",), seed=3, dtype="float32")


def test_findings_have_shares_and_verdicts() -> None:
    found = findings(gpu_rows(), [Check("a", 0.0, 0.1), Check("b", float("inf"), 0.1, "RuntimeError: no")])
    fa4 = next(row for row in found["rows"] if row["section"] == "dense" and row["provider"] == "fa4")
    assert fa4["share_of_peak"] == pytest.approx(14000 / 25 / 800)
    assert next(row for row in found["rows"] if row["section"] == "loop")["share_of_peak"] is None
    assert [check["passed"] for check in found["checks"]] == [True, False]


@pytest.mark.parametrize(
    "sections", [None, {"dense", "executor"}, {"loop"}, {"launch"}, {"executor"}, {"memory"}]
)
def test_any_selection_of_rows_can_be_drawn(sections, tmp_path: Path) -> None:
    rows = [row for row in gpu_rows() if sections is None or row.section in sections]
    plot(tmp_path / "a.png", rows, ENV)
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
    assert "70%" in line
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
    parts = measurements_of(shapes, CPU, torch.float32, ("loop", "memory", "rates", "launch"))
    assert [(part.section, part.name) for part in parts] == [
        ("rates", "odd"),
        ("memory", "odd"),
        ("loop", "tiny"),
    ]
    with pytest.raises(ConfigError, match="unknown benchmark part 'speed'"):
        measurements_of(shapes, CPU, torch.float32, ("speed",))


def test_baseline_and_candidate_take_turns_and_a_ratio_is_of_one_turn() -> None:
    order: list[str] = []

    def measured(call, device, budget_ms, least):
        order.append(call())
        factor = 9.0 if len(order) in (5, 6) else 1.0  # one turn on which the whole machine was slow
        ms = factor * (4.0 if order[-1] == "dense" else 2.0)
        return Timing(ms, ms, ms)

    pairs = measure_pairs(lambda: "dense", lambda: "sparse", CPU, measured, turns=5)
    assert order == ["dense", "sparse", "sparse", "dense"] * 2 + ["dense", "sparse"]
    assert pairs.gain == Gain(2.0, 2.0, 2.0, False) and pairs.baseline.median == 4.0


def test_no_ratio_where_the_baseline_itself_varies(capsys) -> None:
    gain = gain_of([1.0, 2.0, 1.0, 2.0], [5.0] * 4)
    assert gain.busy and not gain_of([1.0, 1.2, 1.0, 1.2], [5.0] * 4).busy
    tables = AttentionTables()
    tables.add(Row("dense", SHAPE, "sdpa", 1.0, 10.0, 9.0, 11.0, 0.1))
    tables.add(Row("executor", SHAPE, "gather", 0.5, 12.0, 9.0, 20.0, 0.1).beside(gain))
    tables.flush()
    shown = capsys.readouterr().out
    assert "busy machine: not reported" in shown and "as slow" not in shown


def test_no_ratio_where_it_varies_from_turn_to_turn() -> None:
    """A candidate of many small parallel regions suffers from other work where the baseline does not."""
    assert gain_of([10.0] * 5, [4.0, 4.0, 40.0, 5.0, 60.0]).busy
    assert not gain_of([10.0] * 5, [4.0, 4.2, 5.0, 4.1, 6.0]).busy


LOOP_MS = {"dense": [10.0, 20.0, 10.0, 11.0, 10.0], "dense b": [8.0, 15.0, 8.0, 8.8, 8.0]}


def loop_rows_for(candidate: list[float], dense: dict[str, list[float]] = LOOP_MS) -> list[Row]:
    report = {"sparse_density": 0.25, "reuse_ratio": 0.5, "executors_used": ["gather"]}
    ways = [Way(name, nullcontext, 1) for name in dense] + [Way("haste", nullcontext, 4, report)]
    return list(loop_rows_of(LOOPS["tiny"], ways, {**dense, "haste": candidate}))


def test_gains_of_a_loop_are_medians_of_single_turns_over_every_dense_way(capsys) -> None:
    # the second turn was slow for all: its ratio is like the others
    *dense, haste = loop_rows_for([5.0, 10.0, 5.0, 5.5, 5.0])
    assert [row.gain for row in dense] == [None, None] and haste.against == "dense b"
    assert haste.gain == pytest.approx(1.6) and haste.gain_low == pytest.approx(1.5, abs=0.11)
    assert "2.00x as fast as dense (2.00-2.00)" in haste.note and "density 0.250, reuse 0.50" in haste.note
    assert not any(word in haste.note for word in ("busy", "slow"))
    assert asdict(haste)["gains"]["dense"]["median"] == 2.0


def test_a_slow_loop_is_called_slow_everywhere(capsys) -> None:
    rows = loop_rows_for([value / 0.84 for value in LOOP_MS["dense b"]])
    tables = AttentionTables()
    for row in rows:
        tables.add(row)
    tables.flush()
    shown, docs = capsys.readouterr().out, loop_table([asdict(row) for row in rows])
    for text in (shown, docs, rows[-1].note):
        assert "1.19x as slow" in text and "0.84" not in text


def test_no_gain_of_a_loop_where_its_baseline_varies(capsys) -> None:
    *_, haste = loop_rows_for([5.0] * 5, {"dense": [10.0, 20.0, 10.0, 20.0, 15.0], "dense b": [18.0] * 5})
    assert haste.busy and haste.gain is None and haste.gains["dense"] is None
    assert "against dense: busy machine: not reported" in haste.note
    assert "3.60x as fast as dense b" in haste.note
    assert "busy machine: not reported" in loop_table([asdict(haste) | {"density": 0.2}, *map(asdict, _)])


def test_the_ways_of_a_loop_run_in_turns_on_one_model(monkeypatch) -> None:
    order: list[str] = []
    once = LoopBench.once

    def noted(self, way, steps=None):
        order.append(f"{way.name.split(' ')[0]} {steps or way.steps}")
        return once(self, way, steps)

    monkeypatch.setattr(LoopBench, "once", noted)
    loop = replace(LOOPS["tiny"], latents=(2, 8, 8), steps=3, model=LOOPS["tiny"].model | {"num_layers": 2})
    told: list[str] = []
    rows = list(LoopBench(loop, CPU, torch.float32, told.append).rows(0.5, 0.5, turns=3))
    names = [row.provider.split(" ")[0] for row in rows]
    assert names[:2] == ["dense", "xattention"]
    first, turns = order[: len(names)], order[len(names) :]
    whole = [f"{name} 3" for name in names]
    assert first == ["dense 1", *(f"{name} 2" for name in names[1:])]
    assert turns == whole + whole[::-1] + whole
    assert any(line.startswith("turn 3 of 3, ") and "left" in line for line in told)
    assert all(row.busy or row.gain is not None for row in rows[1:])


def test_the_time_of_a_loop_follows_from_one_forward() -> None:
    loop = LOOPS["tiny"]
    assert loop_s(loop, 2.0, "cpu") - loop_s(loop, 1.0, "cpu") == pytest.approx(
        loop_s(loop, 1.0, "cpu"), abs=1
    )
    assert loop_s(loop, 1.0, "cpu", turns=10) > 1.4 * loop_s(loop, 1.0, "cpu", turns=5)
    small = replace(loop, latents=(2, 8, 8), model=loop.model | {"num_layers": 6})
    assert 0 < forward_seconds(small, CPU, torch.float32) < 5


def test_a_rate_above_the_peak_shows_that_it_is_none() -> None:
    rows = [
        Row("ceiling", "square", "matrix product", None, None, None, None, 0.1),
        Row("dense", SHAPE, "sdpa", 1.0, 10.0, 9.0, 11.0, 0.223),
    ]
    assert peak_of(rows) is None and share_of(0.223, 0.1) is None and share_of(0.05, 0.1) == 0.5
    assert share_of(0.05, None) is None and share_of(None, 0.1) is None


def test_a_ratio_of_speeds_cannot_be_read_the_wrong_way_round() -> None:
    words = [speed_words(ratio) for ratio in (0.84, 1.0, 1.35)]
    assert words == ["1.19x as slow", "as fast", "1.35x as fast"]
    assert spread_words(0.84, 0.8, 0.9) == "1.11-1.25" and spread_words(1.2, 1.1, 1.3) == "1.10-1.30"
