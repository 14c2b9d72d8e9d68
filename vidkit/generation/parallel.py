"""One clip on several processes of a host: what they can share, and how they are put together."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidkit.config.schema import GenerateSettings, Offload, Parallel
from vidkit.errors import ConfigError
from vidkit.generation.plan import windows
from vidkit.generation.sparse import is_dense
from vidkit.generation.spec import ModelSpec, Request
from vidkit.utils.ranks import Ranks

if TYPE_CHECKING:
    from vidkit.attention import AttentionHandle
    from vidkit.caching import CacheHandle
    from vidkit.generation.load import LoadedModel


def check_started(settings: GenerateSettings, ranks: Ranks) -> None:
    """Refuse several processes that would each make the same clip, and one that waits for others.

    Raises:
        ConfigError: what was started and what was asked for do not go together.
    """
    wanted = settings.parallel is not Parallel.none
    if ranks.size > 1 and not wanted:
        raise ConfigError(
            f"{ranks.size} processes were started, and parallel=none: each would make the same clip",
            "set parallel=ulysses or parallel=ring, or start vidkit without torchrun",
        )
    if wanted and ranks.size < 2:
        raise ConfigError(
            f"parallel={settings.parallel.value} needs several processes, and this is one",
            "start it with: torchrun --nproc-per-node 2 -m vidkit generate ...",
        )
    if wanted and (settings.prompts is not None or settings.num_videos > 1):
        what = "--prompts" if settings.prompts is not None else f"num_videos={settings.num_videos}"
        raise ConfigError(
            f"{what} does not go with parallel={settings.parallel.value}: it makes one clip",
            "start a process for each GPU instead, each with clips of its own",
        )
    if wanted and ":" in settings.device:
        raise ConfigError(
            f"device={settings.device} does not go with parallel={settings.parallel.value}: each process has"
            " a GPU of its own",
            "set device=auto; CUDA_VISIBLE_DEVICES chooses GPUs",
        )


def check_parallel(spec: ModelSpec, request: Request, settings: GenerateSettings, size: int) -> None:
    """Refuse clips that so many processes cannot share.

    Raises:
        ConfigError: heads or tokens that are not divided evenly, and what acts on single tokens or chunks.
    """
    name = f"parallel={settings.parallel.value}"
    why = None
    if spec.is_magi:
        why = f"'{spec.name}' is made chunk by chunk"
    elif request.by_chunks or request.by_blocks:
        why = "blocks of the clip pass the layers one by one"
    elif settings.model.offload is not Offload.none:
        why = f"model.offload={settings.model.offload.value} moves layers on its own"
    elif settings.parallel is Parallel.ring and not is_dense(settings.attention):
        why = "sparse attention needs whole heads"
    if why is not None:
        raise ConfigError(f"{name} does not go with this run: {why}", _instead(settings))
    if settings.parallel is Parallel.ulysses and spec.heads % size:
        fits = [n for n in range(2, spec.heads + 1) if spec.heads % n == 0]
        raise ConfigError(
            f"{size} processes do not divide the {spec.heads} heads of '{spec.name}'",
            f"start {' or '.join(map(str, fits))} processes, or set parallel=ring",
        )
    for window in windows(spec, request):
        tokens = spec.tokens(spec.pixel_frames(window.frames), request.height, request.width)
        if tokens % size:
            raise ConfigError(
                f"{size} processes do not divide the {tokens:,} tokens of the clip",
                "start another number of processes, or change height, width or frames",
            )


def check_policy(policy: Any, settings: GenerateSettings) -> None:
    """Refuse cache policies that compute single tokens.

    Raises:
        ConfigError: it does.
    """
    if policy is not None and policy.partial:
        raise ConfigError(
            f"cache={policy.name} does not go with parallel={settings.parallel.value}: it computes single"
            " tokens, which the processes have shared out",
            "use a cache that skips whole steps, such as cache=first_block or cache=interval",
        )


@contextmanager
def on_ranks(
    model: LoadedModel,
    how: Parallel,
    attention: AttentionHandle | None = None,
    cache: CacheHandle | None = None,
) -> Iterator[None]:
    """Share a model's clips between all processes for as long as the block lasts.

    Args:
        model: loaded on every process, with kernels, sparse attention and cache on it.
        how: ulysses or ring.
        attention: sparse attention, whose heads are shared.
        cache: its decisions are the first process's.
    """
    from vidkit.hooks.install import families_of, find_transformers
    from vidkit.hooks.parallel.install import split_over_ranks

    transformers = find_transformers(model.pipe)
    by_token = model.spec.family == "skyreels_df" or model.spec.expand_timesteps
    # diffusers calls a collective by its older name
    warnings.filterwarnings("ignore", message=".*all_gather_tensor", category=FutureWarning)
    with split_over_ranks(
        transformers, families_of(transformers), how is Parallel.ulysses, by_token, model.options.device
    ) as ranks:
        if attention is not None:
            attention.share_heads(ranks)
        if cache is not None:
            cache.share_tokens(ranks)
        yield


def _instead(settings: GenerateSettings) -> str:
    if settings.parallel is Parallel.ring and not is_dense(settings.attention):
        return "set parallel=ulysses, or attention=dense"
    return "set parallel=none and start one process"
