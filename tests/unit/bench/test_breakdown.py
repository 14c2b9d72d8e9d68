"""Kernels land in the part of a forward that they belong to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from vidkit.bench.attention.breakdown import launches_of, part_of, split

SELF, LIBRARY, LINEAR = "self-attention", "attention by library kernels", "linear layers"
PREDICTION, ELEMENTWISE = "mask prediction", "norms, rotary and other elementwise"
FLASH = (
    "void pytorch_flash::flash_fwd_kernel<Flash_fwd_kernel_traits<128, 128, 32, 4, false, false, "
    "cutlass::bfloat16_t, Flash_kernel_traits<128, 128, 32, 4, cutlass::bfloat16_t>>, false, false>"
)
NAMES = {
    FLASH: LIBRARY,
    "void flash::flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, 64, cutlass::half_t>>": LIBRARY,
    "void cutlass::device_kernel<flash::enable_sm90<flash::FlashAttnFwdSm90<cutlass::bfloat16_t>>>": LIBRARY,
    "cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x64x128": LIBRARY,
    "fmha_cutlassF_bf16_aligned_64x64_rf_sm80(PyTorchMemEffAttention::AttentionKernel)": LIBRARY,
    "_attn_fwd": LIBRARY,
    "kernel_cutlass_kernel_flash_attncuteflash_fwd_FlashAttentionForwardSm90_object": SELF,
    "_attention_kernel": SELF,
    "_attention_descriptor_kernel": SELF,
    "attention_hopper_kernel": SELF,
    "triton_tem_fused_flex_attention_0": SELF,
    "nvjet_tst_128x256_64x4_2x1_v_bz_coopA_bias_TNN": LINEAR,
    "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_bf16_128x256_32x3_tn_align8>": LINEAR,
    "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1": LINEAR,
    "ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x5_tn": LINEAR,
    "void gemmSN_TN_kernel<float, 128, 16, 2, 4>": LINEAR,
    "void cublasLt::splitKreduce_kernel<32, 16, int, float>": LINEAR,
    "triton_tem_fused_addmm_3": LINEAR,
    "triton_poi_fused_add_mul_native_layer_norm_2": ELEMENTWISE,
    "triton_red_fused_mean_pow_rsqrt_1": ELEMENTWISE,
    "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>>": ELEMENTWISE,
    "_descriptor_kernel": PREDICTION,
    "_top_p_kernel": PREDICTION,
    "_assign_kernel": PREDICTION,
    "void at_cuda_detail::cub::DeviceRadixSortOnesweepKernel<long>": PREDICTION,
    "void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::MeanOps<float>>>":
        "pooled drift",
    "Memcpy DtoD (Device -> Device)": "other",
    "a_kernel_nobody_knows": "other",
}  # fmt: skip


@pytest.mark.parametrize(("name", "part"), NAMES.items(), ids=[name[:40] for name in NAMES])
def test_kernels_are_told_by_name(name, part):
    assert part_of(name) == part


def test_the_operator_tells_what_the_name_does_not():
    around = ["aten::_scaled_dot_product_flash_attention", "aten::scaled_dot_product_attention"]
    assert part_of("a_kernel_nobody_knows", around) == LIBRARY
    assert part_of("void cutlass::Kernel2<gemm>", around) == LIBRARY
    assert part_of("a_kernel_nobody_knows", ["cudaLaunchKernel", "aten::addmm", "aten::linear"]) == LINEAR
    assert part_of("a_kernel_nobody_knows", ["aten::copy_", "aten::to"]) == "other"
    # inside a linear layer an elementwise kernel (its bias) is still what it is called
    assert part_of("triton_poi_fused_add_0", ["aten::linear"]) == ELEMENTWISE


def test_dense_and_sparse_runs_have_the_same_linear_layers():
    layers = {"nvjet_tst_128x256_64x4_2x1_v_bz_coopA_bias_TNN": 90.0, "void cutlass::Kernel2<gemm>": 25.0}
    cross = {"cudnn_generated_fort_native_sdpa_sm90_flash_fprop": 6.5}
    dense = [layers | {FLASH: 700.0}, layers | cross | {"cudnn_generated_fort_native_sdpa_sm90_x": 300.0}]
    sparse = layers | cross | {"attention_hopper_kernel": 76.0, "_pointer_kernel": 5.0, "_top_p_kernel": 1.0}
    found = [split(run, []) for run in (*dense, sparse)]
    assert [parts[LINEAR] for parts in found] == [115.0] * 3
    assert [sum(parts.values()) for parts in found] == [sum(run.values()) for run in (*dense, sparse)]
    assert found[0][LIBRARY] == 700.0 and found[2][SELF] == 76.0


def test_a_name_that_serves_two_parts_is_divided_and_nothing_is_lost_or_counted_twice():
    launches = [("gemm_x", ["aten::mm"], 3.0), ("gemm_x", ["aten::_scaled_dot_product_x", "f"], 1.0)] * 2
    assert split({"gemm_x": 4.0, "unknown": 1.0}, launches) == {LINEAR: 3.0, LIBRARY: 1.0, "other": 1.0}


def test_launches_carry_the_operators_around_them():
    outer = SimpleNamespace(name="aten::linear", cpu_parent=None, kernels=[])
    inner = SimpleNamespace(
        name="aten::mm", cpu_parent=outer, kernels=[SimpleNamespace(name="k", duration=2.0)]
    )
    assert launches_of([outer, inner]) == [("k", ["aten::mm", "aten::linear"], 2.0)]
