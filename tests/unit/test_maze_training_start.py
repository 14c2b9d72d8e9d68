"""How training starts: options that every launcher passes on, processes that agree, seconds that count."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import vidkit_process

from scripts.maze_training.parallel import Clock, Group
from scripts.train_maze_model import parser

ROOT = Path(__file__).resolve().parents[2]
AGREE = """
import torch
from torch import nn
from scripts.maze_training.parallel import Clock, Group

group = Group()
torch.manual_seed(group.rank)
layer = nn.Linear(3, 2)
group.broadcast(layer)
spare = nn.Parameter(torch.zeros(2))
layer(torch.full((1, 3), 1.0 + 2 * group.rank)).sum().backward()
if group.rank == 0:
    spare.grad = torch.full((2,), 4.0)
group.average_gradients([*layer.parameters(), spare])
clock = Clock(group, 100.0, 10.0 * group.rank)
found = [layer.weight.detach().sum(), layer.weight.grad[0, 0], spare.grad[0], group.total(torch.ones(1))[0]]
print("found", *(round(float(value), 4) for value in found), round(clock.tick(0), 2))
raise SystemExit
"""


def test_torchrun_passes_every_option_on():
    run = pytest.importorskip("torch.distributed.run")
    names = [name for action in parser()._actions for name in action.option_strings if name.startswith("--")]
    assert "--begin" in names
    for name in names:
        if name == "--help":
            continue
        given = run.get_args_parser().parse_args(["--nproc-per-node", "4", "train.py", "vae", name, "x"])
        assert given.training_script_args == ["vae", name, "x"], name


def test_two_processes_have_the_same_weights_gradients_and_clock():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    own = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **own, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    running = [
        vidkit_process.start([], ROOT, {**environment, "RANK": str(rank)}, heavy=True, prepare=AGREE)
        for rank in range(2)
    ]
    said = [process.communicate(timeout=600) for process in running]
    lines = [next((line for line in out.splitlines() if line.startswith("found")), err) for out, err in said]
    assert lines[0] == lines[1]
    weights, grad, spare, total, progress = map(float, lines[0].split()[1:])
    # the mean of 1 and 3; of 4 and of nothing; two processes; the clock of the first
    assert (grad, spare, total, progress) == (2.0, 2.0, 2.0, 0.0)
    assert weights != 0


def test_seconds_count_from_the_first_step_on_and_go_on_after_a_restart(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("scripts.maze_training.parallel.time.perf_counter", lambda: now[0])
    clock = Clock(Group(), 100.0, 30.0)
    now[0] += 5.0
    assert clock.start_over() == pytest.approx(5.0)
    assert clock.elapsed() == pytest.approx(30.0)
    now[0] += 2.0
    assert clock.elapsed() == pytest.approx(32.0)
    assert clock.present() == pytest.approx(7.0)
    assert clock.tick(0) == pytest.approx(0.32)
