"""The pair's network, its training and its figures, at a size that a test can hold."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from scripts.agent_pair_training.evaluation import figures  # noqa: E402
from scripts.agent_pair_training.losses import large_loss, small_loss  # noqa: E402
from scripts.agent_pair_training.trainer import Plan, train  # noqa: E402
from vidkit.agents import gate, separability  # noqa: E402
from vidkit.agents.confidence import min_prob  # noqa: E402
from vidkit.agents.gate_file import read_gate  # noqa: E402
from vidkit.agents.pair.columns import gate_columns, pair_columns, seeds_of  # noqa: E402
from vidkit.agents.pair.costs import relative_costs  # noqa: E402
from vidkit.agents.pair.folder import WEIGHTS, load_model, save_model  # noqa: E402
from vidkit.agents.pair.network import LARGE, SMALL, PairConfig, PairNetwork  # noqa: E402
from vidkit.agents.pair.running import draft, is_right, run_agent  # noqa: E402
from vidkit.errors import ModelError  # noqa: E402
from vidkit.synthetic.zoom_scenes.drawing import draw_pictures  # noqa: E402
from vidkit.synthetic.zoom_scenes.layout import CELLS  # noqa: E402
from vidkit.synthetic.zoom_scenes.questions import draw_questions  # noqa: E402
from vidkit.synthetic.zoom_scenes.words import END  # noqa: E402

TINY = PairConfig(view=64, width=32, depth=3, heads=2)
TINY_ZOOM = PairConfig(view=64, width=32, depth=3, heads=2, can_zoom=True)


def batch(count: int = 4, seed: int = 3):
    questions = draw_questions(seed, count)
    return questions, draw_pictures(questions)


def model(config: PairConfig) -> PairNetwork:
    torch.manual_seed(0)
    return PairNetwork(config)


def test_sizes_of_the_shipped_models() -> None:
    small, large = (sum(p.numel() for p in PairNetwork(one).parameters()) for one in (SMALL, LARGE))
    assert 1.2e6 < small < 2.5e6 and 7e6 < large < 11e6
    assert 2 * (small + large) < 25 * 2**20  # in bfloat16


def test_a_question_in_a_batch_is_answered_as_alone() -> None:
    questions, pictures = batch()
    agent = model(TINY_ZOOM).eval()
    whole = run_agent(agent, pictures, questions.tokens)
    for place in range(4):
        one = slice(place, place + 1)
        alone = run_agent(agent, pictures[one], questions.tokens[one])
        torch.testing.assert_close(alone.final, whole.final[one], atol=1e-4, rtol=1e-4)
        assert torch.equal(alone.cells, whole.cells[one]) and torch.equal(alone.crops, whole.crops[one])
    for cells, crops in zip(whole.cells.tolist(), whole.crops.tolist(), strict=True):
        assert len(set(cells[:crops])) == crops and set(cells[crops:]) <= {-1}
        assert all(0 <= cell < CELLS for cell in cells[:crops])


def test_before_training_answering_and_zooming_are_about_as_likely() -> None:
    questions, pictures = batch()
    found = run_agent(model(TINY_ZOOM).eval(), pictures, questions.tokens)
    assert ((found.answers_now > 0.1) & (found.answers_now < 0.9)).all()


@pytest.mark.parametrize("config", [TINY, TINY_ZOOM])
def test_a_few_questions_are_learned_by_heart(config: PairConfig) -> None:
    questions, pictures = batch(2)
    network = model(config).train()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(30):
        if config.can_zoom:
            loss, answers = large_loss(network, questions, pictures, 0.5)
        else:
            loss, answers = small_loss(network, questions, pictures)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(answers.item())
    assert min(losses[-5:]) < 0.3 * losses[0], losses


def test_every_parameter_learns() -> None:
    questions, pictures = batch(6)
    network = model(TINY_ZOOM).train()
    large_loss(network, questions, pictures, 0.5)[0].backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert idle == []


def test_training_goes_on_where_it_was_left(tmp_path: Path) -> None:
    first, note = train(model(TINY), Plan(60, 60, 2, 1e-3, most_steps=3), tmp_path, print)
    assert note["steps"] == 3 and not first.training
    state = json.loads((tmp_path / "state.json").read_text())
    _, note = train(model(TINY), Plan(60, 60, 2, 1e-3, most_steps=5), tmp_path, print)
    assert note["steps"] == 5 and note["questions"] == 10
    assert json.loads((tmp_path / "state.json").read_text())["seed"] > state["seed"]


def test_weights_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "small.safetensors"
    made = model(TINY).eval()
    save_model(made, file, {"steps": 1})
    read = load_model(file)
    questions, pictures = batch(2)
    torch.testing.assert_close(
        draft(read, pictures, questions.tokens).logits, draft(made, pictures, questions.tokens).logits,
        atol=0.05, rtol=0.05,
    )  # fmt: skip
    with pytest.raises(ModelError, match="no model file"):
        load_model(tmp_path / "none.safetensors")
    file.write_bytes(b"x" * 100)
    with pytest.raises(ModelError, match="cannot read"):
        load_model(file)


def test_gates_of_a_batch_are_those_of_one() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (30, 2, 96))
    logits[::2, 1, END] = 30
    found = gate_columns(logits)
    for place, rows in enumerate(logits):
        tokens = rows[:1] if rows[1].argmax() == END else rows
        assert found["separability, K = 64"][place] == pytest.approx(separability(tokens, 64))
        assert found["separability, K = 8"][place] == pytest.approx(separability(tokens, 8))
        assert found["min_prob"][place] == pytest.approx(min_prob(tokens))
        assert (found["margin (ours), K = 64"][place] > 0) == gate(tokens, 0.0, "margin").accepted


def test_figures_of_an_untrained_pair() -> None:
    small, large = model(TINY).eval(), model(TINY_ZOOM).eval()
    ratio = relative_costs(small, large)
    assert ratio[0] >= 1 and ratio[1] > 0
    found = figures(pair_columns(small, large, 60, 30), ratio)
    whole = found["accuracy"]["all"]
    assert whole["agent"]["count"] == 60 and 0 <= whole["small"]["low"] <= whole["small"]["high"] <= 1
    assert all(row["speedup"] > 0 and row["accuracy"]["count"] == 30 for row in found["funnel"])
    json.dumps(found)


def test_the_pair_that_ships_is_small_and_knows_its_world() -> None:
    files = {path.name: path for path in WEIGHTS.iterdir()}
    assert set(files) == {"small.safetensors", "large.safetensors", "gate.json"}
    assert sum(path.stat().st_size for path in files.values()) <= 25_000_000
    questions = draw_questions(next(seeds_of("test", 70_000_000)), 24)
    pictures = draw_pictures(questions)
    small, large = (load_model(files[f"{name}.safetensors"]) for name in ("small", "large"))
    right = is_right(draft(small, pictures, questions.tokens).logits, questions.answer)
    assert right.float().mean() > 0.65
    few = slice(0, 8)
    runs = run_agent(large, pictures[few], questions.tokens[few])
    assert is_right(runs.final, questions.answer[few]).sum() >= 7
    rule = read_gate(files["gate.json"]).rule_for("pair:small", "v-star-mini")
    assert rule.k == 64 and 0 < rule.threshold < 1
