"""KV compression: the bound, identity, O(L) redundancy, protection, order, refusals."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidkit.caching import compress_kv
from vidkit.caching.compression import POOL, importance, kv_score, redundancy
from vidkit.errors import ConfigError, DataError


def tensors(H: int = 2, L: int = 40, D: int = 8, heads: int = 4, Q: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return tuple(torch.randn(h, n, D, generator=draw) for h, n in ((H, L), (H, L), (heads, Q)))  # type: ignore[return-value]


def plain_scores(keys: Tensor, queries: Tensor, lam: float) -> Tensor:
    """The definition, token by token and with the whole L x L matrix."""
    H, L, D = keys.shape
    group = queries.shape[0] // H
    found = torch.zeros(H, L)
    for h in range(H):
        logits = torch.stack([queries[h * group + g] @ keys[h].T / math.sqrt(D) for g in range(group)])
        mean = logits.amax(0).softmax(-1).mean(0)
        pooled = torch.stack([mean[max(0, i - POOL // 2) : i + POOL // 2 + 1].max() for i in range(L)])
        unit = keys[h] / keys[h].norm(dim=-1, keepdim=True)
        cosine = unit @ unit.T
        cosine.fill_diagonal_(0)
        found[h] = lam * pooled - (1 - lam) * (cosine.sum(1) / (L - 1)).softmax(-1)
    return found


@pytest.mark.parametrize("lam", [0.0, 0.07, 1.0])
@pytest.mark.parametrize("heads", [2, 6])
def test_scores_equal_the_definition(lam: float, heads: int) -> None:
    keys, _, queries = tensors(heads=heads)
    torch.testing.assert_close(
        kv_score(keys, queries, lam), plain_scores(keys, queries, lam), atol=1e-5, rtol=0
    )


def test_redundancy_equals_the_whole_matrix() -> None:
    keys = tensors(L=300)[0]
    unit = F.normalize(keys, dim=-1)
    cosine = unit @ unit.transpose(1, 2)
    whole = ((cosine.sum(-1) - 1) / 299).softmax(-1)
    torch.testing.assert_close(redundancy(keys), whole, atol=1e-5, rtol=1e-5)


def test_importance_is_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, _, queries = tensors(Q=37)
    whole = importance(keys, queries)
    monkeypatch.setattr("vidkit.caching.compression._CHUNK", 1)
    torch.testing.assert_close(importance(keys, queries), whole)


@pytest.mark.parametrize("budget", [1, 7, 39])
def test_the_budget_is_a_bound_and_indices_are_sorted(budget: int) -> None:
    keys, values, queries = tensors()
    k, v, kept = compress_kv(keys, values, queries, budget)
    assert k.shape == v.shape == (2, budget, 8)
    assert kept.shape == (2, budget)
    assert (kept.diff(dim=1) > 0).all()
    for h in range(2):
        assert torch.equal(k[h], keys[h, kept[h]])
        assert torch.equal(v[h], values[h, kept[h]])


@pytest.mark.parametrize("budget", [40, 41, 1000])
def test_a_budget_for_all_keeps_all(budget: int) -> None:
    keys, values, queries = tensors()
    k, v, kept = compress_kv(keys, values, queries, budget)
    assert torch.equal(k, keys)
    assert torch.equal(v, values)
    assert torch.equal(kept, torch.arange(40).expand(2, 40))
    attended = F.scaled_dot_product_attention(queries[::2], k, v)
    assert torch.equal(attended, F.scaled_dot_product_attention(queries[::2], keys, values))


def test_heads_keep_tokens_of_their_own() -> None:
    keys, values, queries = tensors(L=200)
    kept = compress_kv(keys, values, queries, 50)[2]
    assert not torch.equal(kept[0], kept[1])


def test_duplicates_score_below_unique_keys_and_go_first() -> None:
    keys, values, queries = tensors(H=1, L=40, D=64, heads=1)
    keys[0, 20:] = keys[0, 20]
    score = kv_score(keys, queries, 0.07)[0]
    assert score[20:].max() < score[:20].min()
    kept = compress_kv(keys, values, queries, 20)[2]
    assert torch.equal(kept[0], torch.arange(20))


def test_first_and_last_tokens_are_protected() -> None:
    keys, values, queries = tensors()
    keys[:, :4] = keys[:, 36:] = keys[:, :1]  # what redundancy would drop at once
    kept = compress_kv(keys, values, queries, 10, sink=4, recent=4)[2]
    for head in kept.tolist():
        assert {0, 1, 2, 3, 36, 37, 38, 39} <= set(head)
        assert len(head) == 10


def test_zero_keys_and_one_token_are_finite() -> None:
    keys, values, queries = tensors()
    keys[:, 3] = 0
    assert torch.isfinite(kv_score(keys, queries)).all()
    one = keys[:, :1], values[:, :1]
    assert compress_kv(*one, queries, 1)[2].tolist() == [[0], [0]]


def test_half_precision_is_scored_in_full() -> None:
    keys, values, queries = tensors(L=500)
    low = [x.bfloat16() for x in (keys, values, queries)]
    full = [x.float() for x in low]
    assert torch.equal(compress_kv(*low, 100)[2], compress_kv(*full, 100)[2])
    assert compress_kv(*low, 100)[0].dtype is torch.bfloat16


def test_refusals() -> None:
    keys, values, queries = tensors()
    with pytest.raises(ConfigError, match="budget of 5 tokens does not hold the 6 protected") as error:
        compress_kv(keys, values, queries, 5, sink=2, recent=4)
    assert error.value.hint == "raise it to 6 or more, or protect fewer"
    with pytest.raises(ConfigError, match="budget must be >= 1 token, got 0"):
        compress_kv(keys, values, queries, 0)
    with pytest.raises(ConfigError, match="lam must be in"):
        compress_kv(keys, values, queries, 5, 1.5)
    with pytest.raises(ConfigError, match="sink and recent"):
        compress_kv(keys, values, queries, 5, sink=-1)
    with pytest.raises(DataError, match="do not fit"):
        compress_kv(keys, values[:, 1:], queries, 5)
    with pytest.raises(DataError, match="do not fit"):
        compress_kv(keys, values, queries[:3], 5)
    for word, text in (
        ({"budget": 5.0}, "budget=5.0 is not a whole number"),
        ({"budget": True}, "budget=True is not a whole number"),
        ({"budget": 5, "recent": "2"}, "recent='2' is not a whole number"),
        ({"budget": 5, "lam": "a"}, "lam must be in"),
    ):
        with pytest.raises(ConfigError, match=text):
            compress_kv(keys, values, queries, **word)
    with pytest.raises(DataError, match="keys are list"):
        compress_kv(keys.tolist(), values, queries, 5)
    with pytest.raises(DataError, match=r"values are torch\.int64"):
        compress_kv(keys, values.long(), queries, 5)
    keys[0, 0, 0] = torch.nan
    with pytest.raises(DataError, match="NaN or infinity"):
        compress_kv(keys, values, queries, 5)
