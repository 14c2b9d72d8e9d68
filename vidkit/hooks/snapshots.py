"""Dense transformer inputs at chosen steps: where the probes start from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.hooks.hooks import HookRegistry, ModelHook
from torch import Tensor, nn

from vidkit.errors import DataError
from vidkit.hooks.calls import timestep_signature
from vidkit.hooks.clock import Clock
from vidkit.hooks.context import BranchContext
from vidkit.utils.damaged import DAMAGED_ARRAYS
from vidkit.utils.files import atomic_path

CAPTURE_HOOK = "vidkit_capture"


@dataclass(frozen=True)
class Snapshot:
    """Inputs of one transformer forward of a dense trajectory.

    Attributes:
        prompt: index in the pool.
        step: denoising step.
        inputs: keyword arguments of `transformer.forward`, tensors on the CPU.
    """

    prompt: int
    step: int
    inputs: dict[str, Any]

    def on(self, device: torch.device) -> dict[str, Any]:
        """Inputs with tensors on a device."""
        return {key: _moved(value, device) for key, value in self.inputs.items()}


def _moved(value: Any, device: torch.device, copy: bool = False) -> Any:
    """The value with its tensors, also those in tuples and lists, on a device."""
    if isinstance(value, Tensor):
        return value.detach().to(device, copy=copy)
    if isinstance(value, list | tuple):
        return type(value)(_moved(part, device, copy) for part in value)
    return value


class _CaptureHook(ModelHook):  # type: ignore[misc]
    _is_stateful = True

    def __init__(self, steps: Collection[int], branch: str | None) -> None:
        super().__init__()
        self.steps, self.branch = set(steps), branch
        # one generation, whatever its timesteps
        self.context, self.clock = BranchContext(), Clock(repeats=True)
        self.found: dict[int, dict[str, Any]] = {}

    def pre_forward(
        self, module: nn.Module, *args: Any, **kwargs: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        bound = inspect.signature(type(module).forward).bind(module, *args, **kwargs).arguments
        bound.pop("self")
        bound.update(bound.pop("kwargs", {}))
        tick = self.clock.tick(timestep_signature(bound["timestep"]), self.context.name, self.context.step)
        self.branch = self.branch or tick.branch
        if tick.branch == self.branch and tick.step in self.steps and tick.step not in self.found:
            kept = {key: _moved(value, torch.device("cpu"), copy=True) for key, value in bound.items()}
            self.found[tick.step] = kept
        return args, kwargs

    def reset_state(self, module: nn.Module) -> nn.Module:
        self.context.reset()
        self.clock.reset()
        return module


def capture_snapshots(
    transformer: nn.Module,
    generate: Callable[[int], object],
    prompts: Iterable[int],
    steps: Collection[int],
    branch: str | None = None,
) -> list[Snapshot]:
    """Run dense generations and keep the transformer's inputs at some steps.

    Args:
        transformer: of the pipeline that `generate` runs; no sparse attention on it.
        generate: runs a whole dense generation for a prompt's index.
        prompts: indices of the pool.
        steps: steps to keep.
        branch: guidance branch to keep; None: a step's first, the prompt's (branches share the table).

    Raises:
        DataError: a generation never reached one of the steps.
    """
    registry = HookRegistry.check_if_exists_or_initialize(transformer)
    snapshots = []
    for prompt in prompts:
        hook = _CaptureHook(steps, branch)
        registry.register_hook(hook, CAPTURE_HOOK)
        try:
            generate(prompt)
        finally:
            registry.remove_hook(CAPTURE_HOOK, recurse=False)
        missing = sorted(set(steps) - set(hook.found))
        if missing:
            raise DataError(
                f"the dense run of prompt {prompt} never reached step {missing[0]} of branch '{hook.branch}'",
                "choose steps below the number of denoising steps",
            )
        snapshots += [Snapshot(prompt, step, hook.found[step]) for step in sorted(hook.found)]
    return snapshots


def save_snapshots(path: str | Path, snapshots: list[Snapshot]) -> None:
    """Write snapshots atomically, so that a resumed calibration need not repeat the dense runs."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        torch.save([vars(s) for s in snapshots], temporary)


def load_snapshots(path: str | Path) -> list[Snapshot]:
    """Read what `save_snapshots` wrote; tensors and plain values only.

    Raises:
        DataError: missing or damaged.
    """
    try:
        with open(path, "rb") as file:  # the layout before zip, which these never had, is read slowly
            if file.read(4) != b"PK\x03\x04":
                raise ValueError("not an archive of tensors")
        return [Snapshot(**row) for row in torch.load(path, map_location="cpu", weights_only=True)]
    except FileNotFoundError as error:
        raise DataError(f"no snapshots at {path}", "run the calibration from the start") from error
    except DAMAGED_ARRAYS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path} is damaged: {reason}", "delete it; the dense runs are then repeated"
        ) from error
