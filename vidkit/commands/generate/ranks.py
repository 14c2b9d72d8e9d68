"""A process among several that make one clip: the first one writes and prints, and all end together."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from vidkit.commands.generate.output import OutputPaths, held_paths
from vidkit.commands.generate.prompt_checks import check_prompt_given
from vidkit.config.schema import GenerateSettings
from vidkit.errors import VidkitError
from vidkit.generation.cost import CostEstimate
from vidkit.generation.parallel import check_parallel
from vidkit.generation.record import RunRecord
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.utils.device import expected_kind
from vidkit.utils.ranks import Ranks
from vidkit.utils.seeding import draw_seed

_FAILED = "vidkit/failed"
_LOOK_S = 0.5  # how often a process looks whether another one has failed
_GRACE_S = 20.0  # for an orderly end after that
_PATIENCE = timedelta(minutes=30)  # of one process for the others


def run_on_ranks(
    settings: GenerateSettings,
    ranks: Ranks,
    make_clip: Callable[[ResolvedRun, OutputPaths | None], RunRecord | None],
    dry_run: Callable[[ResolvedRun], CostEstimate],
) -> RunRecord | CostEstimate | None:
    """Make one clip together with the other processes.

    Args:
        settings: of the command.
        ranks: of this process.
        make_clip: loads, generates, and writes where it is given paths.
        dry_run: says what the clip costs.

    Returns:
        On the first process what `vidkit generate` returns; None on the others.
    """
    with _heard_from_first(ranks):
        if settings.dry_run:
            run = resolve(settings, draw=False)
            check_parallel(run.spec, run.request, run.settings, ranks.size)
            return dry_run(run)
        with Together(settings, ranks) as together:
            run = resolve(together.settings)
            check_parallel(run.spec, run.request, run.settings, ranks.size)
            check_prompt_given(run)
            if not ranks.is_first:
                make_clip(run, None)
                return None
            with held_paths(run.settings) as paths:
                return make_clip(run, paths)


class Together:
    """The group of processes, from its beginning to a common end.

    Args:
        settings: of the command.
        ranks: of this process.

    Attributes:
        settings: with this process's device, and the first one's seed.
    """

    def __init__(self, settings: GenerateSettings, ranks: Ranks) -> None:
        self.ranks = ranks
        cuda = expected_kind(settings.device) == "cuda"
        device = f"cuda:{ranks.local}" if cuda else "cpu"
        self.settings = dataclasses.replace(settings, device=device)
        self._store: Any = None
        self._done = threading.Event()

    def __enter__(self) -> Self:
        import torch
        import torch.distributed as dist

        backend = "gloo"
        if self.settings.device != "cpu":
            from vidkit.utils.device import resolve_device

            torch.cuda.set_device(resolve_device(self.settings.device))
            backend = "cpu:gloo,cuda:nccl"
        dist.init_process_group(backend, timeout=_PATIENCE)
        self._store = dist.distributed_c10d._get_default_store()
        seed = [draw_seed() if self.settings.seed is None else self.settings.seed]
        dist.broadcast_object_list(seed, src=0, device=torch.device("cpu"))
        self.settings = dataclasses.replace(self.settings, seed=seed[0])
        threading.Thread(target=self._watch, name="other ranks", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        first = error is not None and self._is_first_to_fail()
        self._done.set()
        if error is None:
            import torch.distributed as dist

            dist.destroy_process_group()
            return
        if isinstance(error, SystemExit) or (isinstance(error, KeyboardInterrupt) and self.ranks.is_first):
            return  # a signal, which every process gets
        if not first or isinstance(error, KeyboardInterrupt):
            raise SystemExit(error.exit_code if isinstance(error, VidkitError) else 1) from None
        if isinstance(error, VidkitError):
            error.message = f"{error.message} (process {self.ranks.rank} of {self.ranks.size})"
        sys.stderr = sys.__stderr__  # whoever fails first says so

    def _is_first_to_fail(self) -> bool:
        try:
            return bool(self._store.add(_FAILED, 1) == 1)
        except RuntimeError:  # who holds it is gone: that one has said why
            return False

    def _watch(self) -> None:
        """End this process when another one has failed: it may wait for that one's tensors for ever."""
        while not self._done.wait(_LOOK_S):
            try:
                failed = self._store.check([_FAILED])
            except RuntimeError:
                failed = True
            if failed and not self._done.wait(_GRACE_S):
                os._exit(1)


@contextlib.contextmanager
def _heard_from_first(ranks: Ranks) -> Iterator[None]:
    """Only the first process is heard."""
    if ranks.is_first:
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        kept, sys.stderr = sys.stderr, nowhere
        try:
            yield
        except VidkitError as error:
            if sys.stderr is nowhere:  # before there was a group: the first one says the same
                raise SystemExit(error.exit_code) from None
            raise
        finally:
            if sys.stderr is nowhere:
                sys.stderr = kept
