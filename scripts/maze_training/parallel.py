"""What data-parallel training of a small model needs: one process a GPU, gradients averaged in one call."""

from __future__ import annotations

import os
import time

import torch
import torch.distributed as dist
from torch import Tensor, nn


class Group:
    """The processes of one run; also works alone and on a CPU."""

    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        cuda = torch.cuda.is_available()
        self.device = (
            torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) if cuda else 0)
            if cuda
            else torch.device("cpu")
        )
        if cuda:
            torch.cuda.set_device(self.device)
        if self.size > 1:
            dist.init_process_group("nccl" if cuda else "gloo")

    def broadcast(self, module: nn.Module) -> None:
        """Give every process the parameters of the first."""
        if self.size > 1:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.data, 0)

    def average_gradients(self, parameters: list[nn.Parameter]) -> None:
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:  # a batch may lack what another process's batch has
                parameter.grad = torch.zeros_like(parameter)
        grads = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in grads])
        dist.all_reduce(flat)
        flat /= self.size
        offset = 0
        for grad in grads:
            grad.copy_(flat[offset : offset + grad.numel()].view_as(grad))
            offset += grad.numel()

    def total(self, values: Tensor) -> Tensor:
        """Sum over processes."""
        values = values.to(self.device)
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def agree(self, value: float) -> float:
        """The first process's value, on all."""
        box = torch.tensor([value], device=self.device, dtype=torch.float64)
        if self.size > 1:
            dist.broadcast(box, 0)
        return float(box)


class Clock:
    """Progress of a run limited in seconds, the same on all processes and continued after a restart.

    Compiling, choosing convolutions and filling the first bank take 30 to 140 s on a GPU. `start_over` leaves
    them out, so that a short run is no shorter by them.
    """

    def __init__(self, group: Group, seconds: float, spent: float = 0.0, every: int = 10) -> None:
        self.group, self.seconds, self.spent, self.every = group, seconds, spent, every
        self.start = self.begun = time.perf_counter()
        self.progress = spent / seconds

    def tick(self, step: int) -> float:
        """Share of the time used, 0..1; read from the first process every few steps."""
        if step % self.every == 0:
            self.progress = self.group.agree(self.elapsed() / self.seconds)
        return self.progress

    def start_over(self) -> float:
        """Count from now on; returns the seconds that are left out."""
        now = time.perf_counter()
        left_out, self.start = now - self.start, now
        return left_out

    def present(self) -> float:
        """Seconds since this start of the process, nothing left out."""
        return time.perf_counter() - self.begun

    def elapsed(self) -> float:
        return self.spent + time.perf_counter() - self.start


class Average:
    """Exponential moving average of a module's parameters."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.names = [n for n, p in module.named_parameters()]
        self.shadow = [p.detach().clone() for p in module.parameters()]

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.shadow, [p.detach() for p in module.parameters()], 1 - decay)

    def state_dict(self) -> dict[str, Tensor]:
        return dict(zip(self.names, self.shadow, strict=True))

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        for name, tensor in zip(self.names, self.shadow, strict=True):
            tensor.copy_(state[name])


class Swapped:
    """Run a block with the averaged weights in place of the trained ones."""

    def __init__(self, module: nn.Module, average: Average) -> None:
        self.module, self.average = module, average

    def _swap(self) -> None:
        for parameter, shadow in zip(self.module.parameters(), self.average.shadow, strict=True):
            held = parameter.data.clone()
            parameter.data.copy_(shadow)
            shadow.copy_(held)

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *_: object) -> None:
        self._swap()
