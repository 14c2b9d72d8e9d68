"""Sparse attention and a step cache on a loaded model, clip after clip: refused early, told in the record."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidkit.config.schema import Parallel
from vidkit.generation.cached import CachedRun, measured_share, prepare_cache
from vidkit.generation.cost import estimate_cost
from vidkit.generation.not_finite import NotFinite
from vidkit.generation.record import Listener, RunRecord
from vidkit.generation.resolve import ResolvedRun
from vidkit.generation.sparse import SparseRun, prepare

if TYPE_CHECKING:
    from vidkit.caching import CachePolicy
    from vidkit.generation.causal.run import Take
    from vidkit.generation.load import LoadedModel
    from vidkit.generation.run import Generation
    from vidkit.generation.speed import SpeedRun


@dataclass(frozen=True)
class Policies:
    """What acts inside the forwards of a run."""

    sparse: SparseRun
    cached: CachedRun

    @classmethod
    def of(cls, run: ResolvedRun) -> Policies:
        """The policies that a run asks for, before any weight is loaded.

        Raises:
            ConfigError: values that do not go together.
            DataError: a table that cannot be used.
        """
        attention = prepare(run.settings.attention, run.table_model, folder=run.folder)
        return cls(attention, prepare_cache(run.settings.cache, run.folder))

    def check(self, run: ResolvedRun) -> list[str]:
        """Refuse what attention or cache cannot do for a clip; say what the user should know.

        Raises:
            ConfigError: a table or a target that does not fit.
        """
        notes = self.sparse.check(run.spec, run.request)
        return notes + self.cached.check(run.spec, run.request)

    def generate(
        self,
        model: LoadedModel,
        run: ResolvedRun,
        speed: SpeedRun,
        listener: Listener,
        *,
        decode: bool = True,
        take: Take | None = None,
    ) -> Generation:
        """One clip with the policies on, off again at the end.

        Args:
            model: loaded.
            run: the clip.
            speed: kernels that are on the model, for the record.
            listener: hears of phases and steps.
            decode: False: the latents alone, which other processes need of this one.
            take: called with pictures as they are decoded; None: the result has them.

        Raises:
            NotFinite: the latents went bad; its `result` is the record of the steps so far.
        """
        from vidkit.generation.run import generate

        frame = run.frame
        with self.sparse.on(model.pipe) as reporters:
            self.cached.solve(run.request.steps, lambda policy: _share(model, run, policy, listener))
            with self.cached.on(model.pipe) as counting:
                acting = [*reporters, *counting]
                request = self.cached.request(run.request)
                given = (frame.image, listener, acting, frame.last, frame.video)
                more: dict[str, Any] = {"mask": frame.mask, "references": frame.references, "take": take}
                try:
                    with self._shared(model, run):
                        made = generate(model, request, *given, decode=decode, **more)
                except NotFinite as error:
                    assert isinstance(error.result, RunRecord)
                    error.result = dataclasses.replace(error.result, cache=self.cached.report())
                    raise
            kernels = speed.report(made.record.steps)
            cache = self.cached.report()
            if cache is not None:
                cache["vae_flops"] = estimate_cost(model.spec, request).vae_flops
            record = dataclasses.replace(
                made.record, attention=self.sparse.report(), cache=cache, kernels=kernels
            )
        return dataclasses.replace(made, record=record)

    def _shared(self, model: LoadedModel, run: ResolvedRun) -> AbstractContextManager[None]:
        """The clip's tokens shared by the processes that make it together, if there are several."""
        if run.settings.parallel is Parallel.none:
            return nullcontext()
        from vidkit.generation.parallel import check_policy, on_ranks

        handle = self.cached.handle
        check_policy(None if handle is None else handle.policy, run.settings)
        return on_ranks(model, run.settings.parallel, self.sparse.handle, handle)


def _share(model: LoadedModel, run: ResolvedRun, policy: CachePolicy, listener: Listener) -> float:
    """Share of the FLOPs that a policy executes on this clip."""
    from vidkit.generation.run import make_latents

    return measured_share(model, policy, lambda: make_latents(model, run.request, run.frame.image, listener))
