"""`scripts/bench_cache_cpu.py`: rounds are compared within themselves, and a miss is told."""

import json
import sys

import pytest

from scripts import bench_cache_cpu


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """Commands that take what they are told to; the third round runs on a machine three times as slow."""
    seconds, made = {"none": 30.0, "change": 12.0, "fewer_steps": 13.0}, []

    def run(words):
        (name,) = (word.removeprefix("cache=") for word in words if word.startswith("cache="))
        made.append(name)
        slower = 3.0 if len(made) > 6 else 1.0
        return seconds[name] * slower, seconds[name]

    monkeypatch.setattr(bench_cache_cpu, "run", run)
    monkeypatch.setattr(bench_cache_cpu, "psnr", lambda file, _: 43.0 if "change" in file.name else 36.0)
    monkeypatch.chdir(tmp_path)
    return seconds, made


def test_a_machine_that_grows_slower_changes_no_ratio(commands, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["x", "--rounds", "3"])
    assert bench_cache_cpu.main() == 0
    assert commands[1] == [
        "none", "change", "fewer_steps", "change", "fewer_steps", "none", "fewer_steps", "none", "change",
    ]  # fmt: skip
    record = json.loads((tmp_path / "caching_cpu.json").read_text())
    assert record["summary"]["change"]["wall_gain"] == {"median": 2.5, "low": 2.5, "high": 2.5}
    assert record["summary"]["none"]["wall_s"] == {"median": 30.0, "low": 30.0, "high": 90.0}
    assert record["summary"]["over_fewer_steps"]["median"] == 7
    assert "2.50x, +7.00 dB, reached" in capsys.readouterr().out


def test_what_is_missed_is_said_and_a_limit_ends_the_rounds(commands, monkeypatch, capsys, tmp_path):
    commands[0]["change"] = 16.0
    monkeypatch.setattr(sys, "argv", ["x", "--rounds", "3", "--limit", "0"])
    assert bench_cache_cpu.main() == 0
    out = capsys.readouterr().out
    assert "1 of 3 rounds: 0 seconds are over" in out
    assert "1.88x, +7.00 dB, missed" in out
    assert len(json.loads((tmp_path / "caching_cpu.json").read_text())["rounds"]) == 1


def test_a_command_that_fails_ends_the_run_with_what_it_said():
    with pytest.raises(SystemExit, match="ended with status 3"):
        bench_cache_cpu.run([sys.executable, "-c", "raise SystemExit(3)"])
