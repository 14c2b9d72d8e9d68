"""Where a denoising loop stands: generation, branch, step, and when earlier masks no longer apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FALLBACK_BRANCHES = ("cond", "uncond")
MOST_FALLBACK_BRANCHES = 8  # more calls with the very same timesteps and latents are not guidance branches


@dataclass(frozen=True)
class Signature:
    """What identifies a step's timesteps, whatever their shape.

    Attributes:
        highest: largest timestep of the call.
        mean: mean timestep.
    """

    highest: float
    mean: float


@dataclass(frozen=True)
class Inputs:
    """Sums over what a call was given, to be compared for equality only.

    Attributes:
        latents: of the latents.
        conditions: of everything else but timesteps: prompt, image, control.
    """

    latents: tuple[float, ...] = ()
    conditions: tuple[float, ...] = ()


@dataclass(frozen=True)
class Tick:
    """One forward call.

    Attributes:
        branch: name of the guidance branch.
        step: index of the denoising step.
        epoch: changes when masks of earlier calls of the branch no longer apply.
        generation: changes when nothing of earlier calls applies.
    """

    branch: str
    step: int
    epoch: int
    generation: int = 0


@dataclass
class _Branch:
    epoch: int
    last: Signature
    inputs: Inputs
    step: int = 0


@dataclass
class Clock:
    """Counts steps per branch; shared by the transformers of a pipeline, so a warm-up counts once.

    A generation is over when that is said (`reset`), when a forward did not come to its end, and when a call
    cannot belong to it: its timestep is higher than the last one of its branch (next video, next window), it
    has the last one or the very first one again with other latents, or its step index does not grow.
    Everything starts anew then.

    A mean that rises under an unchanged maximum is a sliding window (block-autoregressive loops), and other
    conditions in a branch are another prompt: masks are dropped, the step continues.

    Attributes:
        running: a forward has begun and not ended.
        repeats: the schedule holds a timestep twice (Heun, large shifts): then that is the next step.
        generation: counts them.
    """

    branches: dict[str, _Branch] = field(default_factory=dict)
    running: bool = False
    repeats: bool = False
    generation: int = 0
    _first: Signature | None = None
    _last: tuple[Signature, Inputs] | None = None
    _called: list[str] = field(default_factory=list)
    _epochs: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Clock:
        return Clock()  # of another pipeline, which has begun nothing

    def tick(
        self,
        signature: Signature,
        branch: str | None = None,
        step: int | None = None,
        inputs: Inputs | None = None,
    ) -> Tick:
        """Register a forward call.

        Args:
            signature: of its timesteps.
            branch: name the pipeline gave (`cache_context`); None: told by its conditions, at first by
                the order of calls with equal timesteps and latents: conditional, then unconditional.
            step: index the pipeline gave, None: counted here.
            inputs: of the call; None: not known, as if always the same.
        """
        inputs = inputs or Inputs()
        if self.running:  # the last forward died on the way
            self.reset()
        name = branch or self._by_order(signature, inputs)
        if self._is_new(name, signature, step, inputs):
            self.reset()
            name = branch or self._by_order(signature, inputs)
        self._first, self._last = self._first or signature, (signature, inputs)
        state = self.branches.get(name)
        if state is None:
            state = self.branches[name] = _Branch(self._next_epoch(), signature, inputs, step or 0)
        else:
            self._advance(state, signature, step, inputs)
        return Tick(name, state.step, state.epoch, self.generation)

    def _by_order(self, signature: Signature, inputs: Inputs) -> str:
        """Name of a branch that the pipeline does not name: the one with these conditions, else the next."""
        last = self._last
        if last is None or (signature, inputs.latents) != (last[0], last[1].latents):
            self._called = []
        alike = (n for n, x in self.branches.items() if x.inputs.conditions == inputs.conditions)
        name = next((n for n in alike if n not in self._called), None)
        if name is None:
            n = len(self._called) % MOST_FALLBACK_BRANCHES  # so many calls alike are not guidance branches
            name = FALLBACK_BRANCHES[n] if n < len(FALLBACK_BRANCHES) else f"branch{n}"
        self._called.append(name)
        return name

    def _is_new(self, name: str, signature: Signature, step: int | None, inputs: Inputs) -> bool:
        """Whether the call cannot belong to the generation in progress."""
        state = self.branches.get(name)
        if state is None:
            return False
        other = inputs.latents != state.inputs.latents
        if step is not None:
            return step < state.step or (step == state.step and other)
        if signature.highest > state.last.highest + _tolerance(state.last):
            return True
        return other and not self.repeats and signature in (self._first, state.last)

    def _advance(self, state: _Branch, signature: Signature, step: int | None, inputs: Inputs) -> None:
        slides = signature.mean > state.last.mean + _tolerance(state.last)
        if slides or inputs.conditions != state.inputs.conditions:
            state.epoch = self._next_epoch()
        if step is not None:
            state.step = step
        elif signature != state.last or inputs.latents != state.inputs.latents:
            state.step += 1
        state.last, state.inputs = signature, inputs

    def _next_epoch(self) -> int:
        self._epochs += 1
        return self._epochs

    def reset(self) -> None:
        """Forget everything: the generation is over."""
        self.branches.clear()
        self.running = False
        self.generation += 1
        self._first = self._last = None
        self._called = []


def _tolerance(signature: Signature) -> float:
    """Timesteps this close are equal."""
    return 1e-4 * max(1.0, abs(signature.highest))
