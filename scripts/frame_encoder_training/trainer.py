"""The training run: short steps on one device, checkpoints, a log."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scripts.frame_encoder_training.augment import degrade
from scripts.frame_encoder_training.bank import SEEDS_A_RUN, Bank, Chunk
from scripts.frame_encoder_training.network import embed_pixels, embed_texts, make_network, to_pixels


@dataclass(frozen=True)
class Plan:
    """Size and length of a run; `total_s` spans the learning-rate schedule over all runs together."""

    seconds: float
    total_s: float | None = None
    batch: int = 2048
    bank: int = 400_000
    workers: int = 15
    rate: float = 1e-3
    log_every: int = 50  # steps
    save_every_s: float = 60.0
    seed: int = 0
    compile: bool = False


def contrastive_loss(network: Any, batch: Chunk) -> Tensor:
    """Symmetric InfoNCE; equal captions are all right answers, altered captions are further wrong ones."""
    pictures, texts, false = batch
    image = embed_pixels(network, degrade(to_pixels(pictures)))
    every = torch.cat([texts, false])
    text = embed_texts(network, every)
    with torch.autocast(image.device.type, enabled=False):  # bf16 would round logits near 100 to quarters
        logits = network.logit_scale.float().exp().clamp(max=100) * image @ text.T
    right = _equal(texts, every)
    true = right[:, : len(texts)]
    by_image = -(right / right.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1).mean()
    by_text = -(true / true.sum(0) * logits[:, : len(texts)].log_softmax(0)).sum(0).mean()
    return (by_image + by_text) / 2


def _equal(one: Tensor, other: Tensor) -> Tensor:
    """Which rows of ids are equal, as floats [B, T]; by a hash of 60 bits."""
    primes = torch.arange(one.shape[1], device=one.device) * 2_654_435_761 + 97_531
    keys = [((ids + 1) * primes * (primes ^ (ids * 40_503))).sum(1) for ids in (one, other)]
    return (keys[0][:, None] == keys[1][None]).float()


class Run:
    """One training run in a folder; goes on from the folder's checkpoint where there is one."""

    def __init__(self, folder: Path, plan: Plan, start: Path | None = None) -> None:
        self.folder, self.plan = folder, plan
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.set_float32_matmul_precision("high")
        torch.manual_seed(plan.seed)
        self.network = make_network().to(self.device)
        self.step, self.spent_s, self.drawn = 0, 0.0, 0
        if start is not None:
            self._start_from(start)
        decay = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
            lr=plan.rate,
            betas=(0.9, 0.98),
            fused=self.device.type == "cuda",
        )
        folder.mkdir(parents=True, exist_ok=True)
        self.state_file = folder / "state.pt"
        if self.state_file.exists():
            self._resume()
        self.total_s = plan.total_s or self.spent_s + plan.seconds
        self.bank = Bank(plan.bank, self.device, plan.workers, self.drawn + plan.seed * SEEDS_A_RUN)
        if plan.compile:
            self._compile()

    def _start_from(self, folder: Path) -> None:
        from safetensors.torch import load_file

        weights = load_file(str(folder / "model.safetensors"))
        self.network.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
        print(f"weights from {folder}", flush=True)

    def _resume(self) -> None:
        state = torch.load(self.state_file, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent_s, self.drawn = state["step"], state["seconds"], state["drawn"]
        print(f"going on at step {self.step}, {self.spent_s:.0f} s", flush=True)

    def _compile(self) -> None:
        begin = time.time()
        layers = self.network.vision_model.encoder
        layers.compile(dynamic=False)
        self.bank.fill(4 * self.plan.batch)
        try:
            self._loss().backward()
        except Exception as error:  # any failure of the compiler; the run goes on without it
            layers._compiled_call_impl = None
            print(f"not compiled: {type(error).__name__}: {str(error)[:200]}", flush=True)
        self.optimizer.zero_grad(set_to_none=True)
        print(f"compiled in {time.time() - begin:.0f} s", flush=True)

    def train(self) -> None:
        """Steps until the run's seconds are over; they count from here, start-up apart."""
        try:
            self._steps(self.plan)
        finally:
            self.bank.close()

    def _steps(self, plan: Plan) -> None:
        self.bank.fill(max(4 * plan.batch, 20_000))
        begin = saved = time.time()
        losses: list[Tensor] = []
        with (self.folder / "log.jsonl").open("a") as log:
            while (elapsed := time.time() - begin) < plan.seconds:
                self.bank.refresh()
                losses.append(self._update(self.spent_s + elapsed))
                if self.step % plan.log_every == 0:
                    self._log(log, self.spent_s + elapsed, losses)
                    losses.clear()
                if time.time() - saved > plan.save_every_s:
                    self.save(self.spent_s + time.time() - begin)
                    saved = time.time()
        self.save(self.spent_s + time.time() - begin)

    def _update(self, seconds: float) -> Tensor:
        warm = min(1.0, (self.step + 1) / 300)
        share = min(1.0, seconds / self.total_s)
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        loss = self._loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return loss.detach()

    def _loss(self) -> Tensor:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda"):
            return contrastive_loss(self.network, self.bank.sample(self.plan.batch))

    def _log(self, log: Any, seconds: float, losses: list[Tensor]) -> None:
        drawn = self.drawn + self.bank.drawn
        row = {
            "step": self.step,
            "seconds": round(seconds, 1),
            "loss": round(torch.stack(losses).mean().item(), 4),
            "drawn": drawn,
            "seen": self.step * self.plan.batch,
            "rate": self.optimizer.param_groups[0]["lr"],
        }
        print(json.dumps(row), flush=True)
        log.write(json.dumps(row) + "\n")
        log.flush()

    def save(self, seconds: float) -> None:
        """Write the checkpoint; a killed run keeps the one before."""
        state = {
            "model": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": seconds,
            "drawn": self.drawn + self.bank.drawn,
            "plan": json.dumps(asdict(self.plan)),
        }
        temporary = self.state_file.with_suffix(".tmp")
        torch.save(state, temporary)
        os.replace(temporary, self.state_file)
