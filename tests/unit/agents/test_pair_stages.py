"""The pair behind a funnel: batched as they come, every question is answered as alone."""

import asyncio

import numpy as np
import pytest
import torch

from vidkit.agents.blend import fit_blend
from vidkit.agents.funnel import Funnel
from vidkit.agents.gate import Decision, gate
from vidkit.agents.gate_scores import auroc
from vidkit.agents.pair.columns import gate_columns, pair_columns, seeds_of
from vidkit.agents.pair.network import PairConfig, PairNetwork
from vidkit.agents.pair.running import run_agent
from vidkit.agents.pair.stages import LargeRunner, PairStages, Set
from vidkit.bench.agents.pair_gates import kept_risk, paired_interval, score_all
from vidkit.bench.agents.pair_groups import mixed
from vidkit.bench.agents.pair_runs import gate_of
from vidkit.synthetic.zoom_scenes.drawing import cropped, draw_pictures
from vidkit.synthetic.zoom_scenes.layout import split_of
from vidkit.synthetic.zoom_scenes.questions import draw_questions
from vidkit.synthetic.zoom_scenes.words import text_of


def networks() -> tuple[PairNetwork, PairNetwork]:
    torch.manual_seed(1)
    configs = (PairConfig(view=64, width=32, depth=3, heads=2, can_zoom=zoom) for zoom in (False, True))
    small, large = (PairNetwork(config).eval() for config in configs)
    return small, large


def questions(count: int) -> tuple[Set, torch.Tensor]:
    drawn = draw_questions(5, count)
    return Set(draw_pictures(drawn), drawn.tokens), drawn.answer


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (3, 7), (16, 16)])
def test_agents_that_share_passes_answer_as_alone(batch: int, workers: int) -> None:
    _, large = networks()
    asked, _ = questions(12)
    expected = run_agent(large, asked.pictures, asked.tokens)
    words = [text_of(row) for row in expected.final.argmax(-1).tolist()]

    async def main():
        runner = LargeRunner(large, asked, batch)
        free = asyncio.Semaphore(workers)

        async def one(place: int):
            async with free:
                return await runner.run(place)

        found = await asyncio.gather(*(one(place) for place in range(12)))
        runner.close()
        return found, runner.passes

    found, passes = asyncio.run(main())
    assert [one.answer for one in found] == words
    assert [one.depth - 1 for one in found] == expected.crops.tolist()
    if batch > 1:
        assert passes < sum(one.depth for one in found)


def test_crops_of_a_set_are_those_of_its_pictures() -> None:
    asked, _ = questions(4)
    cells = torch.tensor([3, 48])
    assert torch.equal(asked.crops([2, 0], cells), cropped(asked.pictures[[2, 0]], cells))


def test_a_pass_that_fails_fails_its_own_questions() -> None:
    small, large = networks()
    asked, _ = questions(4)

    async def main():
        runner = LargeRunner(large, asked, 2)
        stages = PairStages(
            small, runner, asked, lambda logits, free: [Decision(False, 0.0, "")] * len(logits)
        )
        report = await Funnel(stages, batch=2, workers=4).run([0, 1, -9, 2])
        stages.close()
        return report.outcomes

    outcomes = asyncio.run(main())
    assert len(outcomes) == 4 and "IndexError" in outcomes[2].problem
    assert sum(one.answer is not None for one in outcomes) >= 2


def test_gates_of_a_batch_decide_as_the_gate_of_one() -> None:
    small, large = networks()
    scored, _ = score_all(pair_columns(small, large, 30, 10, "calibrate"))
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(0, 4, (20, 2, 96)))
    plain = (("min_prob", "min_prob", 0.3), ("log_mean", "log_mean", 0.3))
    of_k = (("separability, K = 64", "paper", 0.8), ("margin (ours), K = 64", "margin", 0.8))
    for name, kind, limit in (*plain, *of_k):
        found = gate_of(name, limit, scored)(logits, torch.full((20,), 0.5))
        assert [one.accepted for one in found] == [
            gate(rows, limit, kind, 64).accepted for rows in logits.numpy()
        ]
    assert not any(gate_of("min_prob", None, scored)(logits, torch.zeros(20)))
    assert all(0 <= one.score <= 1 for one in gate_of("blend (ours)", 0.5, scored)(logits, torch.zeros(20)))


def test_a_blend_is_no_worse_than_its_parts() -> None:
    rng = np.random.default_rng(0)
    hidden, noise = rng.normal(size=3000), rng.normal(size=(2, 3000))
    right = rng.random(3000) < 1 / (1 + np.exp(-2 * hidden))
    parts = {"a": hidden + noise[0], "b": hidden + noise[1]}
    blend = fit_blend({name: values[:1500] for name, values in parts.items()}, right[:1500])
    score = blend.score(np.stack([parts["a"][1500:], parts["b"][1500:]], 1))
    best = max(auroc(values[1500:], right[1500:]) for values in parts.values())
    assert auroc(score, right[1500:]) > best + 0.02
    assert abs(score.mean() - right[1500:].mean()) < 0.03
    with pytest.raises(ValueError, match="no drafts"):
        fit_blend({"a": np.array([np.nan])}, [True])


def test_the_risk_is_kept_on_random_divisions() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(6000)
    right = rng.random(6000) < 0.6 + 0.4 * scores
    found = kept_risk(scores, right, 0.1, 0.02, 100, 0)
    assert found["kept"] >= 95 and found["believed_over_splits"] > 0.1


def test_columns_are_of_their_split_and_independent_of_batches() -> None:
    small, large = networks()
    assert all(split_of(seed) == "test" for seed, _ in zip(seeds_of("test"), range(5), strict=False))
    found = pair_columns(small, large, 7, 4, "test")
    assert found["logits"].shape == (7, 2, 96) and set(found) >= {
        "kind",
        "agent",
        "no_zoom",
        "small",
        "crops",
    }
    assert set(gate_columns(found["logits"])) >= {"min_prob", "log_mean", "entropy"}


@pytest.mark.parametrize(("share", "total"), [(0.5, 60), (0.9, 33), (0.1, 77)])
def test_a_mix_has_its_share_and_as_many_questions_as_there_are(share: float, total: int) -> None:
    free = np.array([True] * 30 + [False] * 70)
    places = mixed(free, share, 0)
    assert len(set(places.tolist())) == len(places) == total
    assert abs(free[places].mean() - share) < 0.02


def test_paired_intervals() -> None:
    assert paired_interval(np.zeros(50)) == (0.0, 0.0)
    low, high = paired_interval(np.array([1.0] * 10 + [0.0] * 90))
    assert 0.03 < low < 0.08 < 0.12 < high < 0.18
