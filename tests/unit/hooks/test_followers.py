"""Several followers on one transformer: each is told of every forward, and comes off without a trace."""

import itertools

import pytest
import torch
from diffusers import WanTransformer3DModel

from vidkit.hooks.families import family_of
from vidkit.hooks.install import Installation, find_transformers
from vidkit.hooks.reports import ForwardLog
from vidkit.hooks.root import hook_of
from vidkit.hooks.token_grid import TokenGrid

SIZE = {
    "num_attention_heads": 1,
    "attention_head_dim": 24,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 8,
    "freq_dim": 16,
    "ffn_dim": 16,
    "num_layers": 1,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 16,
}


class Notes:
    """A follower that writes down what it is told."""

    chooses = in_graph = False
    recording = None

    def __init__(self, what):
        self.what, self.phase, self.told = what, False, []

    def begin(self, tick, grid):
        self.phase = True
        self.told.append((tick.branch, tick.step, grid))

    def finish(self):
        self.told.append("finish")

    def clear(self):
        self.told.append("clear")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return WanTransformer3DModel(**SIZE).eval().requires_grad_(False)


def install(model, name, pipe=None):
    notes = Notes(name)
    found = find_transformers(model)
    families = {key: family_of(module) for key, module in found.items()}
    return notes, Installation(name, found, dict.fromkeys(found, notes), families, pipe)


def run(model, step=0):
    with model.cache_context("cond"):
        model(
            hidden_states=torch.ones(1, 4, 2, 4, 8) * (1 - 0.1 * step),
            timestep=torch.tensor([900 - 100 * step]),
            encoder_hidden_states=torch.ones(1, 3, 8),
        )


def test_each_is_told_of_every_forward_and_of_the_end(model):
    first, _ = install(model, "first")
    second, _ = install(model, "second")
    run(model)
    run(model, 1)
    model._reset_stateful_cache()
    grid = TokenGrid(2, 2, 4)
    assert first.told == second.told == [("cond", 0, grid), ("cond", 1, grid), "finish"]
    assert not first.phase, "blocks outside a forward meet no stale phase"


@pytest.mark.parametrize("order", list(itertools.permutations(("first", "second", "third"))))
def test_they_come_off_in_any_order_without_a_trace(order, model):
    before = {name: len(value) if hasattr(value, "__len__") else value for name, value in vars(model).items()}
    installed = {name: install(model, name) for name in ("first", "second", "third")}
    for n, name in enumerate(order):
        notes, installation = installed[name]
        installation.remove()
        assert hook_of(model, name) is None and notes.told == ["clear"] and not installation.mine()
        assert all(hook_of(model, other) is not None for other in order[n + 1 :])
    after = {name: len(value) if hasattr(value, "__len__") else value for name, value in vars(model).items()}
    assert after == before
    run(model)
    assert all(notes.told == ["clear"] for notes, _ in installed.values())


def test_what_somebody_else_has_replaced_is_left_alone(model):
    notes, old = install(model, "first")
    old.remove()
    new_notes, new = install(model, "first")
    old.remove()
    run(model)
    assert len(new.mine()) == 1 and len(new_notes.told) == 1 and notes.told == ["clear", "clear"]


def test_fresh_rows_are_those_since_the_last_report(monkeypatch):
    monkeypatch.setattr("vidkit.hooks.reports.KEPT_ROWS", 3)
    log = ForwardLog()
    for number in range(2):
        log.append(number)
    assert log.fresh() == [0, 1] and log.fresh() == []
    for number in range(2, 7):
        log.append(number)
    assert log.rows() == log.fresh() == [4, 5, 6], "no more than are kept"
    log.append(7)
    assert log.fresh() == [7]
    log.clear()
    assert log.rows() == log.fresh() == []
