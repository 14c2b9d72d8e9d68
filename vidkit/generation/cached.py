"""A cache policy as a command puts it on a pipeline: refused early, enabled late, told in the record.

Without a policy nothing is touched and nothing imported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.config.cache_schema import CacheSettings
from vidkit.errors import ConfigError
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.validate import check_request
from vidkit.models.layouts.base import Clip
from vidkit.models.magi.cost import MagiShape
from vidkit.models.transformer_cost import TransformerShape

if TYPE_CHECKING:
    from vidkit.caching import CacheHandle, CachePolicy
    from vidkit.generation.load import LoadedModel
    from vidkit.generation.record import StepReporter


@dataclass
class CachedRun:
    """The policy of one run; `policy` is None without a cache.

    Attributes:
        settings: as given.
        policy: with its knob set, once `target_flops` is solved.
        found: what `target_flops` came to, for the record.
    """

    settings: CacheSettings
    policy: CachePolicy | None = None
    found: dict[str, Any] = field(default_factory=dict)
    _handle: CacheHandle | None = field(default=None, repr=False)

    def request(self, request: Request) -> Request:
        """The request as the loop runs it: a policy may run fewer steps."""
        if self.policy is None:
            return request
        return dataclasses.replace(request, steps=self.policy.loop_steps(request.steps))

    def check(self, spec: ModelSpec, request: Request) -> list[str]:
        """Refuse what a policy cannot do; say what the user should know.

        Args:
            spec: of the model.
            request: as asked for.

        Raises:
            ConfigError: steps that the model does not take, a target below the policy's floor, or a schedule
                that the policy does not know.
        """
        if self.policy is None:
            return []
        if self.policy.changes_steps:
            check_request(spec, self.request(request))
        if spec.is_magi and not request.magi.kv_cache:
            raise ConfigError(
                f"cache={self.policy.name} needs kept keys and values, and magi.kv_cache is false",
                "leave magi.kv_cache out",
            )
        if spec.layout is not None and self.policy.partial:
            raise ConfigError(
                f"cache={self.policy.name} computes single tokens, which '{spec.name}' cannot: text, sound or"
                " control beside them need all",
                "choose one that computes whole steps, such as cache=change without share and threshold",
            )
        if self.settings.target_flops is None:
            return []
        from vidkit.caching.targeting import knob_of, planned_share

        knob = knob_of(self.policy)
        if knob is None:
            raise ConfigError(f"cache={self.policy.name} has nothing to set for cache.target_flops")
        if knob in self.settings.settings:
            raise ConfigError(
                f"cache.{knob} and cache.target_flops were given, and the second sets the first",
                "keep one of them",
            )
        if planned_share(self.policy, request.steps) is None:
            return [f"cache.target_flops: the clip is denoised several times to find cache.{knob}"]
        self._solve(request.steps, lambda policy: 1.0, ends_share(spec, request))
        return []

    def solve(self, steps: int, measure: Callable[[CachePolicy], float]) -> None:
        """Find the knob of a policy that depends on the content, if a target was given and is not met yet."""
        if self.policy is not None and self.settings.target_flops is not None and not self.found:
            self._solve(steps, measure, 0.0)

    def _solve(self, steps: int, measure: Callable[[CachePolicy], float], ends: float) -> None:
        from vidkit.caching import policy
        from vidkit.caching.targeting import for_target

        assert self.settings.target_flops is not None

        def make(**given: Any) -> CachePolicy:
            return policy(self.settings.name, **given)

        target, given = self.settings.target_flops, dict(self.settings.settings)
        made = for_target(make, given, target, steps, measure, ends)
        self.policy = made.policy
        self.found = {
            "target_flops": self.settings.target_flops,
            "knob": made.knob,
            "value": made.value,
            "runs": made.runs,
        }

    @contextmanager
    def on(self, pipe: Any) -> Iterator[Sequence[StepReporter]]:
        """Enable for the length of a block; gives what reports into the steps' records."""
        if self.policy is None or self.policy.changes_steps:
            yield ()
            return
        from vidkit.caching import enable

        with enable(pipe, self.policy) as self._handle:
            yield (self._handle,)

    @property
    def handle(self) -> CacheHandle | None:
        """Of the last run; None: nothing was enabled."""
        return self._handle

    def report(self) -> dict[str, Any] | None:
        """Policy, FLOPs, decisions, bytes of state; None without a cache."""
        if self.policy is None:
            return None
        told = {"policy": self.policy.describe()} if self._handle is None else self._handle.report()
        return {**told, **({"target": self.found} if self.found else {})}


def prepare_cache(settings: CacheSettings, folder: Path | None = None) -> CachedRun:
    """Make the policy, before any weight is loaded.

    Args:
        settings: as given.
        folder: of the model; the embedded one has a table of magnitudes that ships.

    Raises:
        ConfigError: unknown settings, values out of range, a table that is missing.
        DataError: a table that cannot be used.
    """
    if settings.name == "none":
        if settings.target_flops is not None:
            raise ConfigError(
                "cache=none has nothing to set for cache.target_flops",
                "choose a policy, such as cache=change",
            )
        return CachedRun(settings)
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.caching import policy

        if settings.name == "magcache" and settings.settings.get("table") is None:
            settings = _with_shipped_table(settings, folder)
        return CachedRun(settings, policy(settings.name, **settings.settings))


def _with_shipped_table(settings: CacheSettings, folder: Path | None) -> CacheSettings:
    from vidkit.caching.magnitudes import Magnitudes
    from vidkit.caching.velocity_table import SHIPPED
    from vidkit.utils.fingerprint import weights_fingerprint

    own = None if folder is None else weights_fingerprint(folder / "transformer")
    if own is None or Magnitudes.load(SHIPPED).weights != own:
        return settings
    return dataclasses.replace(settings, settings={**settings.settings, "table": str(SHIPPED)})


def measured_share(model: LoadedModel, policy: CachePolicy, loop: Callable[[], object]) -> float:
    """Share of the FLOPs that a policy executes when the loop is run."""
    from vidkit.caching import enable

    with enable(model.pipe, policy) as handle:
        loop()
        share = handle.ledger.summary()["flops_share"]
    return 1.0 if share is None else float(share)


def ends_share(spec: ModelSpec, request: Request) -> float:
    """Share of a forward's FLOPs outside the layers."""
    tokens = spec.tokens(request.frames, request.height, request.width)
    if spec.layout is not None:
        clip = Clip(tokens, request.max_sequence_length, request.frames / request.fps)
        whole = spec.layout.forward_flops(spec.transformer, clip).total
        return spec.layout.ends_flops(spec.transformer, clip) / whole
    shape = MagiShape.of(spec.transformer) if spec.is_magi else TransformerShape.of(spec.transformer)
    whole = shape.pass_flops(tokens, tokens, request.max_sequence_length).total
    ends = dataclasses.replace(shape, layers=0)
    return ends.pass_flops(tokens, tokens, request.max_sequence_length).total / whole
