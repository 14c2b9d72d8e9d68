"""Fewer keys and values of past frames: per head, the tokens that matter and do not repeat others.

Per head, with keys k_i and queries q:

    importance  I_i = maxpool_7( mean over q of softmax_i(q . k_i / sqrt(d)) )
    redundancy  R_i = softmax_i( mean over j != i of cos(k_i, k_j) )
    score_i     = lam * I_i - (1 - lam) * R_i

and the `budget` best are kept. With khat = k/|k|, the mean cosine is (khat_i . sum_j khat_j - 1) / (L - 1):
one sum over all keys serves every token, so time and memory are O(L), not O(L^2). Where several query heads
share a key head, their largest logit counts.

Source: FlowCache (arXiv 2602.10825). Ours: the first and last tokens can be protected, whatever their score;
the result never exceeds the budget; kept indices are sorted, so that order in time is preserved. Keys carry
their rotary embedding, so leaving tokens out moves none of the others.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vidkit.errors import ConfigError, DataError

POOL = 7  # neighbours that share importance
_CHUNK = 1 << 24  # values of logits at a time


def compress_kv(
    keys: Tensor,
    values: Tensor,
    queries: Tensor,
    budget: int,
    lam: float = 0.07,
    *,
    sink: int = 0,
    recent: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Keep at most `budget` tokens a head.

    Args:
        keys: `[H, L, D]`, after rotary embedding.
        values: `[H, L, Dv]`.
        queries: `[Hq, Q, D]` of tokens that will attend to them; Hq is a multiple of H, and query heads
            h*Hq/H .. share key head h.
        budget: tokens that are kept, >= 1.
        lam: weight of importance against redundancy, in [0, 1].
        sink: leading tokens that are always kept.
        recent: last tokens that are always kept.

    Returns:
        Kept keys `[H, n, D]` and values `[H, n, Dv]`, and their indices `[H, n]`, ascending, int64; n =
        min(budget, L). With budget >= L the tensors are those given.

    Raises:
        ConfigError: the budget does not hold the protected tokens, or lam is out of range.
        DataError: shapes that do not fit, or values that are not finite.
    """
    _check_shapes(keys, values, queries)
    _check_settings(budget, lam, sink, recent)
    H, L, _ = keys.shape
    if budget >= L:
        return keys, values, torch.arange(L, device=keys.device).repeat(H, 1)
    score = kv_score(keys, queries, lam)
    if not bool(torch.isfinite(score).all()):
        raise DataError(
            "keys or queries hold NaN or infinity", "stop the run at the step where they first appear"
        )
    score[:, :sink] = score[:, L - recent :] = torch.inf
    # a stable order: of equal scores the older token stays
    kept = score.sort(dim=1, descending=True, stable=True).indices[:, :budget].sort(dim=1).values
    return _rows(keys, kept), _rows(values, kept), kept


def kv_score(keys: Tensor, queries: Tensor, lam: float = 0.07) -> Tensor:
    """Importance against redundancy of every token, `[H, L]` fp32; higher is kept."""
    return lam * importance(keys, queries) - (1 - lam) * redundancy(keys)


def importance(keys: Tensor, queries: Tensor) -> Tensor:
    """Mean attention that a token receives, `[H, L]`; the largest of its neighbourhood of `POOL` tokens."""
    H, L, D = keys.shape
    groups = queries.float().reshape(H, -1, *queries.shape[1:])  # [H, G, Q, D]
    k = keys.float().transpose(1, 2).unsqueeze(1) * D**-0.5
    received = torch.zeros(H, L, device=keys.device)
    step = max(1, _CHUNK // (groups.shape[1] * H * L))
    for part in torch.split(groups, step, dim=2):
        logits = (part @ k).amax(1)  # [H, q, L]
        received += logits.softmax(-1).sum(1)
    return F.max_pool1d(received / queries.shape[1], POOL, stride=1, padding=POOL // 2)


def redundancy(keys: Tensor) -> Tensor:
    """Softmax over the tokens of the mean cosine with all others, `[H, L]`, in O(L)."""
    unit = F.normalize(keys.float(), dim=-1)
    own = unit.square().sum(-1)  # 1, and 0 of a key that is zero
    others = (unit * unit.sum(1, keepdim=True)).sum(-1) - own
    return (others / max(1, keys.shape[1] - 1)).softmax(-1)


def _rows(x: Tensor, kept: Tensor) -> Tensor:
    return x.gather(1, kept[..., None].expand(-1, -1, x.shape[-1]))


def _check_shapes(keys: Tensor, values: Tensor, queries: Tensor) -> None:
    for name, given in (("keys", keys), ("values", values), ("queries", queries)):
        if not isinstance(given, Tensor) or not given.is_floating_point():
            kind = given.dtype if isinstance(given, Tensor) else type(given).__name__
            raise DataError(f"{name} are {kind}", "give tensors of floating-point numbers")
    fits = (
        keys.dim() == values.dim() == queries.dim() == 3
        and keys.shape[:2] == values.shape[:2]
        and keys.shape[2] == queries.shape[2]
        and min(*keys.shape, *queries.shape) > 0
        and queries.shape[0] % keys.shape[0] == 0
    )
    if not fits:
        raise DataError(
            f"keys {tuple(keys.shape)}, values {tuple(values.shape)} and queries {tuple(queries.shape)} do"
            " not fit",
            "give keys and values [H, L, D] and queries [Hq, Q, D], with Hq a multiple of H",
        )


def _check_settings(budget: int, lam: float, sink: int, recent: int) -> None:
    for name, count in (("budget", budget), ("sink", sink), ("recent", recent)):
        if isinstance(count, bool) or not isinstance(count, int):
            raise ConfigError(f"{name}={count!r} is not a whole number", "give a number of tokens")
    if isinstance(lam, bool) or not isinstance(lam, int | float) or not 0 <= lam <= 1:
        raise ConfigError(f"lam must be in [0, 1], got {lam}", "the published value is 0.07")
    if sink < 0 or recent < 0:
        raise ConfigError(f"sink and recent must be >= 0, got {sink} and {recent}", "0 protects nothing")
    protected = sink + recent
    if budget < max(1, protected):
        raise ConfigError(
            f"a budget of {budget} tokens does not hold the {protected} protected ones (sink {sink}, recent"
            f" {recent})"
            if protected
            else f"the budget must be >= 1 token, got {budget}",
            f"raise it to {max(1, protected)} or more, or protect fewer",
        )
