"""Compile every Triton kernel for Ampere and Hopper without a GPU; prints one JSON line a kernel.

A script of its own, since Triton cannot compile in a process that interprets. Of the cases of a kernel the
first is compiled, which takes the most of an SM; all of them with `--all`.
"""

import json
import sys
from functools import partial

from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from triton.experimental.gluon import language as gl
from triton.experimental.gluon._runtime import GluonASTSource
from vidkit_kernels.attention_8bit import triton as eight_bit
from vidkit_kernels.block_sparse import hopper
from vidkit_kernels.block_sparse import triton as block_sparse
from vidkit_kernels.cluster_cover import triton as cluster_cover
from vidkit_kernels.kmeans import triton as kmeans
from vidkit_kernels.label_sort import triton as label_sort
from vidkit_kernels.packed_mask import triton as packed_mask
from vidkit_kernels.row_order import triton as row_order
from vidkit_kernels.top_p import triton as top_p
from vidkit_kernels.xattention_score import triton as xattention

ALIGNED = [["tt.divisibility", 16]]
BF16 = {"q_ptr", "k_ptr", "v_ptr", "o_ptr", "x_ptr", "rounded_ptr", "mean_k_ptr", "mean_v_ptr"}
INT = {
    "counts_ptr", "indices_ptr", "packed_ptr", "labels_ptr", "offsets_ptr", "always_ptr", "totals_ptr",
    "left_ptr", "moved_ptr", "offsets_q_ptr", "offsets_k_ptr", "range_ptr", "range_q_ptr", "range_k_ptr",
}  # fmt: skip
ATTENTION = {"BLOCK_M": 128, "RAGGED": True, "PRECISION": "tf32", "SPLIT_Q": 1, "SPLIT_K": 1}
POINTERS = {**ATTENTION, "MEANS": 0}
TILES = {"BLOCK_M": 128, "BLOCK_N": 128, "PRECISION": "tf32"}
SCORES = {**TILES, "PER_K": 8, "GROUP": 8}
CASES = [
    (block_sparse._attention_kernel, {"D": 128, "BLOCK_N": 128, "WITH_LSE": False, **POINTERS}, 8, 2),
    (block_sparse._attention_kernel, {"D": 128, "BLOCK_N": 64, "WITH_LSE": True, **POINTERS}, 8, 3),
    (block_sparse._attention_kernel, {"D": 64, "BLOCK_N": 128, "WITH_LSE": False, **POINTERS}, 8, 3),
    (block_sparse._attention_kernel,
     {"D": 128, "BLOCK_N": 128, "WITH_LSE": False, **ATTENTION, "MEANS": 64}, 8, 2),
    (block_sparse._attention_descriptor_kernel,
     {"D": 128, "BLOCK_N": 128, "WITH_LSE": False, **ATTENTION}, 8, 2),
    (block_sparse._attention_descriptor_kernel,
     {"D": 64, "BLOCK_N": 64, "WITH_LSE": True, **ATTENTION}, 8, 3),
    (block_sparse._attention_descriptor_kernel,
     {"D": 128, "WITH_LSE": False, **ATTENTION,
      "BLOCK_M": 64, "BLOCK_N": 64, "SPLIT_Q": 2, "SPLIT_K": 2}, 4, 3),
    (xattention._pointer_kernel, {"HAS_ACTIVE": True, "S": 16, "D": 128, **SCORES}, 8, 3),
    (xattention._pointer_kernel, {"HAS_ACTIVE": False, "S": 8, "D": 64, **SCORES}, 8, 3),
    (xattention._descriptor_kernel,
     {"HAS_ACTIVE": True, "S": 16, "D": 128, "CHUNK": 64, **SCORES, "BLOCK_N": 256}, 8, 3),
    (xattention._combine_kernel, {"HAS_ACTIVE": True, "PER_Q": 8, "PER_TILE": 16, "BLOCK_J": 1024}, 4, 3),
    (row_order._move_kernel, {"PUT": True, "WIDTH": 128, "BLOCK": 32}, 4, 3),
    (top_p._top_p_kernel, {"HAS_ALWAYS": True, "HAS_ACTIVE": True, "BLOCK": 1024}, 4, 3),
    (top_p._top_p_kernel, {"HAS_ALWAYS": False, "HAS_ACTIVE": False, "BLOCK": 64}, 1, 3),
    (packed_mask._expand_kernel, {"BLOCK": 1024}, 4, 3),
    (packed_mask._share_kernel, {"BLOCK": 1024}, 4, 3),
    (kmeans._assign_kernel,
     {"HAS_ACTIVE": True, "D": 128, "BLOCK_M": 256, "BLOCK_C": 64, "PRECISION": "tf32"}, 8, 3),
    (kmeans._means_kernel, {"HAS_ACTIVE": True, "IN_ROUND": True, "D": 128, "BLOCK": 32}, 1, 3),
    (kmeans._round_kernel, {"D": 128, "BLOCK": 32}, 4, 3),
    (kmeans._gate_kernel, {"BLOCK": 16}, 1, 3),
    (label_sort._count_kernel, {"HAS_ACTIVE": True, "CHUNK": 128, "BINS": 1024}, 1, 3),
    (label_sort._scan_kernel, {"HAS_ACTIVE": True, "ROWS": 128, "BLOCK_C": 32}, 4, 3),
    (label_sort._place_kernel, {"HAS_ACTIVE": True, "CHUNK": 128, "PART": 16, "BINS": 1024}, 4, 3),
    (cluster_cover._range_kernel, {"BINS": 1024, "BLOCK_J": 16}, 4, 3),
    (cluster_cover._cover_kernel, {"BINS": 1024, "BLOCK": 1024}, 4, 3),
    (cluster_cover._share_kernel, {"BINS": 1024}, 4, 3),
]  # fmt: skip
EIGHT_BIT = ((True, 128, False), (True, 64, True), (False, 64, False))  # P·V in FP8, tile, dense


def argument_type(kernel, name, constants):
    """Signature entry of a run-time argument."""
    if name.endswith("_desc"):
        rows = constants["BLOCK_M"] if name == "q_desc" else constants["BLOCK_N"]
        tail = f"1, {constants['CHUNK']}" if "CHUNK" in constants else constants["D"]
        return f"tensordesc<bf16[1, 1, {rows}, {tail}]>"
    if kernel is kmeans._assign_kernel and name == "c_ptr":
        return "*bf16"
    if name == "active_ptr":
        return "*i8"
    if name == "order_ptr":
        return "*i64"
    if name == "out_ptr":
        return "*i32" if kernel is top_p._top_p_kernel else "*fp32"
    if name.endswith("_ptr"):
        return "*bf16" if name in BF16 else "*i32" if name in INT else "*fp32"
    return "fp32" if name.startswith(("scale", "tolerance")) else "i32"


def build(kernel, constants, warps, stages, arch):
    """Compile one kernel and look at what came out."""
    names = [p.name for p in kernel.params]
    kind = partial(argument_type, kernel)
    if kernel is eight_bit._attention_kernel:
        kind = eight_bit_type
    elif kernel is eight_bit._quantize_kernel:
        kind = rounding_type
    signature = {n: "constexpr" if n in constants else kind(n, constants) for n in names}
    aligned = {(i,): ALIGNED for i, n in enumerate(names) if n.endswith("_ptr") or n.startswith("stride_")}
    source = ASTSource(
        fn=kernel,
        signature=signature,
        attrs=aligned,
        constexprs={(names.index(n),): v for n, v in constants.items()},
    )
    built = compile(
        source, target=GPUTarget("cuda", arch, 32), options={"num_warps": warps, "num_stages": stages}
    )
    ptx = built.asm["ptx"]
    return {
        "kernel": kernel.fn.__name__,
        "arch": arch,
        "shared": built.metadata.shared,
        "wgmma": ptx.count("wgmma.mma_async"),
        "mma": ptx.count("mma.sync"),
        "bulk_copies": ptx.count("cp.async.bulk.tensor"),
    }


def build_hopper(D, tile_n, stages, ragged):
    """Compile the Gluon kernel, which names its shared layouts in the signature."""
    kernel = hopper.attention_hopper_kernel
    constants = {
        "D": D,
        "HALF": 64,
        "BLOCK_N": tile_n,
        "SPLIT_K": 128 // tile_n,
        "STAGES": stages,
        "RAGGED": ragged,
        "WITH_LSE": True,
    }
    names = [p.name for p in kernel.params]

    def kind(name):
        if name.endswith("_desc"):
            block = [1, 1, 64 if name == "q_desc" else tile_n, D]
            layout = gl.NVMMASharedLayout.get_default_for(block, gl.bfloat16)
            return f"tensordesc<bf16{block},{layout!r}>"
        return "constexpr" if name in constants else argument_type(kernel, name, constants)

    source = GluonASTSource(
        fn=kernel,
        signature={n: kind(n) for n in names},
        attrs={(i,): ALIGNED for i, n in enumerate(names) if n.endswith("_ptr") or n.startswith("stride_")},
        constexprs={(names.index(n),): v for n, v in constants.items()},
    )
    built = compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": 4})
    ptx = built.asm["ptx"]
    return {
        "kernel": kernel.fn.__name__,
        "arch": 90,
        "shared": built.metadata.shared,
        "wgmma": ptx.count("wgmma.mma_async"),
        "mma": 0,
        "bulk_copies": ptx.count("cp.async.bulk.tensor"),
    }


def rounding_type(name, constants):
    """Signature entry of the kernel that rounds to 8 bits."""
    rounded = "*i8" if constants["IS_INT"] else "*fp8e4nv"
    return rounded if name == "out_ptr" else argument_type(eight_bit._quantize_kernel, name, constants)


def eight_bit_type(name, constants):
    """Signature entry of the 8-bit kernel, INT8 Q and K."""
    if name in ("q_ptr", "k_ptr"):
        return "*i8"
    if name == "v_ptr":
        return "*fp8e4nv" if constants["PV_FP8"] else "*bf16"
    return argument_type(eight_bit._attention_kernel, name, constants)


if __name__ == "__main__":
    all_of_them = "--all" in sys.argv
    for case in ((128, 128, 2, True), (128, 64, 4, False), (64, 128, 3, True))[: None if all_of_them else 1]:
        print(json.dumps(build_hopper(*case)), flush=True)
    for pv_fp8, tile_n, dense in EIGHT_BIT[: None if all_of_them else 1]:
        made = {
            "PV_FP8": pv_fp8,
            "BLOCK_N": tile_n,
            "SPLIT_K": 128 // tile_n,
            "DENSE": dense,
            "IMPRECISE": 64,
        }
        constants = {"D": 128, "BLOCK_M": 128, "SPLIT_Q": 1, "RAGGED": True, **made}
        print(json.dumps(build(eight_bit._attention_kernel, constants, 8, 3, 90)), flush=True)
    for is_int in (True, False)[: None if all_of_them else 1]:
        made = {"LARGEST": 127.0, "BLOCK": 64, "PER_TOKEN": True, "SMOOTH": False, "IS_INT": is_int}
        print(json.dumps(build(eight_bit._quantize_kernel, {"D": 128, **made}, 4, 3, 90)), flush=True)
    seen = set()
    for kernel, constants, warps, stages in CASES:
        if kernel in seen and not all_of_them:
            continue
        seen.add(kernel)
        for arch in (80, 90):
            if arch == 80 and "descriptor" in kernel.fn.__name__:
                continue
            print(json.dumps(build(kernel, constants, warps, stages, arch)), flush=True)
    sys.exit(0)
