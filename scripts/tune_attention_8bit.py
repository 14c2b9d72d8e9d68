"""Tune and measure attention in 8 bits on a GPU: launch configurations, then speed and error beside BF16.

Dense: INT8 and FP8 beside the fastest exact kernels. Block lists at densities .1, .25 and .5: beside the BF16
executors. The error is that of the output beside fp32 attention, on Gaussian Q and K and on structured ones
(smooth over the video's grid, a strong common offset of the keys and a few loud channels, as trained models
have). Rows are kept as they are measured: started again, the script goes on.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from vidkit_kernels.attention_8bit import attention_8bit, quantize_qkv

from vidkit.attention.executors import EXECUTORS
from vidkit.attention.executors.base import run_plan
from vidkit.bench.attention.rates import dense_providers, random_plan
from vidkit.bench.attention.shapes import SHAPES, Shape
from vidkit.bench.attention.structured import structured
from vidkit.bench.timing import measure
from vidkit.utils.device import device_name
from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

DENSITIES = (0.5, 0.25, 0.1)
KINDS = (("int8", "fp8"), ("fp8", "fp8"), ("int8", "half"))
PAIR_FLOPS = 4.0


class Rows:
    """What has been measured, kept on disk by key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, dict[str, Any]] = {}
        if path.is_file():
            self.rows = json.loads(path.read_text(encoding="utf-8"))["rows"]

    def add(self, key: str, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The row of a key, measured now if it is not there; a failure is a row too."""
        if key not in self.rows:
            try:
                self.rows[key] = made()
            except Exception as error:  # one configuration's failure must not lose the others' figures
                self.rows[key] = {"failed": f"{type(error).__name__}: {error!s:.300}"}
            whole = {
                "made_by": "python scripts/tune_attention_8bit.py",
                "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "device": device_name(torch.device("cuda" if torch.cuda.is_available() else "cpu")),
                "versions": versions(("torch", "triton", "flash-attn-4")),
                "commit": git_commit(),
                "rows": self.rows,
            }
            write_text_atomic(self.path, json.dumps(whole, indent=1) + "\n")
            print(key, json.dumps(self.rows[key]), flush=True)
        return self.rows[key]


def configurations() -> Iterator[Any]:
    """Launch configurations that fit an SM."""
    from vidkit_kernels.attention_8bit.triton import LaunchConfig8

    for warps, tile_m in ((8, 128), (4, 64)):
        for tile_n, stages, imprecise in itertools.product((128, 64), (2, 3, 4), (32, 64, 128)):
            if imprecise <= tile_n:
                yield LaunchConfig8(warps, stages, tile_m, tile_n, imprecise)


def tune(rows: Rows, shape: Shape, device: torch.device, kinds: tuple[str, str]) -> Any:
    """The fastest configuration at density .25, in milliseconds without the rounding."""
    from vidkit_kernels.attention_8bit.triton import attention_8bit_triton

    q, k, v = shape.qkv(device, torch.bfloat16)
    plan = random_plan(shape, 0.25, device)
    made = quantize_qkv(q, k, v, qk=kinds[0], pv=kinds[1], block_k=plan.block_k)  # type: ignore[arg-type]
    lists = (plan.counts, plan.indices, plan.block_q, plan.block_k, q.shape[-1] ** -0.5)
    found = {}
    for config in configurations():
        name = f"w{config.warps} s{config.stages} tiles {config.tile_m}x{config.tile_n} i{config.imprecise}"

        def timed(config: Any = config) -> dict[str, Any]:
            call = lambda: attention_8bit_triton(made, q.dtype, k.shape[2], *lists, config)  # noqa: E731
            return {"ms": measure(call, device, 100).median}

        row = rows.add(f"tune | {shape.name} | {'/'.join(kinds)} | {name}", timed)
        if "ms" in row:
            found[name] = (row["ms"], config)
    return min(found.values(), key=lambda pair: pair[0])[1] if found else None


def speeds(rows: Rows, shape: Shape, device: torch.device, best: dict[str, Any]) -> None:
    """Dense and sparse milliseconds, rounding included, beside BF16."""
    q, k, v = shape.qkv(device, torch.bfloat16)
    flops = shape.dense_flops

    def row(call: Callable[[], object], share: float | None) -> dict[str, Any]:
        ms = measure(call, device, 200).median
        return {"ms": ms} | ({} if share is None else {"tflops": flops * share / ms / 1e9})

    for name, call in dense_providers(q, k, v):
        rows.add(f"dense | {shape.name} | {name} bf16", lambda call=call: row(call, 1.0))  # type: ignore[misc]
    for kinds in KINDS:
        name = "/".join(kinds)
        rows.add(
            f"rounding | {shape.name} | {name}",
            lambda kinds=kinds: row(lambda: quantize_qkv(q, k, v, qk=kinds[0], pv=kinds[1]), None),  # type: ignore[misc]
        )
        rows.add(f"dense | {shape.name} | {name}", lambda kinds=kinds: row(whole(q, k, v, kinds, best), 1.0))  # type: ignore[misc]
    for density in DENSITIES:
        plan = random_plan(shape, density, device)
        for name in ("fa4", "triton"):
            executor = EXECUTORS[name]()
            if executor.unsupported(q, plan) is None:
                call = lambda executor=executor, plan=plan: run_plan(executor, q, k, v, plan)  # type: ignore[misc]  # noqa: E731
                rows.add(
                    f"density {density} | {shape.name} | {name} bf16",
                    lambda call=call, plan=plan: row(call, plan.density),  # type: ignore[misc]
                )
        for kinds in KINDS:
            rows.add(
                f"density {density} | {shape.name} | {'/'.join(kinds)}",
                lambda kinds=kinds, plan=plan: row(whole(q, k, v, kinds, best, plan), plan.density),  # type: ignore[misc]
            )


def whole(
    q: Tensor, k: Tensor, v: Tensor, kinds: tuple[str, str], best: dict[str, Any], plan: Any = None
) -> Callable[[], Tensor]:
    """A call with its rounding, as an executor makes it."""
    from vidkit_kernels.attention_8bit.triton import attention_8bit_triton

    lists = (None, None) if plan is None else (plan.counts, plan.indices)
    block_q, block_k = (128, 128) if plan is None else (plan.block_q, plan.block_k)

    def call() -> Tensor:
        made = quantize_qkv(q, k, v, qk=kinds[0], pv=kinds[1], block_k=block_k)  # type: ignore[arg-type]
        scale = q.shape[-1] ** -0.5
        return attention_8bit_triton(
            made, q.dtype, k.shape[2], *lists, block_q, block_k, scale, best.get("/".join(kinds))
        )

    return call


def errors(rows: Rows, shape: Shape, device: torch.device) -> None:
    """Relative error of the first 512 queries' output beside fp32."""
    for name, (q, k, v) in (
        ("gaussian", shape.qkv(device, torch.bfloat16)),
        ("structured", structured(shape.grid, shape.heads, shape.head_dim, device, torch.bfloat16)),
    ):
        some = q[:, :, :512]
        exact = torch.cat(
            [
                F.scaled_dot_product_attention(
                    some[:, h : h + 1].float(), k[:, h : h + 1].float(), v[:, h : h + 1].float()
                )
                for h in range(q.shape[1])
            ],
            1,
        )

        def off(out: Tensor, exact: Tensor = exact) -> dict[str, Any]:
            return {"error": float((out.float() - exact).norm() / exact.norm())}

        rows.add(
            f"error | {shape.name} | {name} | bf16",
            lambda: off(F.scaled_dot_product_attention(some, k, v)),  # noqa: B023
        )
        for kinds in (*KINDS, ("fp8", "half")):
            rows.add(
                f"error | {shape.name} | {name} | {'/'.join(kinds)}",
                lambda kinds=kinds: off(attention_8bit(some, k, v, qk=kinds[0], pv=kinds[1])),  # type: ignore[misc]  # noqa: B023
            )


def main() -> None:
    """Tune on the first shape, then measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", default=["wan-1.3b-720p", "wan-1.3b-480p"])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--no-tuning", action="store_true", help="the kernel's own launch configuration")
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows = Rows(arguments.output)
    shapes = [SHAPES[name] for name in arguments.shapes]
    best: dict[str, Any] = {}
    if not arguments.no_tuning:
        for kinds in KINDS:
            best["/".join(kinds)] = tune(rows, shapes[-1], device, kinds)
    for shape in shapes:
        errors(rows, shape, device)
        speeds(rows, shape, device, best)
    print({kinds: str(config) for kinds, config in best.items()})


if __name__ == "__main__":
    main()
