"""The path that GPUs take, run on the CPU by Triton's interpreter on tensors that claim to be on CUDA."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from vidkit_kernels._testing import make_qkv

from vidkit.attention import AttentionPolicy, TokenGrid
from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.predictors import make_predictor
from vidkit.attention.reuse import make_reuse
from vidkit.attention.runtime import SparseRuntime
from vidkit.hooks.clock import Tick

GRID = TokenGrid(3, 3, 5)  # 45 tokens
DELTA = 6.0  # the third of three heads drifts further than this
OPTIONS = {
    "xattention": {"block_q": 32, "block_k": 16, "stride": 8, "always_keep": ["first_frame"]},
    "pooled_mean": {"block_q": 16, "block_k": 16},
    "exact_mass": {"block_q": 16, "block_k": 16},
    "svg2": {
        "block_q": 16,
        "block_k": 16,
        "query_clusters": 4,
        "key_clusters": 8,
        "first_iterations": 2,
        "warm_iterations": 1,
    },
}


class HostReads(TorchDispatchMode):
    """Counts what would make the host wait for a GPU."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.__name__
        if any(
            word in name
            for word in ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "unique")
        ):
            self.seen.append(name)
        return func(*args, **(kwargs or {}))


def run(name, reuse, steps=2, mode=None, executor="triton"):
    policy = AttentionPolicy(
        make_predictor(name, **OPTIONS[name]), reuse, tau=0.6, executor=ExecutorChooser(executor)
    )
    runtime = SparseRuntime(policy, 1, 3)
    outputs = []
    for step in range(steps):
        q, k, v = make_qkv(1, 3, GRID.tokens, 16, seed=step)
        runtime.begin(Tick("cond", step, 1), GRID)
        if mode is None:
            outputs.append(runtime.attend(q, k, v, 0))
        else:
            with mode:
                outputs.append(runtime.attend(q, k, v, 0))
    return outputs, runtime


@pytest.mark.parametrize(
    "name, reuse",
    [
        ("xattention", "tmr"),
        ("svg2", "tmr"),
        ("pooled_mean", "interval"),
        ("exact_mass", "tmr"),
    ],
)
def test_device_path_equals_reference_path_without_host_reads(name, reuse, monkeypatch):
    if torch.cuda.is_available():
        pytest.skip("a stand-in for machines without a GPU; here the real kernels are tested")
    options = {"tmr": {"delta": DELTA, "gate": False}, "interval": {"interval": 2}, "never": {}}[reuse]
    expected, plain = run(name, make_reuse(reuse, **options), executor="reference")
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda self: True))
    mode = HostReads()
    outputs, runtime = run(name, make_reuse(reuse, **options), mode=mode)
    assert mode.seen == [], "the host read a device value inside a layer"
    for out, ref in zip(outputs, expected, strict=True):
        assert (out - ref).abs().max() < 1e-4
    assert runtime.policy.executor.used == ["triton"]
    monkeypatch.undo()
    rows, plain_rows = runtime.recorder.rows(), plain.recorder.rows()
    assert [r.refreshed for r in rows] == [r.refreshed for r in plain_rows]
    assert [r.sparse_density for r in rows] == pytest.approx([r.sparse_density for r in plain_rows], abs=1e-6)
    if reuse == "tmr":
        assert rows[1].refreshed == 1
