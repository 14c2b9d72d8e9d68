"""State and decisions of sparse attention on one transformer, between the hook and the processors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from vidkit.attention.drift import Anchors, Pooled, pool
from vidkit.attention.executors import Executor, run_plan
from vidkit.attention.head_shares import HeadShares, Place
from vidkit.attention.plan import BlockPlan
from vidkit.attention.policy import AttentionPolicy
from vidkit.attention.predictors.base import HeadNumbers, PlanState
from vidkit.attention.some_queries import plan_of_some
from vidkit.attention.stats import Recorder
from vidkit.errors import ConfigError, DataError
from vidkit.hooks.clock import Tick
from vidkit.hooks.families import TextPlace
from vidkit.hooks.follower import Recording
from vidkit.hooks.not_pickled import NotPickled
from vidkit.hooks.token_grid import TokenGrid

# their kernels have no backward pass and would return tensors that no gradient goes through
WITHOUT_GRADIENT = ("fa4", "triton", "int8", "fp8")


@dataclass
class LayerState:
    """Mask cache of one (branch, layer).

    Attributes:
        key: shape, dtype and device the masks were made for; anything else invalidates them.
        plan: the predictor's cache.
        anchors: pooled Q and K of the last refresh.
    """

    key: tuple[object, ...]
    plan: PlanState
    anchors: Anchors | None = None


@dataclass
class BranchState:
    """Masks of one guidance branch in one epoch.

    Attributes:
        epoch: of its masks.
        step: of its last forward.
        layers: by index of the block.
    """

    epoch: int
    step: int = 0
    layers: dict[int, LayerState] = field(default_factory=dict)


class SparseRuntime(NotPickled):
    """Runs a policy on one transformer.

    Args:
        policy: what to do.
        layers: L, self-attentions.
        heads: H, attention heads.
        name: attribute name of the transformer on its pipeline.
        recorder: where figures go.
        alone: no other transformer shares the pipeline, so a table is meant for this one.
        depths: block of each layer, for `dense_layers`; None: one layer per block.
        text: where the prompt's tokens are.

    Attributes:
        sparse: whether the forward in progress is in its sparse phase; processors read it.
        in_graph: the transformer is compiled as a whole: the phase is only known to the compiled operators.
        recording: of the checkpointed block in progress, None: none.
        shares: which heads are here, where ranks share a clip; None: all.
    """

    what = "sparse attention"
    shares: HeadShares | None = None

    def __init__(
        self,
        policy: AttentionPolicy,
        layers: int,
        heads: int,
        name: str = "transformer",
        recorder: Recorder | None = None,
        alone: bool = True,
        depths: Sequence[int] | None = None,
        text: TextPlace = TextPlace.CROSS,
    ) -> None:
        self.text = text
        self.policy, self.layers, self.heads, self.name = policy, layers, heads, name
        self.recorder, self.alone = recorder or Recorder(), alone
        self.depths = tuple(range(layers) if depths is None else depths)
        self.sparse = self.in_graph = False
        self.recording: Recording | None = None
        self.sparse_layers: tuple[int, ...] = ()
        if policy.predictor is not None:
            self.thresholds = policy.thresholds(layers, heads, None if alone else name)
            deep = (i for i, depth in enumerate(self.depths) if depth >= policy.dense_layers)
            self.sparse_layers = tuple(i for i in deep if not self.thresholds.all_dense(i))
        self.branches: dict[str, BranchState] = {}
        self.tick = Tick("cond", 0, 0)
        self.grid: TokenGrid | None = None
        self._sums: dict[int, Tensor] = {}  # by layer, of this forward's pooled Q and K

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseRuntime:
        """The same policy with no state: masks belong to the transformer that made them."""
        return SparseRuntime(
            self.policy,
            self.layers,
            self.heads,
            self.name,
            alone=self.alone,
            depths=self.depths,
            text=self.text,
        )

    @property
    def chooses(self) -> bool:
        """Whether any layer may be sparse."""
        return bool(self.sparse_layers)

    @property
    def phase(self) -> bool:
        """Whether the forward in progress is in its sparse phase."""
        return self.sparse

    @phase.setter
    def phase(self, value: bool) -> None:
        self.sparse = value

    def begin(self, tick: Tick, grid: TokenGrid | None) -> None:
        """A forward starts: set the phase on the host, drop masks of another generation or epoch."""
        if tick.generation != self.tick.generation:
            self.clear()
        self._raise_if_bad()
        self.tick, self.grid = tick, grid
        branch = self.branches.get(tick.branch)
        if branch is None or branch.epoch != tick.epoch:
            self.branches[tick.branch] = branch = BranchState(tick.epoch)
        branch.step = tick.step
        if self.shares is not None:
            self._renew_shares(self.shares)
        tokens_ok = grid is None or grid.tokens >= self.policy.min_tokens
        if self.text is not TextPlace.CROSS and grid is None:  # which tokens are text is then not known
            tokens_ok = False
        self.sparse = bool(self.sparse_layers) and tick.step >= self.policy.dense_steps and tokens_ok
        dense = self.layers - len(self.sparse_layers) if self.sparse else self.layers
        self.recorder.begin(self.name, tick.branch, tick.step, dense)
        if self.sparse and getattr(self.policy.predictor, "uses_age", False):
            self._read_ages(branch)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, layer: int, pooled: Pooled | None = None) -> Tensor:
        """Sparse attention of one layer.

        Args:
            q: `[B, H, N, D]` after norm and RoPE.
            k: `[B, H, N, D]`.
            v: `[B, H, N, D]`.
            layer: index of the block.
            pooled: means of Q and K to measure drift on; None: of q and k themselves.

        Returns:
            `[B, H, N, D]`.
        """
        with torch.no_grad():  # a mask is a choice, not a function of Q and K
            plan = self._plan(q, k, v, layer, pooled)
        executor = self.policy.executor.choose(q, plan)
        if torch.is_grad_enabled() and (q.requires_grad or k.requires_grad or v.requires_grad):
            _refuse_gradient(executor, plan, q)
        return run_plan(executor, q, k, v, plan)

    def attend_some(self, q: Tensor, k: Tensor, v: Tensor, layer: int, index: Tensor) -> Tensor | None:
        """Sparse attention of some tokens, by the masks of the last forward that computed all of them.

        Args:
            q: of the tokens, `[B, H, U, D]`.
            k: of all tokens, `[B, H, N, D]`.
            v: likewise.
            layer: index of the block.
            index: which tokens, `[B, U]`, ascending.

        Returns:
            `[B, H, U, D]`; None: no mask of this layer is there yet.
        """
        branch = self.branches.get(self.tick.branch)
        state = None if branch is None else branch.layers.get(layer)
        if self.policy.share_cfg_mask:  # a branch without masks of its own takes those that it shares
            found = (b.layers.get(layer) for b in self.branches.values())
            state = next((one for one in found if one is not None and not one.plan.empty), state)
        shape = (q.shape[0], q.shape[1], k.shape[2], q.shape[3])
        if state is None or state.plan.empty or state.key != (shape, q.dtype, q.device):
            return None
        with torch.no_grad():
            assert self.policy.predictor is not None
            plan = self.policy.predictor.plan(k.shape[2], state.plan, self._with_text(k.shape[2]))
            plan = replace(plan, compensate=True) if self.policy.compensate else plan
            plan = self.policy.executor.settle(q, plan_of_some(plan, index))
            density = plan.head_density
            self.recorder.layer(density, density, False, density.numel())
        return run_plan(self.policy.executor.choose(q, plan), q, k, v, plan)

    def _plan(self, q: Tensor, k: Tensor, v: Tensor, layer: int, pooled: Pooled | None) -> BlockPlan:
        """Block lists of a call; those of its forward where a checkpointed block runs again."""
        if self.recording is not None and self.recording.made:
            kept: BlockPlan = self.recording.choices[layer]
            return kept
        predictor = self.policy.predictor
        assert predictor is not None
        state, shared = self._layer_state(q, layer)
        refreshed: Tensor | bool = False
        grid = self._with_text(q.shape[2])
        if not shared:
            pooled = pooled or pool(q, k)
            if self.shares is not None:
                pooled = self.shares.pooled(pooled, self.place(layer))
            refreshed = self._refresh(state, q, k, v, pooled, layer, grid)
        plan = predictor.plan(q.shape[2], state.plan, grid)
        plan = replace(plan, compensate=True) if self.policy.compensate else plan
        plan = self.policy.executor.settle(q, plan)
        density = plan.head_density
        selected = density if plan.selected_density is None else plan.selected_density
        if self.shares is not None:
            density, selected = self.shares.measured(density, selected, self.place(layer))
        self.recorder.layer(density, selected, refreshed, density.numel())
        if self.recording is not None:
            self.recording.choices[layer] = plan
        return plan

    def _with_text(self, tokens: int) -> TokenGrid | None:
        """The grid, with the text that shares the attention of so many tokens."""
        return None if self.grid is None else self.text.grid(self.grid, tokens)

    def place(self, layer: int) -> Place:
        """Where a layer's order of heads is kept: branches that share masks share it."""
        return ("" if self.policy.share_cfg_mask else self.tick.branch, layer)

    def _renew_shares(self, shares: HeadShares) -> None:
        """Give heads to ranks anew; masks go along."""
        moved = shares.renew(self.place(0)[0])
        for layer, (before, after) in moved.items():
            for name, branch in self.branches.items():
                concerned = self.policy.share_cfg_mask or name == self.tick.branch
                if concerned and layer in branch.layers:
                    shares.moved(branch.layers[layer].plan, before, after)

    def finish(self) -> None:
        """The generation is over: masks go, its figures become numbers.

        What the last forward's Q and K held is told now.

        Raises:
            DataError: NaN or infinity.
        """
        try:
            self._raise_if_bad()
        finally:
            self.clear()
            self.recorder.settle()

    def clear(self) -> None:
        """Forget all masks."""
        self.branches.clear()
        self.sparse = False
        self._sums.clear()

    def memory_bytes(self) -> int:
        """Bytes of cached masks and anchors."""
        total = 0
        for state in (s for b in self.branches.values() for s in b.layers.values()):
            anchors = [] if state.anchors is None else [state.anchors.q, state.anchors.k, state.anchors.step]
            total += sum(t.nbytes for t in [*state.plan.tensors(), *anchors])
        return total

    def _layer_state(self, q: Tensor, layer: int) -> tuple[LayerState, bool]:
        """The state to use, and whether it is another branch's, made at this step."""
        key = (tuple(q.shape), q.dtype, q.device)
        if self.policy.share_cfg_mask:
            for name, other in self.branches.items():
                found = other.layers.get(layer)
                if name == self.tick.branch:
                    break
                if other.step != self.tick.step:
                    continue
                if found is not None and found.key == key and not found.plan.empty:
                    return found, True
        layers = self.branches.setdefault(self.tick.branch, BranchState(self.tick.epoch)).layers
        state = layers.get(layer)
        if state is None or state.key != key:
            seed = (self.policy.seed + 1_000_003 * layer) % 2**63
            state = layers[layer] = LayerState(key, PlanState(seed=seed))
        return state, False

    def _refresh(
        self,
        state: LayerState,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        pooled: Pooled,
        layer: int,
        grid: TokenGrid | None,
    ) -> Tensor | bool:
        """Make new masks for the heads that need them; returns which did."""
        self._watch(pooled, layer)
        step = self.tick.step
        observe = getattr(self.policy.reuse, "observe", None)
        if observe is not None:
            observe((self.name, self.tick.branch, self.tick.epoch, layer), step, pooled)
        decision: Tensor | bool = True
        if state.anchors is not None and not state.plan.empty:
            decision = self.policy.reuse.decide(pooled, state.anchors, step)
        # on the CPU looking costs nothing and saves the call; a GPU gets the flags and skips heads itself
        if isinstance(decision, Tensor) and not q.is_cuda:
            decision = decision if bool(decision.any()) else False
        if decision is False:
            return False
        active = decision if isinstance(decision, Tensor) else None
        assert self.policy.predictor is not None
        age = None if state.anchors is None else step - state.anchors.step
        tau: Tensor = self.thresholds.tau(layer, q.shape[0], q.device)
        flags = active
        if self.shares is not None:  # of all heads, those that are here
            own = self.shares.own(self.place(layer))
            state.plan.heads = HeadNumbers(own, self.heads)
            tau = tau[:, list(own)]
            flags, age = (None if x is None else x[:, list(own)] for x in (flags, age))
        state.plan.age, state.plan.values = age, v
        self.policy.predictor.refresh(q, k, tau, state.plan, flags, grid)
        state.plan.values = None
        if active is None or state.anchors is None:
            state.anchors = Anchors.at(pooled, step)
        else:
            state.anchors = state.anchors.moved(pooled, step, active)
        return True if active is None else active

    def _watch(self, pooled: Pooled, layer: int) -> None:
        """Note what shows NaN or infinity in Q or K; on a GPU it is read at the start of the next forward."""
        self._sums[layer] = pooled.q.sum() + pooled.k.sum()
        if not pooled.q.is_cuda:
            self._raise_if_bad()

    def _raise_if_bad(self) -> None:
        if not self._sums:
            return
        layers, sums = list(self._sums), torch.stack(list(self._sums.values()))
        self._sums.clear()
        bad = [layer for layer, fine in zip(layers, torch.isfinite(sums).tolist(), strict=True) if not fine]
        if bad:
            raise DataError(
                f"Q or K of {self.name} holds NaN or infinity in layer {bad[0]}, step {self.tick.step}",
                "check the weights and the dtype (fp16 overflows where bf16 does not)",
                exit_code=1,
            )

    def _read_ages(self, branch: BranchState) -> None:
        """How old each layer's oldest mask is, in one read: idle k-means rounds are then not launched."""
        states = [s for s in branch.layers.values() if s.anchors is not None]
        if not states:
            return
        oldest = torch.stack([s.anchors.step.min() for s in states if s.anchors is not None]).tolist()
        for state, step in zip(states, oldest, strict=True):
            state.plan.max_age = self.tick.step - step

    def describe(self) -> dict[str, Any]:
        """Policy and what it came to, for records."""
        return {**self.policy.describe(), "executors_used": list(self.policy.executor.used)}


def _refuse_gradient(executor: Executor, plan: BlockPlan, q: Tensor) -> None:
    """Raise where a gradient would get lost in a kernel."""
    sorts = q.is_cuda and (plan.q_order is not None or plan.k_order is not None)
    if executor.name in WITHOUT_GRADIENT or sorts:
        what = "the kernel that sorts tokens" if sorts else f"executor '{executor.name}'"
        raise ConfigError(
            f"there are no gradients through {what}",
            "run under torch.no_grad(), or use executor=flex with xattention",
        )
