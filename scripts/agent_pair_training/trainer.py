"""One model's training by the clock: batches drawn beside the steps, EMA, checkpoints, resume."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from scripts.agent_pair_training.losses import large_loss, small_loss
from vidkit.agents.pair.network import PairNetwork
from vidkit.synthetic.zoom_scenes.drawing import draw_pictures
from vidkit.synthetic.zoom_scenes.layout import is_held_out
from vidkit.synthetic.zoom_scenes.questions import SHARES, Questions, draw_questions


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model is trained.

    Attributes:
        seconds: of this run.
        total: that the learning rate's schedule spans, over all runs.
        batch: questions a step.
        rate: highest learning rate.
        warmup: steps until it.
        ema: decay of the weights' average, which is what is kept.
        seed: first seed of the batches; is raised by every step.
        most_steps: steps at most, for tests; None: by the clock alone.
        compile: compile the blocks.
        shares: of the kinds of questions.
    """

    seconds: float
    total: float
    batch: int
    rate: float
    warmup: int = 150
    ema: float = 0.998
    seed: int = 1_000
    most_steps: int | None = None
    compile: bool = False
    shares: tuple[float, ...] = SHARES


class Feed:
    """Draws the next batch on a stream of its own while the step before runs."""

    def __init__(
        self, seed: int, batch: int, device: torch.device, shares: tuple[float, ...] = SHARES
    ) -> None:
        self._shares = shares
        self._seeds, self._batch, self._device = _training_seeds(seed), batch, device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.seed = seed
        self._next = self._drawn()

    def _drawn(self) -> tuple[Questions, Tensor]:
        self.seed = next(self._seeds)
        with torch.cuda.stream(self._stream) if self._stream else torch.no_grad():
            questions = draw_questions(self.seed, self._batch, self._device, self._shares)
            return questions, draw_pictures(questions)

    def batch(self) -> tuple[Questions, Tensor]:
        """The batch that is ready; the next one is begun."""
        if self._stream is not None:
            torch.cuda.current_stream().wait_stream(self._stream)
        ready = self._next
        if self._stream is not None:
            ready[1].record_stream(torch.cuda.current_stream())
            self._stream.wait_stream(torch.cuda.current_stream())
        self._next = self._drawn()
        return ready


def _training_seeds(start: int) -> Iterator[int]:
    seed = start
    while True:
        if not is_held_out(seed):
            yield seed
        seed += 1


def train(
    model: PairNetwork, plan: Plan, folder: Path, say: Callable[[str], None]
) -> tuple[PairNetwork, dict[str, object]]:
    """Train by the clock; resumes from `folder`.

    Returns:
        The averaged weights' model, and what was done.
    """
    device = model.grid.device
    average = copy.deepcopy(model).requires_grad_(False)
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.98), fused=device.type == "cuda")
    state = _restored(folder, model, average, optimizer)
    done_s, step, questions_seen = state["seconds"], int(state["steps"]), int(state["questions"])
    feed = Feed(max(plan.seed, int(state["seed"])), plan.batch, device, plan.shares)
    if plan.compile:
        for block in model.blocks:
            block.compile(dynamic=False)
    start, told, kept = time.monotonic(), 0.0, time.monotonic()
    model.train()
    while True:
        spent = time.monotonic() - start
        if spent >= plan.seconds or (plan.most_steps is not None and step >= plan.most_steps):
            break
        share = min(1.0, (done_s + spent) / plan.total)
        rate = (
            plan.rate
            * min(1, (step + 1) / plan.warmup)
            * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, answers = _step(model, optimizer, feed, share)
        step, questions_seen = step + 1, questions_seen + plan.batch
        with torch.no_grad():
            decay = min(plan.ema, (1 + step) / (10 + step))
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
        if step % 50 == 0 and spent - told > 15:
            told = spent
            if not math.isfinite(float(loss)):
                raise FloatingPointError(f"the loss is {float(loss)} at step {step}")
            speed = questions_seen / (done_s + spent)
            say(f"{done_s + spent:.0f} s, step {step}, {speed:.0f} questions/s, loss {float(loss):.3f}, "
                f"answers {float(answers):.3f}, rate {rate:.1e}")  # fmt: skip
        if time.monotonic() - kept > 60:
            kept = time.monotonic()
            _keep(folder, model, average, optimizer, done_s + spent, step, questions_seen, feed.seed)
    seconds = done_s + time.monotonic() - start
    _keep(folder, model, average, optimizer, seconds, step, questions_seen, feed.seed)
    note = {"seconds": round(seconds, 1), "steps": step, "questions": questions_seen, "plan": asdict(plan)}
    return average.eval(), note


def _step(
    model: PairNetwork, optimizer: torch.optim.Optimizer, feed: Feed, share: float
) -> tuple[Tensor, Tensor]:
    questions, pictures = feed.batch()
    device = pictures.device
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
        if model.config.can_zoom:
            # at first a teacher alone says where to look
            loss, answers = large_loss(model, questions, pictures, 0.0 if share < 0.12 else 0.6)
        else:
            loss, answers = small_loss(model, questions, pictures)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach(), answers.detach()


def _keep(
    folder: Path,
    model: PairNetwork,
    average: PairNetwork,
    optimizer: torch.optim.Optimizer,
    seconds: float,
    steps: int,
    questions: int,
    seed: int,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "checkpoint.part"
    states = {
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    torch.save(states, partial)
    partial.replace(folder / "checkpoint.pt")
    state = {"seconds": seconds, "steps": steps, "questions": questions, "seed": seed}
    (folder / "state.json").write_text(json.dumps(state))


def _restored(
    folder: Path, model: PairNetwork, average: PairNetwork, optimizer: torch.optim.Optimizer
) -> dict[str, float]:
    if not (folder / "state.json").is_file():
        return {"seconds": 0.0, "steps": 0, "questions": 0, "seed": 0}
    states = torch.load(folder / "checkpoint.pt", map_location=model.grid.device, weights_only=True)
    model.load_state_dict(states["model"])
    average.load_state_dict(states["average"])
    optimizer.load_state_dict(states["optimizer"])
    found: dict[str, float] = json.loads((folder / "state.json").read_text())
    return found
