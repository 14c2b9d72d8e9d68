"""Q, K and V of the embedded model's self-attention, as mask predictors see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from vidkit.attention import AttentionPolicy, enable
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import PlanState, make_predictor
from vidkit.bench.attention_quality.clips import ClipMaker, draw_clips
from vidkit.generation import LoadOptions, ModelSpec, embedded_folder, load_pipeline
from vidkit.generation.load import LoadedModel
from vidkit.generation.spec import spec_from_folder
from vidkit.hooks.token_grid import TokenGrid


@dataclass
class Capturing:
    """A predictor that keeps what it is given, on the host.

    Attributes:
        taken: Q, K, V `[B, H, N, D]` by call.
        grid: of the tokens.
    """

    name: str = "pooled_mean"
    taken: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)
    grid: TokenGrid | None = None

    def __post_init__(self) -> None:
        self.inner: Any = make_predictor("pooled_mean", block_q=48, block_k=48)

    def describe(self) -> dict[str, Any]:
        return dict(self.inner.describe())

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        plan: BlockPlan = self.inner.plan(N, state, grid)
        return plan

    def refresh(
        self,
        q: Tensor,
        k: Tensor,
        tau: Tensor,
        state: PlanState,
        active: Tensor | None,
        grid: TokenGrid | None,
    ) -> None:
        assert state.values is not None
        self.grid = grid
        self.taken.append((q.float().cpu(), k.float().cpu(), state.values.float().cpu()))
        self.inner.refresh(q, k, tau, state, active, grid)


def embedded_model(device: torch.device) -> LoadedModel:
    """The model in fp32."""
    folder = embedded_folder()
    spec = spec_from_folder(ModelSpec("maze", "skyreels_df", {}, {}), folder)
    return load_pipeline(spec, folder, LoadOptions(device, torch.float32))


def captured(steps: int, device: torch.device, dense_steps: int = 1) -> Capturing:
    """One maze, all layers and the steps behind the dense ones; masks of tau 0.99 hardly change it."""
    model = embedded_model(device)
    found = Capturing()
    policy = AttentionPolicy(found, tau=0.99, dense_steps=dense_steps)  # type: ignore[arg-type]
    with enable(model.pipe, policy):
        ClipMaker(model).latents(draw_clips([5], 1, 0, "captured"), steps)
    return found
