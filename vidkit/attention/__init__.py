"""Training-free sparse attention for video diffusion transformers.

`MaskPredictor x ReusePolicy x ThresholdTable x Executor`: who decides which key blocks a query block
reads, when a mask is recomputed, how much attention mass each head keeps, and who computes.
"""

from vidkit.attention.api import predict_mask, sparse_attention
from vidkit.attention.apply import AttentionHandle, disable, enable
from vidkit.attention.ebc import solve_budget
from vidkit.attention.plan import BlockPlan
from vidkit.attention.policy import AttentionPolicy, build_policy
from vidkit.attention.presets import preset
from vidkit.attention.thresholds import ThresholdTable
from vidkit.config.attention_schema import AttentionSettings
from vidkit.hooks.token_grid import TokenGrid

__all__ = [
    "AttentionHandle",
    "AttentionPolicy",
    "AttentionSettings",
    "BlockPlan",
    "ThresholdTable",
    "TokenGrid",
    "build_policy",
    "disable",
    "enable",
    "predict_mask",
    "preset",
    "solve_budget",
    "sparse_attention",
]
