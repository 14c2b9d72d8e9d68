"""What the summary of a run says in words."""

import torch

from vidkit.commands.generate.report import cache_line
from vidkit.generation.record import RunRecord
from vidkit.utils.device import device_name


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


def test_one_thread_is_said_as_one(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    assert device_name(torch.device("cpu")).endswith(", 2 cores, 1 thread")
