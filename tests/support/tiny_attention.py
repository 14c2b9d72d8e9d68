"""A small random transformer, a denoising loop over it, and a predictor that counts its refreshes."""

import torch
from diffusers import SkyReelsV2Transformer3DModel

from vidkit.attention import AttentionPolicy
from vidkit.attention.predictors import make_predictor
from vidkit.attention.reuse import make_reuse
from vidkit.config.attention_schema import AttentionSettings, Predictor

SIZE = {
    "num_attention_heads": 2, "attention_head_dim": 24, "in_channels": 4, "out_channels": 4, "text_dim": 16,
    "freq_dim": 32, "ffn_dim": 32, "num_layers": 3, "patch_size": (1, 2, 2), "rope_max_seq_len": 32,
    "cross_attn_norm": True, "qk_norm": "rms_norm_across_heads",
}  # fmt: skip


def make(kind=SkyReelsV2Transformer3DModel, **changes):
    torch.manual_seed(0)
    model = kind(**{**SIZE, **changes}).eval().requires_grad_(False)
    return model


def inputs(seed=0, frames=5, side=12):
    g = torch.Generator().manual_seed(seed)
    return {
        "hidden_states": torch.randn(1, 4, frames, side, side, generator=g),
        "encoder_hidden_states": torch.randn(1, 6, 16, generator=g),
    }


def loop(model, steps=4, branches=("cond", "uncond"), seed=0, context=True, end=True, start=900.0, **changes):
    """A denoising loop; returns outputs by (step, branch)."""
    x = inputs(seed, **changes)
    outputs = {}
    for step in range(steps):
        timestep = torch.tensor([start - 200.0 * step])
        for b, branch in enumerate(branches):
            call = {**x, "encoder_hidden_states": x["encoder_hidden_states"] * (1 + b)}
            call["hidden_states"] = x["hidden_states"] * (1 - 0.1 * step)
            if context:
                with model.cache_context(branch):
                    outputs[step, branch] = model(timestep=timestep, **call, return_dict=False)[0]
            else:
                outputs[step, branch] = model(timestep=timestep, **call, return_dict=False)[0]
    if end:
        model._reset_stateful_cache()
    return outputs


def xattention(**changes):
    return AttentionSettings(
        **{
            "predictor": Predictor.XATTENTION,
            "block_q": 16,
            "block_k": 16,
            "stride": 4,
            "tau": 0.5,
            **changes,
        }
    )


def same(a, b, tolerance=0.0):
    return all((a[key] - b[key]).abs().max() <= tolerance for key in a)


class CountingPredictor:
    """Wraps a predictor and notes the heads of each refresh."""

    uses_age = False

    def __init__(self, inner):
        self.inner, self.calls, self.name = inner, [], inner.name

    def describe(self):
        return self.inner.describe()

    def refresh(self, q, k, tau, state, active, grid):
        self.calls.append(q.shape[1] if active is None else int(active.sum()))
        self.inner.refresh(q, k, tau, state, active, grid)

    def plan(self, N, state, grid):
        return self.inner.plan(N, state, grid)


def counting(reuse="never", tau=0.5, **changes):
    predictor = CountingPredictor(make_predictor("xattention", block_q=16, block_k=16, stride=4))
    extra = {k: changes.pop(k) for k in list(changes) if k in ("delta", "interval", "gate")}
    return AttentionPolicy(predictor, make_reuse(reuse, **extra), tau=tau, **changes), predictor
