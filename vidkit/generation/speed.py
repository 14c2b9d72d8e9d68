"""The fast path of a run: kernels of dense attention and compiled blocks, chosen, put on, and told.

A kernel that was asked for is refused early if it cannot run; one that was not is measured on the device and
remembered (`vidkit.hooks.dense.choice`). Blocks are compiled where that saves more seconds than it takes.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from vidkit.errors import ConfigError
from vidkit.generation.causal.cost import chunk_passes
from vidkit.generation.plan import forward_count, pass_tokens
from vidkit.generation.spec import ModelSpec, Request

if TYPE_CHECKING:
    import torch

    from vidkit.generation.load import LoadedModel
    from vidkit.generation.record import StepRecord
    from vidkit.hooks.dense.choice import Choice

# what compiling saves: norms, rotary embedding, gates and residuals read and write each value of the residual
# stream less often, and a layer launches fewer kernels, which short passes wait for. Fitted to 99 and 207 ms
# a forward of Wan2.1-1.3B at 480p and 720p on an H200 (docs/benchmarks.md) and to 26 ms a pass of a chunk of
# 4,680 tokens on an H100 (docs/causal.md), within 8 %
SAVED_BYTES = 280.0
SAVED_SECONDS_PER_LAYER = 0.33e-3
# seconds that compiling takes where no run has measured it: 13 (720p) to 16 on an H100 with Wan2.1-1.3B
COMPILE_SECONDS = 14.0


@dataclass
class SpeedRun:
    """What makes one run fast, and what it came to.

    Attributes:
        compile: `auto`, `blocks` or `off`.
        backend: `auto`, or a kernel of `vidkit.hooks.dense.kernels`.
        notes: what the user should know.
    """

    compile: str = "off"
    backend: str = "native"
    notes: list[str] = field(default_factory=list)
    _told: dict[str, Any] = field(default_factory=dict, repr=False)

    def check(self, device: torch.device, dtype: torch.dtype, offload: str = "none") -> None:
        """Refuse what cannot be done on a device, before weights are loaded.

        Raises:
            ConfigError: a kernel or a compiler that is not there.
        """
        if self.backend not in ("auto", "native"):
            from vidkit.hooks.dense.kernels import require_kernel

            require_kernel(self.backend, device, dtype)
        if self.compile == "blocks":
            from vidkit.hooks.compiled_blocks import compiler_problem

            why = compiler_problem(device)
            if offload == "sequential":
                why = "model.offload=sequential moves every layer on its own"
            if why is not None:
                raise ConfigError(f"compile=blocks cannot be used: {why}", "set compile=auto or compile=off")

    @contextmanager
    def on(self, model: LoadedModel, request: Request, clips: int = 1) -> Iterator[None]:
        """Kernels and compiled blocks on a model, for as long as the block lasts.

        Args:
            model: loaded.
            request: what shapes the clips.
            clips: how many of this shape are made.
        """
        self._told = {"dense": "native", "cross_attention": "native", "compile": "off"}
        self._told["decode"] = decode_words(model)
        device = model.options.device
        if model.spec.is_magi:  # other kernels and compiled blocks when asked for are refused before
            self._told["why"] = "MAGI-1 runs on torch's own kernels"
            yield
            return
        from vidkit.hooks.dense.processor import dense_kernels
        from vidkit.hooks.install import families_of, find_transformers

        transformers = find_transformers(model.pipe)
        families = families_of(transformers)
        if device.type == "cpu" and self.compile != "blocks":
            with dense_kernels(transformers, families, "native"):  # padding is left out on a CPU, too
                yield
            return
        with ExitStack() as stack:
            dense, cross = self._kernels(model, request)
            stack.enter_context(dense_kernels(transformers, families, dense, cross))
            if self._compiles(model, request, clips):
                from vidkit.hooks.compiled_blocks import compiled_blocks

                forgiving = self.compile == "auto"
                count = stack.enter_context(compiled_blocks(transformers, families, forgiving))
                self._told |= {"compile": "blocks", "compiled_blocks": count}
            yield

    def report(self, steps: Sequence[StepRecord] = ()) -> dict[str, Any]:
        """Kernels by what they computed, for the record; what compiling took is kept for later runs."""
        told = dict(self._told)
        sparse = sorted({step.executor for step in steps if step.executor is not None})
        if sparse:
            told["sparse"] = ", ".join(sparse)
        seconds = first_call_seconds(steps)
        if told.get("compile") == "blocks" and seconds is not None:
            told["first_steps_extra_seconds"] = seconds
            key = told.pop("compile_key", None)
            if key is not None:
                from vidkit.hooks.dense.choice import remember

                remember(key, {"seconds": seconds})
        told.pop("compile_key", None)
        return told

    def _kernels(self, model: LoadedModel, request: Request) -> tuple[str, str]:
        """Kernels of self- and cross-attention."""
        from vidkit.hooks.dense.choice import Case, choose
        from vidkit.hooks.dense.kernels import KERNELS

        spec, options = model.spec, model.options
        head_dim, (tokens, seen) = spec.dim // spec.heads, pass_tokens(spec, request)
        own = Case(options.device, options.dtype, 1, spec.heads, tokens, seen, head_dim)
        text = Case(
            options.device, options.dtype, 1, spec.heads, tokens, request.max_sequence_length, head_dim
        )
        found = choose(own) if self.backend == "auto" else None
        self_attention = self.backend if found is None else found.name
        named = [kernel.name for kernel in KERNELS.values() if kernel.diffusers]
        cross = choose(text, named) if self.backend != "native" else None
        self._told |= {
            "dense": self_attention,
            "cross_attention": "native" if cross is None else cross.name,
            "measured": {
                name: _measured(case, choice)
                for name, case, choice in (("dense", own, found), ("cross_attention", text, cross))
                if choice is not None
            },
        }
        return self_attention, self._told["cross_attention"]

    def _compiles(self, model: LoadedModel, request: Request, clips: int) -> bool:
        """Whether blocks are to be compiled; says why not."""
        if self.compile == "off":
            self._told["why"] = "compile=off"
            return False
        from vidkit.hooks.compiled_blocks import compiler_problem
        from vidkit.hooks.dense.choice import remembered

        key = self._told["compile_key"] = _compile_key(model, self._told["dense"])
        if self.compile == "blocks":
            return True
        why = compiler_problem(model.options.device)
        if model.options.offload in ("sequential", "group"):
            why = f"model.offload={model.options.offload} takes longer than what compiling saves"
        if why is None:
            known = remembered(key)
            takes = COMPILE_SECONDS if known is None else float(known["seconds"])
            saves = saved_seconds(model.spec, request, model.options.device) * clips
            if saves <= takes:
                which = "" if clips == 1 else f" of {clips} clips"
                why = f"the steps{which} would save {saves:.0f} s, and compiling takes about {takes:.0f} s"
        if why is not None:
            self._told["why"] = why
        return why is None


def decode_words(model: LoadedModel) -> str:
    """How latents become pictures: the VAE's class, its precision, tiles or not."""
    vae = model.pipe.vae
    dtype = str(model.options.vae_dtype).removeprefix("torch.")
    return f"{type(vae).__name__}, {dtype}" + (", in tiles" if model.options.vae_tiling else "")


def saved_seconds(spec: ModelSpec, request: Request, device: torch.device) -> float:
    """Estimate of what compiled blocks save over a clip, in seconds."""
    if request.by_chunks:  # passes without noise are not steps, and cost as much
        forwards = len(chunk_passes(spec, request))
    else:
        forwards = forward_count(spec, request) * spec.passes(request.guidance)
    values = pass_tokens(spec, request)[0] * spec.dim * spec.layers
    once = values * SAVED_BYTES / bandwidth(device) + spec.layers * SAVED_SECONDS_PER_LAYER
    return forwards * once


def bandwidth(device: torch.device) -> float:
    """Bytes per second of a GPU's memory by its data sheet; 1e12 where the driver does not say."""
    import torch

    found = torch.cuda.get_device_properties(device)
    clock, width = getattr(found, "memory_clock_rate", 0), getattr(found, "memory_bus_width", 0)
    return float(2 * clock * 1e3 * width / 8) or 1e12  # kHz, two transfers a clock, bits


def first_call_seconds(steps: Sequence[StepRecord]) -> float | None:
    """How much longer the first dense and the first sparse step took than the others of their kind.

    None: no kind has a second step to compare with.
    """
    kinds: dict[bool, list[float]] = {}
    for step in steps:
        kinds.setdefault(step.executor is not None, []).append(step.seconds)
    extra = [max(0.0, times[0] - statistics.median(times[1:])) for times in kinds.values() if len(times) > 1]
    return sum(extra) if extra else None


def speed_line(told: Mapping[str, Any]) -> str:
    """The kernels of a run in one line, for the summary."""
    ms = told.get("measured", {}).get("dense", {}).get("ms", {})
    name = told["dense"]
    figures = ", ".join(f"{other} {value:.1f}" for other, value in sorted(ms.items(), key=lambda x: x[1]))
    line = f"dense {name}" + (f" (ms per call: {figures})" if len(ms) > 1 else "")
    if told.get("sparse"):
        line += f", sparse {told['sparse']}"
    if told["cross_attention"] != name:
        line += f", cross-attention {told['cross_attention']}"
    if told["compile"] == "blocks":
        extra = told.get("first_steps_extra_seconds")
        return line + "; blocks compiled" + ("" if extra is None else f" ({extra:.1f} s in the first steps)")
    if told["compile"] == "off" and "why" not in told:
        return line
    return f"{line}; blocks not compiled: {told['why']}"


def _measured(case: Any, choice: Choice) -> dict[str, Any]:
    return {"shape": case.shape, **asdict(choice)}


def _compile_key(model: LoadedModel, kernel: str) -> str:
    from vidkit.hooks.install import find_transformers
    from vidkit.utils.device import device_name
    from vidkit.utils.versions import torch_build

    kinds = "+".join(sorted({type(part).__name__ for part in find_transformers(model.pipe).values()}))
    dtype = str(model.options.dtype).removeprefix("torch.")
    where = f"{device_name(model.options.device)} | torch {torch_build()[0]}"
    return f"compile | {where} | {dtype} | {kinds} | {kernel}"
