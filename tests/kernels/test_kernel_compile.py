import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="needs triton")
def test_kernels_compile_for_ampere_and_hopper_without_a_gpu():
    env = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    env["PYTHONPATH"] = str(ROOT / "kernels")
    script = Path(__file__).with_name("compile_kernels.py")
    cases = ["--all"] if os.environ.get("VIDKIT_LONG_TESTS") else []  # otherwise the largest of each kernel
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, *cases], capture_output=True, text=True, env=env, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    built = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(built) > 20
    # the tensor cores do the products, and a block fits an SM: 163 KiB on A100, 227 KiB on H100
    for row in built:
        if row["kernel"] in (
            "_attention_kernel",
            "_attention_descriptor_kernel",
            "_pointer_kernel",
            "_descriptor_kernel",
            "attention_hopper_kernel",
            "_assign_kernel",
        ):
            assert row["wgmma" if row["arch"] == 90 else "mma"] > 0, row
        assert row["shared"] <= (163 if row["arch"] == 80 else 227) * 1024, row
        assert (row["bulk_copies"] > 0) == any(n in row["kernel"] for n in ("descriptor", "hopper")), row
