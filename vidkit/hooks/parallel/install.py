"""Tokens of a transformer split over ranks: diffusers' hooks split and gather, our processors attend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from diffusers import ContextParallelConfig
from diffusers.hooks.context_parallel import apply_context_parallel, remove_context_parallel
from diffusers.models._modeling_parallel import ContextParallelInput, ContextParallelOutput
from torch.distributed.device_mesh import init_device_mesh

from vidkit.errors import ConfigError
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.parallel.exchange import RankGroup
from vidkit.hooks.parallel.processor import RankAttnProcessor

# by class, the dimension of a modulation that differs by token; others have one for all
_TOKENS_OF_MODULATION = {"WanTransformer3DModel": 1, "SkyReelsV2Transformer3DModel": 2}


def split_plan(model: Any, modulation_by_token: bool) -> dict[str, Any]:
    """What diffusers splits before the blocks, and gathers after the last one.

    Everything outside the blocks, and every follower that sits there, sees whole clips on all ranks: so ranks
    decide alike.

    Args:
        model: transformer.
        modulation_by_token: every block is given a modulation for each token.

    Raises:
        ConfigError: a class that is not known.
    """
    name = type(model).__name__
    if name not in _TOKENS_OF_MODULATION:
        raise ConfigError(
            f"parallel does not run on {name}",
            f"it knows {', '.join(_TOKENS_OF_MODULATION)}; set parallel=none",
        )
    table = ContextParallelInput(split_dim=1, expected_dims=4, split_output=True)
    plan: dict[str, Any] = {
        "rope": {0: table, 1: table},
        "blocks.0": {"hidden_states": ContextParallelInput(split_dim=1, expected_dims=3)},
        f"blocks.{len(model.blocks) - 1}": ContextParallelOutput(gather_dim=1, expected_dims=3),
    }
    if modulation_by_token:
        split = ContextParallelInput(split_dim=_TOKENS_OF_MODULATION[name], expected_dims=4)
        plan["blocks.*"] = {"temb": split}
    return plan


@contextmanager
def split_over_ranks(
    transformers: Mapping[str, Any],
    families: Mapping[str, ModelFamily],
    exchanges_heads: bool,
    modulation_by_token: bool,
    device: torch.device,
) -> Iterator[RankGroup]:
    """Split the tokens of transformers over all ranks for as long as the block lasts.

    Args:
        transformers: by attribute name; what else acts on their self-attention is on already.
        families: of each.
        exchanges_heads: Ulysses; else ring.
        modulation_by_token: see `split_plan`.
        device: of this rank.
    """
    ranks = RankGroup()
    config = _config(ranks, exchanges_heads, device)
    with ExitStack() as stack:
        for name, model in transformers.items():
            plan = split_plan(model, modulation_by_token)
            apply_context_parallel(model, config, plan)
            stack.callback(remove_context_parallel, model, plan)
            for layer in families[name].layers(model):
                processor = RankAttnProcessor(
                    layer.attention.processor, families[name], ranks, exchanges_heads
                )
                layer.attention.set_processor(processor)
                stack.callback(_restore, layer.attention, processor)
        yield ranks


def _restore(attention: Any, processor: RankAttnProcessor) -> None:
    if attention.processor is processor:
        attention.set_processor(processor.original)


def _config(ranks: RankGroup, exchanges_heads: bool, device: torch.device) -> ContextParallelConfig:
    """Diffusers' own description of the ranks."""
    degrees = {"ulysses_degree": ranks.size} if exchanges_heads else {"ring_degree": ranks.size}
    config = ContextParallelConfig(**degrees)
    mesh = init_device_mesh(device.type, mesh_shape=config.mesh_shape, mesh_dim_names=config.mesh_dim_names)
    config.setup(ranks.rank, ranks.size, device, mesh)
    return config
