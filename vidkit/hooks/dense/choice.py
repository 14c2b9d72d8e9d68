"""Which dense kernel is quickest on this device for this shape: measured once, then remembered.

The measurements are in `~/.cache/vidkit/attention/kernels.json`, by device, versions, dtype and shape.
"""

from __future__ import annotations

import json
import logging
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidkit.errors import VidkitError
from vidkit.hooks.dense.kernels import KERNELS, DenseKernel, problem
from vidkit.utils.caches import own_folder
from vidkit.utils.device import device_name
from vidkit.utils.files import write_text_atomic
from vidkit.utils.strict_json import load_json
from vidkit.utils.timing import synchronize
from vidkit.utils.versions import versions

log = logging.getLogger(__name__)

FILE = "kernels.json"
MOST_CASES = 500  # the oldest are forgotten
MOST_ERROR = 0.02  # of the norm, beside torch's own attention: bf16 rounds to .004
_TURNS = 3


@dataclass(frozen=True)
class Case:
    """What is attended: sizes, dtype and device."""

    device: torch.device
    dtype: torch.dtype
    batch: int
    heads: int
    queries: int
    keys: int
    head_dim: int

    @property
    def shape(self) -> str:
        """As the record names it."""
        keys = "" if self.keys == self.queries else f" x {self.keys:,} keys"
        return f"{self.batch} x {self.heads} heads x {self.queries:,} tokens{keys} x {self.head_dim}"

    def key(self, kernels: Sequence[DenseKernel]) -> str:
        """Under which the measurement is remembered: another device or version is another case."""
        packages = ["torch", *sorted({kernel.package for kernel in kernels if kernel.package})]
        found = versions(packages)
        parts = [device_name(self.device), *(f"{name} {found[name]}" for name in packages)]
        names = "+".join(sorted(kernel.name for kernel in kernels))
        return " | ".join([*parts, str(self.dtype).removeprefix("torch."), self.shape, names])


@dataclass(frozen=True)
class Choice:
    """The kernel of a case.

    Attributes:
        name: of the kernel.
        ms: milliseconds of a call of every kernel that was measured; empty: there was only one.
        passed_over: why each of the others was not measured, or not believed.
        is_remembered: whether the figures are from an earlier run.
    """

    name: str
    ms: Mapping[str, float] = field(default_factory=dict)
    passed_over: Mapping[str, str] = field(default_factory=dict)
    is_remembered: bool = False


def choose(case: Case, names: Sequence[str] | None = None) -> Choice:
    """The quickest exact kernel for a case.

    Args:
        case: what is attended.
        names: kernels to choose from; None: all that are exact. `native` always takes part.
    """
    offered = [KERNELS[name] for name in names] if names else [k for k in KERNELS.values() if k.is_exact]
    passed = {k.name: problem(k, case.device, case.dtype, case.head_dim) for k in offered}
    able = [kernel for kernel in offered if passed[kernel.name] is None]
    reasons = {name: why for name, why in passed.items() if why is not None}
    if [kernel.name for kernel in able] in ([], ["native"]):
        return Choice("native", {}, reasons)
    key = case.key(able)
    known = _remembered().get(key)
    if known is not None:
        return Choice(known["name"], known["ms"], {**reasons, **known["passed_over"]}, is_remembered=True)
    try:
        ms, wrong = measure(case, able)
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        log.warning("no memory to measure attention kernels for %s: torch chooses", case.shape)
        return Choice("native", {}, {**reasons, "all": "no memory to measure"})
    made = Choice(min(ms, key=lambda name: ms[name], default="native"), ms, {**reasons, **wrong})
    remember(key, {"name": made.name, "ms": dict(ms), "passed_over": wrong})
    return made


def measure(case: Case, kernels: Sequence[DenseKernel]) -> tuple[dict[str, float], dict[str, str]]:
    """Milliseconds of a call on random Q, K, V, in turns; and kernels that failed or gave another result."""
    generator = torch.Generator(case.device).manual_seed(0)

    def made(tokens: int) -> Tensor:
        size = (case.batch, tokens, case.heads, case.head_dim)
        return torch.randn(size, generator=generator, device=case.device, dtype=case.dtype)

    q, k, v = made(case.queries), made(case.keys), made(case.keys)
    wanted = KERNELS["native"].attend(q[:, :256], k, v)
    calls: dict[str, Callable[[], Tensor]] = {}
    wrong: dict[str, str] = {}
    for kernel in kernels:
        try:
            found = kernel.attend(q, k, v)[:, :256]
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # one library's failure must not stop a run that another can serve
            wrong[kernel.name] = f"it failed: {type(error).__name__}: {error!s:.120}"
            continue
        off = float((found.float() - wanted.float()).norm() / wanted.float().norm())
        if not off <= MOST_ERROR:
            wrong[kernel.name] = f"its result is {off:.3g} away from torch's attention"
            continue
        calls[kernel.name] = lambda attend=kernel.attend: attend(q, k, v)  # type: ignore[misc]
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(_TURNS):
        for name, call in calls.items():
            seconds[name].append(_once(call, case.device))
    return {name: 1e3 * statistics.median(times) for name, times in seconds.items()}, wrong


def _once(call: Callable[[], Tensor], device: torch.device) -> float:
    synchronize(device)
    start = time.perf_counter()
    call()
    synchronize(device)
    return time.perf_counter() - start


def remembered(key: str) -> dict[str, Any] | None:
    """What an earlier run measured under a key, or None."""
    return _remembered().get(key)


def remember(key: str, entry: Mapping[str, Any]) -> None:
    """Keep a measurement for later runs; a cache that cannot be written costs them the measurement."""
    try:
        cases = _remembered()  # read again: other runs may have written meanwhile
        cases[key] = {**entry, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        newest = dict(sorted(cases.items(), key=lambda item: str(item[1].get("at")))[-MOST_CASES:])
        write_text_atomic(_file(), json.dumps({"version": 1, "cases": newest}, indent=1) + "\n")
    except (VidkitError, OSError) as error:
        log.warning("measured attention kernels are not remembered: %s", error)


def _file() -> Path:
    return own_folder("attention") / FILE


def _remembered() -> dict[str, dict[str, Any]]:
    """Every measurement; a damaged file counts as none and is written anew."""
    try:
        cases = load_json(_file().read_text(encoding="utf-8"), FILE)["cases"]
        return {str(key): dict(entry) for key, entry in cases.items()}
    except (VidkitError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
