"""What the summary of a run says in words."""

import torch

from vidkit.commands.generate.report import cache_line, stats_lines
from vidkit.generation.record import RunRecord
from vidkit.utils.device import device_name
from vidkit.utils.plain import byte_size, rate


def test_a_small_state_is_not_printed_as_zero():
    cache = {
        "policy": {"name": "change"},
        "decisions": {"full": 4, "skip": 16},
        "flops_share": 0.2,
        "executed_flops": 4.39e11,
        "skipped_flops": 1.76e12,
        "state_bytes": 3 * 2**20,
    }
    record = RunRecord((), 1, "cpu", "a CPU", "float32", "a ball", cache=cache)
    assert cache_line(record).endswith("; 4 full, 16 skip), 3.0 MiB of state")
    large = RunRecord((), 1, "cpu", "a CPU", "float32", "a ball", cache={**cache, "state_bytes": 9 * 2**30})
    assert cache_line(large).endswith(", 9.00 GiB of state")


def test_sizes_and_rates_keep_their_digits_however_small():
    assert [byte_size(n) for n in (6 << 30, 96 << 20, 300 << 10, 40 << 10, 0)] == [
        "6.00 GiB", "96.0 MiB", "0.3 MiB", "40.0 KiB", "0.0 KiB",
    ]  # fmt: skip
    assert [rate(value) for value in (123.45, 10.0, 3.412, 0.01234)] == ["123.5", "10.0", "3.41", "0.0123"]
    slow = RunRecord((), 1, "cpu", "a CPU", "float32", "a ball", phase_seconds={"denoise": 4000.0})
    assert stats_lines(slow, 16)[0].endswith("16 frames: 0.004 frames per second")


def test_one_thread_is_said_as_one(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    assert device_name(torch.device("cpu")).endswith(", 2 cores, 1 thread")
