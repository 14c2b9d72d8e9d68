"""`vidkit bench agents`: near the bound everywhere, the same answers, honest where drafting does not pay."""

import json

import pytest

from vidkit.bench.agents.schedules import Point, Times, latency_rows, schedule_rows
from vidkit.cli.main import run

TIMES = Times(0.15, 0.25, 6.0)
GRID = [Point(a, b, w, n) for a in (0, 0.5, 0.9) for b in (0, 0.3, 0.9) for w in (1, 4) for n in (1, 6)]


def test_throughput_is_near_the_bound_everywhere() -> None:
    for row in schedule_rows(GRID, TIMES, 256, 0):
        # the first batch finds no agent busy, and the last agent works after the front is done
        edge = 0.15 + 0.25 + 6.0
        assert row["bound_s"] - 1e-9 <= row["ours_s"] <= row["bound_s"] + edge + 1e-9, row
        if row["bound_s"] > 20 * edge:
            assert row["share_of_bound"] >= 0.95, row
        assert row["same_answers"]
        assert row["ours_s"] <= row["published_s"] + 1e-9


WIDE = [Point(a, b, w, n) for a in (0, 0.5, 0.9, 1) for b in (0, 0.6, 1) for w in (1, 2, 8) for n in (1, 6)]


@pytest.mark.parametrize("count", [64, 100])
def test_no_schedule_of_whole_agents_is_faster(count: int) -> None:
    """Shared-out agents are a bound that few queries cannot reach; with whole ones it is reached."""
    for row in schedule_rows(WIDE, TIMES, count, 1):
        assert row["bound_s"] <= row["tight_bound_s"] + 1e-9 <= row["ours_s"] + 2e-9, row
        assert row["share_of_tight_bound"] >= 0.95, row


def test_whole_agents_by_hand() -> None:
    # all 5 go to two agents of 6 s: three rounds after the first screen, whatever is shared out
    row = next(schedule_rows([Point(0, 0, 2, 5)], TIMES, 5, 0))
    assert row["bound_s"] == pytest.approx(15) and row["tight_bound_s"] == pytest.approx(18.15)


def test_a_slow_front_is_the_bound_then() -> None:
    slow = Times(2.0, 2.0, 4.0)
    row = next(schedule_rows([Point(0.5, 0.5, 4, 1)], slow, 128, 0))
    assert row["bound_s"] == pytest.approx(128 * 2 + 64 * 2)
    assert row["share_of_bound"] > 0.95 and row["speedup"] < 1


def test_the_same_seed_gives_the_same_rows() -> None:
    points = [Point(0.5, 0.6, 2, 4)]
    drawn = Times(0.1, 0.2, 3.0, jitter=0.5)
    first, second = (list(latency_rows(points, drawn, [0.7], 64, 3)) for _ in range(2))
    assert first == second
    assert first[0]["funnel_p50_s"] < first[0]["agents_p50_s"]
    assert first[0]["funnel_p50_s"] <= first[0]["funnel_p99_s"]


def test_the_command(tmp_path, capsys) -> None:
    grid = ["alphas=[0.5]", "betas=[0.6]", "workers=[2]", "batches=[4]", "loads=[0.7]"]
    words = [*grid, "queries=64"]
    assert run(["bench", "agents", *words, "-o", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "agents.json").read_text())
    assert record["complete"] and len(record["sections"]["schedule"]["rows"]) == 1
    assert "no model is asked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "told"),
    [("alphas=[1.5]", "alphas must be between 0 and 1, got 1.5"),
     ("workers=[0]", "workers must be >= 1, got 0"),
     ("agent_s=0", "agent_s must be > 0, got 0"), ("jitter=1", "jitter must be in [0, 1), got 1"),
     ("loads=[]", "loads=[] is empty"),
     ("sections=[load] pair.loads=[]", "pair.loads=[] is empty"),
     ("device=cuda", "this benchmark does not use a device")],
)  # fmt: skip
def test_settings_that_cannot_be(tmp_path, capsys, word: str, told: str) -> None:
    assert run(["bench", "agents", *word.split(), "-o", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err
